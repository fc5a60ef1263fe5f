"""How long work shows that it goes on: a bar on stderr, or nothing."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


class Track(Protocol):
    """Gives ``items`` on, one by one, and may show how many are done."""

    def __call__(self, items: Iterable[T], *, doing: str, total: int) -> Iterable[T]:
        """``doing`` names the work; ``total`` is how many items there are, about."""


def quietly(items: Iterable[T], *, doing: str, total: int) -> Iterable[T]:
    """The items, with nothing shown."""
    return items


def on_stderr(items: Iterable[T], *, doing: str, total: int) -> Iterable[T]:
    """The items, with a bar and the time left on stderr."""
    return track(items, description=doing, total=total, console=Console(stderr=True))
