"""`suggest`: which unlabelled stories to label next."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from training.commands.options import STORIES, ModelOption, StoriesOption
from training.progress import on_stderr
from training.stories import read_stories

if TYPE_CHECKING:
    from training.suggest.files import Suggested

_SHOWN = 5
"""Rows that are no stories, said one by one; more are only counted."""


def suggest(
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="JSONL, CSV or Parquet with id, title, text.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="File to write.")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many stories to pick.")],
    form: Annotated[
        str, typer.Option("--format", help="jsonl, or label-studio (tasks with predictions).")
    ] = "jsonl",
    stories: StoriesOption = STORIES,
    model: ModelOption = RELEASED,
    seed: Annotated[int, typer.Option(help="Another seed, other random picks.")] = 1,
) -> None:
    """Pick the stories that teach the model most, to be labelled next; each says why it was picked.

    Most are those it is least sure of, some those where it and the list of wordings disagree, one in ten is
    drawn at random. None is nearly the same as another or as a labelled story (--stories). What the model
    says goes with them as suggested_labels, scores and model, apart from human labels; Label Studio, set
    up with data/label_studio.xml, shows it as a prediction, and `data import` reads what comes back.

    Example: complaint-context suggest backlog.jsonl tasks.json --count 200 --format label-studio
    """
    from training.suggest.files import Form, suggest_file  # scikit-learn is slow to import

    if form not in tuple(Form):
        raise typer.BadParameter(f"--format is {' or '.join(Form)}")
    suggested = suggest_file(
        source,
        output,
        classifier=ComplaintClassifier.load(model, gate=False),
        labelled=[labelled.story for labelled in read_stories(stories)],
        count=count,
        seed=seed,
        form=Form(form),
        track=on_stderr,
    )
    _say(suggested, output)
    if not suggested.stories:
        raise typer.Exit(1)


def _say(suggested: "Suggested", output: Path) -> None:
    for row in suggested.rejected[:_SHOWN]:
        print(f"{row.place}: {row.fault}", file=sys.stderr)
    kinds = ", ".join(f"{number} {why}" for why, number in suggested.picked.items())
    said = [
        f"{suggested.stories} stories ({kinds})" if suggested.stories else "nothing written, no story to pick"
    ]
    if suggested.labelled_before:
        said.append(f"{suggested.labelled_before} passed over, labelled already")
    if suggested.rejected:
        said.append(f"{len(suggested.rejected)} rows that are no stories")
    print(f"{output}: {', '.join(said)}", file=sys.stderr)
