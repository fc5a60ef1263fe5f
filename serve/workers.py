"""Several processes behind one socket, watched by their parent.

    supervise        forks the workers, replaces one that dies, ends when all have ended
    ask_for_reload   a worker asks its parent that all workers load the model again

SIGTERM and SIGINT end all of them, each after the requests it has taken; SIGHUP has each load its model
again. A worker ends by itself when its parent is gone. Processes rather than more threads: reading a story
is partly Python, which one process runs on one core at a time.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from serve.shield import log_place

logger = logging.getLogger(__name__)

_FAILED, _BROKEN = 1, 2
"""Exit status of a worker that cannot start, and of one that broke later."""

_TICK_S = 0.2
_PAUSE_S = 1.0
"""Before a worker is replaced, so that one which dies at once does not keep the machine busy."""
_LONG_PAUSE_S = 10.0
"""Before one is replaced that could not start while the others serve: loading a model is work."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Parent:
    """What a worker knows of its parent: a pipe to say that it is ready, one that ends with the parent."""

    ready: int
    life: int

    def say_ready(self) -> None:
        """Tells the parent that this worker serves."""
        os.write(self.ready, b".")


Work = Callable[[Parent], bool]


def supervise(
    work: Work, *, count: int, on_ready: Callable[[], None], on_stop: Callable[[], None] = lambda: None
) -> bool:
    """Runs ``work`` in ``count`` processes until they are told to stop.

    Once all have served, one that dies and cannot be replaced, as the model's files were damaged meanwhile,
    harms the others no more: it is tried again and again.

    Args:
        work: serves until SIGTERM; False if it could not start. Runs in a child, which ends with it.
        on_ready: called once all workers are ready.
        on_stop: called when they are told to stop; lets go of what the parent shares with them.

    Returns:
        False if a worker could not start at first.
    """
    return _Supervisor(work, count, on_ready, on_stop).run()


def ask_for_reload() -> None:
    """Has the parent tell every worker, this one too, to load its model again."""
    os.kill(os.getppid(), signal.SIGHUP)


class _Supervisor:
    def __init__(
        self, work: Work, count: int, on_ready: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        self._work = work
        self._count = count
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._children: set[int] = set()
        self._due: list[float] = []  # when those that died are to be replaced
        self._ready = os.pipe()
        self._life = os.pipe()  # nobody writes to it: that it ends is the message
        self._served = False
        self._stopping = False
        self._failed = False

    def run(self) -> bool:
        for number in _SIGNALS:
            signal.signal(number, self._pass_on)
        for _ in range(self._count):
            self._fork()
        awaited = self._count
        while self._children or self._due:
            said = self._wait_for_ready()
            awaited, before = awaited - said, awaited
            if awaited <= 0 < before:
                self._served = True
                self._on_ready()
            self._bury()
            self._fork_due()
        return not self._failed

    def _pass_on(self, number: int, _: Any) -> None:
        if number == signal.SIGHUP:
            self._tell(signal.SIGHUP)
        else:
            self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._due.clear()
        self._tell(signal.SIGTERM)
        self._on_stop()

    def _tell(self, number: signal.Signals) -> None:
        for child in self._children:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(child, number)

    def _fork(self) -> None:
        with _signals_held():  # a child must be known, or have its own handlers, before the next signal
            if self._stopping:
                return
            child = os.fork()
            if child == 0:
                self._run_child()
            self._children.add(child)

    def _run_child(self) -> NoReturn:
        status = _BROKEN
        try:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the server listens to it
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._ready[0])
            os.close(self._life[1])
            status = 0 if self._work(Parent(ready=self._ready[1], life=self._life[0])) else _FAILED
        except Exception as error:
            log_place(error)
        finally:
            os._exit(status)  # a child must never go on with what its parent was doing

    def _wait_for_ready(self) -> int:
        readable, _, _ = select.select([self._ready[0]], [], [], _TICK_S)
        return len(os.read(self._ready[0], self._count)) if readable else 0

    def _bury(self) -> None:
        for child in tuple(self._children):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                self._children.remove(pid)
                self._replace(os.waitstatus_to_exitcode(status))

    def _replace(self, status: int) -> None:
        if self._stopping:
            return
        if status == _FAILED and not self._served:  # no other could start in its place
            self._failed = True
            self._stop()
            return
        logger.error("worker: ended with status %d. Another takes its place.", status)
        self._due.append(time.monotonic() + (_LONG_PAUSE_S if status == _FAILED else _PAUSE_S))

    def _fork_due(self) -> None:
        late = [when for when in self._due if when <= time.monotonic()]
        self._due = [when for when in self._due if when not in late]
        for _ in late:
            self._fork()


@contextmanager
def _signals_held() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
