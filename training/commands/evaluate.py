"""`evaluate`: how good a bundle is, and where it goes wrong."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from classifier.options import GateOption
from training.columns import in_a_column, measure_columns
from training.commands.options import STORIES, CommentsOption, ModelOption, StoriesOption
from training.comments import CommentFigures, measure_comments, read_comments
from training.error_page import render_errors
from training.errors import find_errors
from training.evaluate import Judged, judge, measure, settled, unsettled
from training.nations import measure_nations
from training.splits import Splits, split
from training.stories import read_stories
from training.tables import columns_table, labels_table, nations_table, summary_table

_TEST_WARNING = (
    "Warning: these are errors on the frozen test stories. They are for reporting, never for ideas: whoever "
    "changes labels, stories, rules or settings after reading them has no test set left."
)


def evaluate(
    model: ModelOption = RELEASED,
    stories: StoriesOption = STORIES,
    part: Annotated[
        str | None, typer.Option("--split", help="test, dev or train; by default test, for --errors dev.")
    ] = None,
    comments: CommentsOption = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Where it goes wrong: slices, the worst, the missed stories.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Most missed stories to list with --errors.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    gate: GateOption = True,
) -> None:
    """Measure a bundle on the frozen test stories, beside ordinary and plain ones; borderline ones apart.

    Example: complaint-context evaluate --split test --comments comments.jsonl

    Example: complaint-context evaluate --errors --limit 50
    """
    part = part or ("dev" if errors else "test")
    if part not in ("test", "dev", "train"):
        raise typer.BadParameter("--split is test, dev or train")
    if errors and comments:
        raise typer.BadParameter("--errors looks at our own stories: leave --comments out")
    classifier = ComplaintClassifier.load(model, gate=gate)
    splits = split(read_stories(stories))
    if errors:
        _errors(classifier, splits, part, limit=limit, as_json=as_json)
    else:
        _figures(classifier, splits, part, comments=comments, as_json=as_json)


def _errors(classifier: ComplaintClassifier, splits: Splits, part: str, *, limit: int, as_json: bool) -> None:
    if part == "test":
        print(_TEST_WARNING, file=sys.stderr)
    found = find_errors(judge(settled(getattr(splits, part)), classifier=classifier))
    if as_json:
        plain = found.to_dict()
        hidden = {"not_shown": max(len(found.missed) - limit, 0), "missed": plain["missed"][:limit]}
        print(json.dumps({"model": classifier.bundle.name, "split": part, **plain, **hidden}))
        return
    lines = [f"# Errors of {classifier.bundle.name} on {part}, {found.whole.stories} settled stories"]
    lines += [f"**{_TEST_WARNING}**"] if part == "test" else []
    _show([*lines, render_errors(found, limit=limit)])


def _figures(
    classifier: ComplaintClassifier, splits: Splits, part: str, *, comments: Path | None, as_json: bool
) -> None:
    chosen = judge(settled(getattr(splits, part)), classifier=classifier)
    outside = measure_comments(read_comments(comments), classifier=classifier) if comments else None
    columns = measure_columns(
        chosen, name=part, dev=_dev_of_columns(chosen, classifier, splits, part), comments=outside
    )
    found: dict[str, Any] = {
        "settled": measure(chosen).to_dict(),
        "borderline": measure(judge(unsettled(getattr(splits, part)), classifier=classifier)).to_dict(),
        "columns": {name: column.to_dict() for name, column in columns.items()},
        "nations": {name: asdict(rate) for name, rate in measure_nations(splits).items()},
    }
    if as_json:
        print(json.dumps(found | ({"comments": outside.to_dict()} if outside else {})))
        return
    _show([f"# {classifier.bundle.name} on {part}, {len(chosen)} settled stories", *_page(found, outside)])


def _dev_of_columns(
    chosen: list[Judged], classifier: ComplaintClassifier, splits: Splits, part: str
) -> list[Judged]:
    """The dev stories that the columns need, judged; not read twice where dev itself was chosen."""
    if part == "dev":
        return chosen
    return judge([s for s in settled(splits.dev) if in_a_column(s)], classifier=classifier)


def _page(found: dict[str, Any], outside: CommentFigures | None) -> list[str]:
    return [
        summary_table(found["settled"]),
        labels_table(found["settled"]),
        "## Beside ordinary and plain stories",
        columns_table(found["columns"]),
        "## Nation",
        nations_table(found["nations"]),
        f"## Borderline stories ({found['borderline']['stories']})",
        summary_table(found["borderline"]),
        *([_comments_page(outside)] if outside else []),
    ]


def _show(lines: list[str]) -> None:
    Console().print(Markdown("\n\n".join(lines)))


def _comments_page(figures: CommentFigures) -> str:
    return (
        f"## Outside comments ({figures.comments})\n\n"
        f"- false pauses: {len(figures.false_pauses)} of {figures.unlabelled} without a label "
        f"({figures.false_pauses_per_1000:.2f} per 1,000): {', '.join(figures.false_pauses) or 'none'}\n"
        f"- sent to review without a label: {figures.reviews}\n"
        f"- found (label or review): {len(figures.found)} of {figures.labelled}: {', '.join(figures.found)}\n"
        f"- missed: {', '.join(figures.missed) or 'none'}"
    )
