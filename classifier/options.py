"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[Path, typer.Option("--model", help="Folder of a model bundle.")]
PolicyOption = Annotated[Path | None, typer.Option("--policy", help="Another site's policy file (TOML).")]
GateOption = Annotated[
    bool, typer.Option("--gate/--no-gate", help="Let the gate say what the encoder need not read.")
]
