"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from classifier.bundle import RELEASED

STORIES = RELEASED.parents[1] / "data" / "stories"
"""The labelled stories of this checkout."""

CASES = RELEASED.parents[1] / "tests" / "behavioural" / "cases.jsonl"
"""The behavioural cases of this checkout."""

TRACKING_URI = "sqlite:///mlflow.db"
"""MLflow's store and registry: a file in the folder that a command is run in."""

StoriesOption = Annotated[Path, typer.Option("--stories", help="A folder or file of labelled stories.")]
ModelOption = Annotated[Path, typer.Option("--model", help="Folder of a model bundle.")]
CommentsOption = Annotated[
    Path | None,
    typer.Option("--comments", help="Also measure on this labelled file from outside the project."),
]
BehaviourOption = Annotated[
    Path | None, typer.Option("--behaviour", help="Also measure on these behavioural cases (JSONL).")
]
IntoOption = Annotated[
    Path | None, typer.Option("--into", help="Also put the champion's files into this folder, all at once.")
]
TrackingOption = Annotated[str, typer.Option("--tracking-uri", help="MLflow store or server.")]
