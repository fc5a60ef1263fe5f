"""`promote`: make a bundle champion, if the gate lets it through and a person says yes."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markdown import Markdown

from training.commands.options import (
    CASES,
    STORIES,
    TRACKING_URI,
    CommentsOption,
    IntoOption,
    StoriesOption,
    TrackingOption,
)


def promote(
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE", help="Folder of a model bundle.")],
    into: IntoOption = None,
    stories: StoriesOption = STORIES,
    behaviour: Annotated[Path, typer.Option(help="Behavioural cases (JSONL).")] = CASES,
    comments: CommentsOption = None,
    accept: Annotated[
        str | None, typer.Option(metavar="REASON", help="Overrule a refusal; the reason is kept.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    tracking_uri: TrackingOption = TRACKING_URI,
) -> None:
    """Register a bundle, compare it with the champion, and make it champion if you say yes.

    Example: complaint-context promote runs/candidate --into models/complaint-context
    """
    from training.gate import GateError  # MLflow is slow to import, and few commands need it
    from training.placing import check_place
    from training.promotion import admit, crown, read_gate_data, review, serve
    from training.registry import Registry
    from training.versions import Alias

    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=Console(stderr=True))]
    )
    if into is not None:
        check_place(into)
    data = read_gate_data(stories, cases=behaviour, comments=comments)
    registry = Registry(tracking_uri)
    version = registry.register(candidate)
    if Alias.CHAMPION in version.aliases:
        serve(version, registry=registry, into=into)
        _say(version.number, version.bundle, into, already=True)
        return
    found = review(version, registry=registry, data=data)
    Console().print(Markdown(found.page))
    admit(found, accept=accept)
    if not (yes or _asked(version.number, version.bundle)):
        raise GateError(f"version {version.number}: not promoted, nobody said yes. It stays as challenger.")
    crown(found, registry=registry, accept=accept, into=into)
    _say(version.number, version.bundle, into)


def _asked(number: int, bundle: str) -> bool:
    print(f"Make version {number} ({bundle}) champion? [y/N]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(number: int, bundle: str, into: Path | None, *, already: bool = False) -> None:
    print(f"champion: version {number} ({bundle}){', as before' if already else ''}")
    if into is not None:
        print(f"{into}: version {number}")
