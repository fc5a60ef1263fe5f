"""A progress bar on stderr for a file being scored."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from classifier.assessment import Action
from classifier.backlog.rows import count_rows


class ScoreProgress:
    """Rows done, rows a second, time left, and how many stories are held so far."""

    def __init__(self, source: Path) -> None:
        self._source, self._actions = source, Counter[Action]()
        self._bar = Progress(
            TextColumn("scoring"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[held]}"),
            console=Console(stderr=True),
        )

    def __enter__(self) -> Self:
        self._task = self._bar.add_task("scoring", total=count_rows(self._source), held="", rate="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def count(self, action: Action | None) -> None:
        """One more row: its action, or None for a rejected one; the first one shows the bar."""
        self._bar.start()
        if action is not None:
            self._actions[action] += 1
        speed = self._bar.tasks[self._task].speed
        self._bar.update(
            self._task,
            advance=1,
            rate=f"{speed:.0f} rows/s" if speed else "",
            held=f"{self._actions[Action.PAUSE]} pause, {self._actions[Action.REVIEW]} review",
        )
