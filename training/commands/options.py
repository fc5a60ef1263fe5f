"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from classifier.bundle import RELEASED

STORIES = RELEASED.parents[1] / "data" / "stories"
"""The labelled stories of this checkout."""

StoriesOption = Annotated[Path, typer.Option("--stories", help="A folder or file of labelled stories.")]
ModelOption = Annotated[Path, typer.Option("--model", help="Folder of a model bundle.")]
CommentsOption = Annotated[
    Path | None,
    typer.Option("--comments", help="Also measure on this labelled file from outside the project."),
]
