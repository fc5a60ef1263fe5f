"""`data import` and `data export`: labelled stories in and out of other people's files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from training.interchange.files import Imported, export_stories, import_stories
from training.stories import read_stories


def import_file(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSONL or Label Studio JSON.")],
    output: Annotated[Path, typer.Argument(metavar="OUT.jsonl", help="Labelled stories, written anew.")],
) -> None:
    """Bring labelled stories into the project's record format (data/LABELLING.md, Record).

    CSV: columns id, title, text, labels, evidence, nation, borderline, phenomena; labels, evidence and
    phenomena hold JSON lists, such as ["ongoing", "completed"], borderline true or false. Labels joined in
    one cell are refused. Label Studio: "Export as JSON" of a project set up with data/label_studio.xml; a
    task that several annotators labelled is kept only where they agree on labels and nation.

    Faults are said as file:row (the line, or in JSON the task), with what to do; the sound rows are written
    all the same, and the exit code is 1.

    Example: complaint-context data import export.json data/stories/N01.jsonl
    """
    imported = import_stories(source, output)
    for fault in imported.faults:
        print(fault)
    for one in imported.disagreements:
        print(
            f'{one.place}: annotators of "{one.id}" disagree: {" / ".join(one.said)}. '
            "Settle it in Label Studio, and export again."
        )
    print(_summary(imported, output), file=sys.stderr)
    if imported.faults or not imported.stories:
        raise typer.Exit(1)


def export_file(
    stories: Annotated[Path, typer.Argument(metavar="STORIES", help="File or folder of labelled stories.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUT", help="A .csv, .jsonl or .json (Label Studio) file to write.")
    ],
) -> None:
    """Write labelled stories for other tools; `data import` reads them back with nothing lost.

    In CSV, labels, evidence and phenomena are JSON lists. Label Studio gets a task a story, with one
    annotation; set its project up with data/label_studio.xml.

    Example: complaint-context data export data/stories/T01.jsonl tasks.json
    """
    found = read_stories(stories)
    export_stories(found, output, source=stories)
    print(f"{output}: {len(found)} stories", file=sys.stderr)


def _summary(imported: Imported, output: Path) -> str:
    """Counts; what only Label Studio knows is said only where it happened."""
    said = [
        f"{imported.stories} stories" if imported.stories else "nothing written, no sound story",
        f"{len(imported.faults)} faults",
    ]
    if imported.disagreements:
        said.append(f"{len(imported.disagreements)} left out because annotators disagree")
    if imported.cancelled:
        said.append(f"{imported.cancelled} skipped annotations passed over")
    if imported.unlabelled:
        said.append(f"{imported.unlabelled} tasks not labelled yet")
    return f"{output}: {', '.join(said)}"
