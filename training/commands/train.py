"""`train`: from labelled stories to a measured bundle."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markdown import Markdown

from training.commands.options import (
    STORIES,
    TRACKING_URI,
    BehaviourOption,
    CommentsOption,
    StoriesOption,
    TrackingOption,
)
from training.settings import TrainingSettings, read_seeds, read_settings


def train(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder to write the bundle into.")],
    work: Annotated[
        Path, typer.Option(help="Folder for checkpoints; an interrupted run resumes from it.")
    ] = Path("runs/train"),
    stories: StoriesOption = STORIES,
    settings: Annotated[Path | None, typer.Option(help="TOML file of training settings.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            "--seeds",
            "--seed",
            help="Train once from each, as 1,2,3; by default from the settings' seed.",
        ),
    ] = None,
    bundle_version: Annotated[int, typer.Option("--version", help="The bundle's version number.")] = 1,
    baselines: Annotated[bool, typer.Option(help="Also fit and measure the baselines.")] = True,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A baseline to leave out; may be given again. The slowest is "
            "sequence-classification: it takes a third of the training's time.",
        ),
    ] = None,
    gate: Annotated[bool, typer.Option(help="Also train the gate that spares the encoder.")] = True,
    comments: CommentsOption = None,
    behaviour: BehaviourOption = None,
    tracking_uri: TrackingOption = TRACKING_URI,
) -> None:
    """Train a model, measure it beside the baselines, write it as a bundle.

    Of several seeds and the mean of their weights, the one that ranks dev best is released; the card
    tells how all of them do.

    Example: complaint-context train runs/candidate --work runs/first --seeds 1,2,3
    """
    from training.run import (
        Plan,
        prepare,
        run,
    )  # torch and MLflow are slow to import, and only this command needs them
    from training.tracking import open_tracking
    from training.train_gate import GateSettings

    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=Console(stderr=True))]
    )
    chosen = read_settings(settings) if settings else TrainingSettings()
    plan = Plan(
        stories=stories,
        work=work,
        bundle=bundle,
        bundle_version=bundle_version,
        settings=chosen,
        seeds=read_seeds(seeds) if seeds else (),
        baselines=baselines,
        left_out=tuple(leave_out or ()),
        gate=GateSettings() if gate else None,
        comments=comments,
        behaviour=behaviour,
    )
    splits = prepare(plan)
    with open_tracking(tracking_uri) as tracking:
        run(plan, splits, tracking=tracking)
    Console().print(Markdown((bundle / "README.md").read_text(encoding="utf-8")))
