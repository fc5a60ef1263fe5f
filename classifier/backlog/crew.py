"""Workers who score batches side by side, while answers come out in the order of the batches.

Crew         what takes a batch and gives it back scored, or lost with the worker who had it
InProcess    one worker, here
Processes    several on this machine          (``cluster.RayCrew``: on many)
in_order     feeds a crew, gives lost batches to others, puts answers in order
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, resource_tracker
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from classifier.backlog.scorer import Recipe, ScoredBatch, Scorer
from classifier.backlog.shards import Batch
from classifier.errors import ComplaintContextError, WorkerError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ATTEMPTS = 3
"""A batch that so many workers ended with is not given to a fourth."""
_AHEAD = 4
"""How many batches a worker may be ahead of the oldest that is not done; bounds the answers held."""
_EACH = 2
"""How many batches a worker has: the one it is at, and the next, so that it never waits for one."""

Tag = TypeVar("Tag")


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker ended while it was at this batch; ``reason`` in a few words."""

    reason: str


_KILLED = Lost("killed, or out of memory")


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
    """Workers that are processes of this machine; one that is killed is replaced.

    Args:
        scorer: what each makes of the recipe, in its process.

    Raises:
        WorkerError: three workers after each other ended before they had loaded the model.
    """

    def __init__(self, recipe: Recipe, *, workers: int, scorer: type[Scorer] = Scorer) -> None:
        self.workers = workers
        self._recipe, self._scorer = recipe, scorer
        self._failed_starts = 0
        self._crew = list[_Worker]()
        for _ in range(workers):
            self._start()

    def has_room(self) -> bool:
        return sum(len(worker.given) for worker in self._crew) < _EACH * self.workers

    def submit(self, number: int, batch: Batch) -> None:
        min(self._crew, key=lambda worker: len(worker.given)).give(number, batch)

    def wait(self) -> list[tuple[int, ScoredBatch | Lost]]:
        outcomes = list[tuple[int, ScoredBatch | Lost]]()
        while not outcomes:
            heard = connection.wait([worker.pipe for worker in self._crew])
            for worker in [worker for worker in self._crew if worker.pipe in heard]:
                outcomes.extend(self._hear(worker))
        return outcomes

    def close(self) -> None:
        for worker in self._crew:
            worker.end()

    def _hear(self, worker: "_Worker") -> Iterator[tuple[int, ScoredBatch | Lost]]:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._replace(worker)
            return
        if isinstance(message, ComplaintContextError):
            raise message
        if isinstance(message, ScoredBatch):
            yield worker.take(), message
        else:
            worker.ready, self._failed_starts = True, 0

    def _replace(self, worker: "_Worker") -> Iterator[tuple[int, Lost]]:
        """Only the batch that the worker was at is lost; those behind it go to the worker that follows."""
        worker.end()
        self._crew.remove(worker)
        if not worker.ready:
            self._failed_starts += 1
        elif worker.given:
            yield worker.take(), _KILLED
        if self._failed_starts == _ATTEMPTS:
            raise WorkerError(
                f"{_ATTEMPTS} workers ended while they loaded the model ({_KILLED.reason}). "
                "Run again with fewer --workers, or more memory; what is done is kept."
            )
        follower = self._start()
        for number, batch in worker.given.items():
            follower.give(number, batch)

    def _start(self) -> "_Worker":
        worker = _Worker(self._recipe, self._scorer)
        self._crew.append(worker)
        return worker


class _Worker:
    """A process, seen from here. ``given``: its batches, by number; it is at the first of them."""

    def __init__(self, recipe: Recipe, scorer: type[Scorer]) -> None:
        # A forked copy of a process with threads may hang; a spawned one loads the model for itself.
        context = get_context("spawn")
        self.pipe, there = context.Pipe()
        self.given = dict[int, Batch]()
        self.ready = False
        self._process = context.Process(target=_work, args=(recipe, scorer, there), daemon=True)
        with _deaf_to_interrupts():
            self._process.start()
        there.close()  # so that the end of the process is the end of the pipe

    def give(self, number: int, batch: Batch) -> None:
        self.given[number] = batch
        with suppress(OSError):  # it has ended, which whoever listens next will find out
            self.pipe.send(batch)

    def take(self) -> int:
        """The number of the batch that it was at, which it has no longer."""
        number = next(iter(self.given))
        del self.given[number]
        return number

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here never see Ctrl-C, not even while they start; this one sees it afterwards."""
    resource_tracker.ensure_running()  # where it has to be started first, it lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(recipe: Recipe, kind: type[Scorer], pipe: "Connection[Any, Any]") -> None:
    """What a worker process does: says that it is ready, then sends the answers to each batch it gets."""
    # spaCy takes PyTorch along where it is installed, 180 MB for nothing: a worker has no use for it.
    sys.modules["torch"] = None  # type: ignore[assignment]
    batches = SimpleQueue[Batch]()
    threading.Thread(target=_receive, args=(pipe, batches), daemon=True).start()
    try:
        scorer = kind(recipe)
    except ComplaintContextError as error:
        pipe.send(error)
        return
    _give_back_memory()
    pipe.send("ready")
    while True:
        pipe.send(scorer.score(batches.get()))


def _receive(pipe: "Connection[Any, Any]", batches: "SimpleQueue[Batch]") -> None:
    """Always listens, so that nobody waits to send; a parent that is killed cannot end its workers."""
    with suppress(EOFError, OSError):
        while True:
            batches.put(pipe.recv())
    os._exit(1)


def _give_back_memory() -> None:
    """To load a model takes 100 MB more than to have it, which the C library would keep for later."""
    with suppress(AttributeError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)
