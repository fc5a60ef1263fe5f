"""How far a backlog is, on stderr: a bar for people, lines for logs, JSON for programs."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from classifier.assessment import Action, to_json
from classifier.backlog.score import Step

_EVERY_S = {"bar": 0.0, "lines": 30.0, "json": 1.0}
_SHOWN = (Action.PAUSE, Action.REVIEW, Action.ADVISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A step and the time it took: rows a second in this run, seconds left (None: unknown), share in 0..1."""

    step: Step
    elapsed_s: float

    @property
    def rate(self) -> float:
        return self.step.rows / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def left_s(self) -> float | None:
        if not (self.step.bytes and self.step.size):
            return None
        return (self.step.size - self.step.position) * self.elapsed_s / self.step.bytes

    @property
    def share(self) -> float | None:
        return self.step.position / self.step.size if self.step.size else None

    def to_dict(self) -> dict[str, Any]:
        """For programs; what is unknown is None."""
        counts = self.step.tally.to_dict()
        return {
            "event": "progress",
            **{name: counts[name] for name in ("stories", "rejected", "actions")},
            "done": None if self.share is None else round(self.share, 4),
            "rows_a_second": round(self.rate, 1),
            "seconds_left": None if self.left_s is None else round(self.left_s),
            "elapsed_seconds": round(self.elapsed_s, 1),
        }

    def __str__(self) -> str:
        tally = self.step.tally
        parts = [
            f"{tally.stories + tally.rejected:,} rows"
            + (f" ({self.share:.0%})" if self.share is not None else ""),
            f"{self.rate:,.0f} a second",
            *([f"{_duration(self.left_s)} left"] if self.left_s is not None else []),
            ", ".join(f"{tally.actions[action]:,} {action}" for action in _SHOWN),
            *([f"{tally.rejected:,} rejected"] if tally.rejected else []),
        ]
        return "; ".join(parts)


class ScoreProgress(AbstractContextManager["ScoreProgress"]):
    """Shows steps as they come; ``as_json`` for programs, else what suits where stderr goes.

    Args:
        clock: seconds, growing.
    """

    def __init__(self, *, as_json: bool = False, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._console = Console(stderr=True)
        self._form = "json" if as_json else "bar" if self._console.is_terminal else "lines"
        self._bar = Progress(
            TextColumn("scoring"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[said]}"),
            console=self._console,
        )
        self._task = self._bar.add_task("scoring", total=None, said="")

    def __enter__(self) -> Self:
        self._begun = self._said = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def show(self, step: Step) -> None:
        """One more step."""
        now = self._clock()
        if now - self._said < _EVERY_S[self._form]:
            return
        self._said = now
        pace = Pace(step=step, elapsed_s=now - self._begun)
        if self._form == "bar":
            self._bar.start()  # only now, so that a fault before the first step stands alone
            self._bar.update(self._task, total=step.size or None, completed=step.position, said=str(pace))
        else:
            print(to_json(pace.to_dict()) if self._form == "json" else pace, file=sys.stderr, flush=True)

    @property
    def elapsed_s(self) -> float:
        """Since the block began."""
        return self._clock() - self._begun


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02} min"
        if hours
        else f"{minutes} min {seconds:02} s"
        if minutes
        else f"{seconds} s"
    )
