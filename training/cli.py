"""Commands for data scientists: `data`, `train`, `evaluate`. Thin shims over plain functions."""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markdown import Markdown

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from training.comments import CommentFigures, measure_comments, read_comments
from training.evaluate import judge, measure, settled, unsettled
from training.settings import TrainingSettings, read_settings
from training.sheet import render_sheet
from training.splits import split
from training.stories import find_faults, read_stories
from training.tables import labels_table, summary_table

STORIES = RELEASED.parents[1] / "data" / "stories"
"""The labelled stories of this checkout."""

StoriesOption = Annotated[Path, typer.Option("--stories", help="A folder or file of labelled stories.")]
ModelOption = Annotated[Path, typer.Option("--model", help="Folder of a model bundle.")]

data = typer.Typer(help="Check and describe labelled stories.", no_args_is_help=True)


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


def train(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder to write the bundle into.")],
    work: Annotated[
        Path, typer.Option(help="Folder for checkpoints; an interrupted run resumes from it.")
    ] = Path("runs/train"),
    stories: StoriesOption = STORIES,
    settings: Annotated[Path | None, typer.Option(help="TOML file of training settings.")] = None,
    seed: Annotated[int | None, typer.Option(help="Overrides the settings' seed.")] = None,
    bundle_version: Annotated[int, typer.Option("--version", help="The bundle's version number.")] = 1,
    baselines: Annotated[bool, typer.Option(help="Also fit and measure the baselines.")] = True,
    comments: Annotated[
        Path | None, typer.Option(help="Also measure on this labelled file from outside the project.")
    ] = None,
    tracking_uri: Annotated[str, typer.Option(help="MLflow store or server.")] = "sqlite:///mlflow.db",
) -> None:
    """Train a model, measure it beside the baselines, write it as a bundle.

    Example: complaint-context train runs/candidate --work runs/first --seed 2
    """
    from training.run import (
        Plan,
        run,
    )  # torch and MLflow are slow to import, and only this command needs them
    from training.tracking import open_tracking

    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=Console(stderr=True))]
    )
    chosen = read_settings(settings) if settings else TrainingSettings()
    plan = Plan(
        stories=stories,
        work=work,
        bundle=bundle,
        bundle_version=bundle_version,
        settings=chosen if seed is None else replace(chosen, seed=seed),
        baselines=baselines,
        comments=comments,
    )
    with open_tracking(tracking_uri) as tracking:
        run(plan, tracking=tracking)
    Console().print(Markdown((bundle / "README.md").read_text(encoding="utf-8")))


def evaluate(
    model: ModelOption = RELEASED,
    stories: StoriesOption = STORIES,
    part: Annotated[str, typer.Option("--split", help="test, dev or train.")] = "test",
    comments: Annotated[
        Path | None, typer.Option(help="Also measure on this labelled file from outside the project.")
    ] = None,
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
