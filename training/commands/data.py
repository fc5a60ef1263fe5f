"""`data`: check, describe, bring in, give out and audit labelled stories."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from training.commands.data_audit import audit_stories
from training.commands.data_import import export_file, import_file
from training.commands.options import STORIES, StoriesOption
from training.sheet import render_sheet
from training.stories import find_faults, read_stories

data = typer.Typer(help="Check, describe, import, export and audit labelled stories.", no_args_is_help=True)
data.command("import")(import_file)
data.command("export")(export_file)
data.command("audit")(audit_stories)


@data.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default data/stories.")
    ] = None,
) -> None:
    """Check every labelled story; faults are said as file:line, with what to do.

    Example: complaint-context data check data/stories/T01.jsonl
    """
    stories, faults = find_faults(*(paths or [STORIES]))
    for fault in faults:
        print(fault)
    print(f"{len(stories)} sound stories, {len(faults)} faults", file=sys.stderr)
    if faults:
        raise typer.Exit(1)


@data.command()
def sheet(stories: StoriesOption = STORIES) -> None:
    """Print the counts of the data sheet: by file, label, nation, phenomenon, length, split.

    Example: complaint-context data sheet > counts.md
    """
    print(render_sheet(read_stories(stories)))
