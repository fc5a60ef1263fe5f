"""Workers who score batches side by side, while answers come out in the order of the batches.

Crew         what takes a batch and gives it back scored, or lost with the worker who had it
InProcess    one worker, here
Processes    several on this machine          (``cluster.RayCrew``: on many)
in_order     feeds a crew, gives lost batches to others, puts answers in order
"""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Generic, Protocol, TypeVar

from classifier.backlog.scorer import Recipe, ScoredBatch, Scorer
from classifier.backlog.shards import Batch
from classifier.errors import WorkerError

_ATTEMPTS = 3
"""A batch that so many workers ended with is not given to a fourth."""
_AHEAD = 4
"""How many batches a worker may be ahead of the oldest that is not done; bounds the answers held."""

Tag = TypeVar("Tag")


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker ended before the batch was done; ``reason`` in a few words."""

    reason: str


class Crew(Protocol):
    """Takes batches under a number."""

    workers: int

    def has_room(self) -> bool:
        """Whether another batch would be begun soon."""

    def submit(self, number: int, batch: Batch) -> None:
        """Gives a batch to a worker."""

    def wait(self) -> list[tuple[int, ScoredBatch | Lost]]:
        """Waits for at least one batch that was submitted, and gives what is there."""

    def close(self) -> None:
        """Ends the workers; batches that are not done are dropped."""


def in_order(batches: Iterable[tuple[Tag, Batch]], crew: Crew) -> Iterator[tuple[Tag, ScoredBatch]]:
    """Scored batches in the order of ``batches``, which is read only as far as the crew has room.

    Raises:
        WorkerError: a batch was lost with three workers.
    """
    source = enumerate(batches)
    given = dict[int, _Given[Tag]]()
    done = dict[int, ScoredBatch]()
    next_out, more = 0, True
    while True:
        while more and crew.has_room() and len(given) < _AHEAD * crew.workers:
            if (entry := next(source, None)) is None:
                more = False
                break
            number, (tag, batch) = entry
            given[number] = _Given(tag, batch)
            crew.submit(number, batch)
        if not given:
            return
        for number, outcome in crew.wait():
            if isinstance(outcome, ScoredBatch):
                done[number] = outcome
            else:
                given[number].lose(outcome)
                crew.submit(number, given[number].batch)
        while next_out in done:
            yield given.pop(next_out).tag, done.pop(next_out)
            next_out += 1


@dataclass(slots=True)
class _Given(Generic[Tag]):
    tag: Tag
    batch: Batch
    attempts: int = 1

    def lose(self, lost: Lost) -> None:
        if self.attempts == _ATTEMPTS:
            raise WorkerError(
                f"{self.batch.place}: {self.attempts} workers ended with these rows ({lost.reason}). "
                "Run again with fewer --workers, or more memory; what is done is kept."
            )
        self.attempts += 1


class InProcess:
    """One worker, in this process."""

    workers = 1

    def __init__(self, recipe: Recipe) -> None:
        self._scorer = Scorer(recipe)
        self._done = list[tuple[int, ScoredBatch | Lost]]()

    def has_room(self) -> bool:
        return not self._done

    def submit(self, number: int, batch: Batch) -> None:
        self._done.append((number, self._scorer.score(batch)))

    def wait(self) -> list[tuple[int, ScoredBatch | Lost]]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        pass


class Processes:
    """Workers that are processes of this machine; one that is killed is replaced."""

    def __init__(self, recipe: Recipe, *, workers: int) -> None:
        self.workers = workers
        self._recipe = recipe
        self._running = dict[Future[ScoredBatch], int]()
        self._pool = self._start()

    def has_room(self) -> bool:
        return len(self._running) < 2 * self.workers

    def submit(self, number: int, batch: Batch) -> None:
        try:
            future = self._pool.submit(_score, batch)
        except BrokenProcessPool:  # a worker ended between two batches
            self._pool.shutdown(wait=False)
            self._pool = self._start()
            future = self._pool.submit(_score, batch)
        self._running[future] = number

    def wait(self) -> list[tuple[int, ScoredBatch | Lost]]:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        return [(self._running.pop(future), _outcome(future)) for future in done]

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        # A forked copy of a process with threads may hang; a spawned one loads the model for itself.
        return ProcessPoolExecutor(
            self.workers, mp_context=get_context("spawn"), initializer=_prepare, initargs=(self._recipe,)
        )


def _outcome(future: Future[ScoredBatch]) -> ScoredBatch | Lost:
    try:
        return future.result()
    except BrokenProcessPool:
        return Lost("killed, or out of memory")


_scorer: Scorer


def _prepare(recipe: Recipe) -> None:
    """What a worker process does first."""
    global _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _scorer = Scorer(recipe)


def _end_with_parent() -> None:
    """A parent that is killed cannot end its workers."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _score(batch: Batch) -> ScoredBatch:
    return _scorer.score(batch)
