"""`learning-curve`: would more stories help?"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markdown import Markdown

from training.commands.options import STORIES, TRACKING_URI, StoriesOption, TrackingOption
from training.settings import TrainingSettings, read_settings
from training.tables import curve_table


def learning_curve(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Writes OUT.json and OUT.png.")],
    shares: Annotated[str, typer.Option(help="Shares of the training stories, growing.")] = "0.25,0.5,1",
    work: Annotated[
        Path, typer.Option(help="Folder for checkpoints; an interrupted share resumes from it.")
    ] = Path("runs/learning-curve"),
    stories: StoriesOption = STORIES,
    settings: Annotated[Path | None, typer.Option(help="TOML file of training settings.")] = None,
    seed: Annotated[int | None, typer.Option(help="Overrides the settings' seed.")] = None,
    tracking_uri: TrackingOption = TRACKING_URI,
) -> None:
    """Train on growing shares of the training stories and measure each on dev.

    Example: complaint-context learning-curve runs/curve --shares 0.25,0.5,1 --settings quick.toml
    """
    from training.learning_curve import (
        CurvePlan,
        prepare_curve,
        read_shares,
        run_curve,
        write_curve,
    )  # torch and MLflow are slow to import
    from training.tracking import open_tracking

    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=Console(stderr=True))]
    )
    chosen = read_settings(settings) if settings else TrainingSettings()
    chosen = chosen if seed is None else replace(chosen, seed=seed)
    plan = CurvePlan(stories=stories, work=work, shares=read_shares(shares), settings=chosen)
    prepared = prepare_curve(plan)
    with open_tracking(tracking_uri, name="learning curve") as tracking:
        points = run_curve(prepared, chosen, tracking=tracking)
    figures, plot = write_curve(out, points, plan=plan)
    Console().print(Markdown(curve_table([point.to_dict() for point in points])))
    print(f"{figures}\n{plot}")
