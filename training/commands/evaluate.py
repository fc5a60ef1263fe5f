"""`evaluate`: how good a bundle is."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from training.commands.options import STORIES, CommentsOption, ModelOption, StoriesOption
from training.comments import CommentFigures, measure_comments, read_comments
from training.evaluate import judge, measure, settled, unsettled
from training.splits import split
from training.stories import read_stories
from training.tables import labels_table, summary_table


def evaluate(
    model: ModelOption = RELEASED,
    stories: StoriesOption = STORIES,
    part: Annotated[str, typer.Option("--split", help="test, dev or train.")] = "test",
    comments: CommentsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure a bundle on the frozen test stories; borderline ones apart.

    Example: complaint-context evaluate --split test --comments comments.jsonl
    """
    if part not in ("test", "dev", "train"):
        raise typer.BadParameter("--split is test, dev or train")
    classifier = ComplaintClassifier.load(model)
    chosen = getattr(split(read_stories(stories)), part)
    found = {
        "settled": measure(judge(settled(chosen), classifier=classifier)).to_dict(),
        "borderline": measure(judge(unsettled(chosen), classifier=classifier)).to_dict(),
    }
    outside = measure_comments(read_comments(comments), classifier=classifier) if comments else None
    if as_json:
        print(json.dumps(found | ({"comments": outside.to_dict()} if outside else {})))
        return
    lines = [f"# {classifier.bundle.name} on {part}, {found['settled']['stories']} settled stories"]
    lines += [summary_table(found["settled"]), labels_table(found["settled"])]
    lines += [f"## Borderline stories ({found['borderline']['stories']})", summary_table(found["borderline"])]
    lines += [_comments_page(outside)] if outside else []
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
