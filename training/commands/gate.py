"""`gate`: trains the gate of a bundle anew, or takes over another's."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from training.commands.options import STORIES, BehaviourOption, CommentsOption, StoriesOption


def gate(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of a model bundle.")],
    into: Annotated[Path, typer.Argument(metavar="INTO", help="Folder to write it into, with its gate.")],
    bundle_version: Annotated[int, typer.Option("--version", help="The new bundle's version number.")],
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            help="Take the gate of this bundle as it is; base, word pieces and stories must be the same.",
        ),
    ] = None,
    stories: StoriesOption = STORIES,
    comments: CommentsOption = None,
    behaviour: BehaviourOption = None,
) -> None:
    """Train the gate of a bundle, which says what its encoder need not read; the encoder stays as it is.

    Example: complaint-context gate models/complaint-context runs/gated --version 7
    """
    from training.gating import add_gate  # torch is slow to import, and only this command needs it
    from training.splits import split
    from training.stories import read_stories
    from training.train_gate import GateSettings

    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=Console(stderr=True))]
    )
    effect = add_gate(
        bundle,
        into,
        splits=split(read_stories(stories)),
        settings=GateSettings(),
        version=bundle_version,
        like=like,
        comments=comments,
        behaviour=behaviour,
    )
    told = effect.threshold
    print(
        f"{into}: holds back {len(told.missed)} of {told.positives} labelled stories "
        f"(keeps at least {told.kept_at_least:.2%}); lets through {effect.dev_passed:.1%} of dev"
        + ("" if effect.comments_passed is None else f", {effect.comments_passed:.1%} of the comments")
        + f"; {effect.dev_equal:.2%} of dev decisions as without it"
    )
