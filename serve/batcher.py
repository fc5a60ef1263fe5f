"""Stories in turn: a bounded queue, small batches for a few threads, live stories before bulk ones.

    submit    stories take their places in the queue, all or none
    _pick     the next batch: alike in length, within its budget of tokens
    _read     a thread reads a batch, story by story

A batch is what a thread is handed, not what the encoder runs: ``classifier.encoder`` reads one window a run
on purpose, so that a story gets the same bytes alone or in a crowd. Batches still pay: one hand-over between
event loop and thread serves several short stories, and a short story is never stuck in a batch behind a long
one. Each story is answered as soon as it is read, whatever happens to the others of its batch.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import Protocol

from classifier.assessment import Assessment
from classifier.story import Story
from serve.envelope import Received
from serve.problems import QUEUE_FULL, ProblemError

_CHARS_PER_TOKEN = 4
_LIVE_BATCHES_IN_A_ROW = 7
"""After so many live batches one of the bulk stories that wait is read, so that they never wait for ever."""
RETRY_AFTER = {"retry-after": "2"}
"""Seconds after which it is worth coming back, with every answer that says so."""


class Urgency(StrEnum):
    """Who waits for an answer: somebody now (live), or an import that has time (bulk)."""

    LIVE = "live"
    BULK = "bulk"


class Reader(Protocol):
    """What reads a story: ``ComplaintClassifier.assess``."""

    def __call__(self, story: Story, *, author_confirmed: bool = False) -> Assessment:
        """The assessment of one story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """How long a story waited and was read, in seconds.

    ``batch_stories``: how many stories its batch held, told by the first that was read of each batch; of the
    others None.
    """

    queued_s: float
    read_s: float
    batch_stories: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a story in the queue: its assessment, or the error that reading it raised."""

    outcome: Assessment | Exception
    stages: Stages


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSize:
    """Limits: ``stories`` and ``chars`` may wait for each urgency; a batch gets ``batch_tokens``, estimated.

    While a thread reads, the queue is looked at ``window_s`` seconds after a story came, so that stories
    which come together are read together.
    """

    stories: int
    chars: int
    batch_tokens: int
    window_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    received: Received
    chars: int
    future: asyncio.Future[Answer]
    since: float

    @property
    def tokens(self) -> int:
        return max(1, self.chars // _CHARS_PER_TOKEN)

    def is_like(self, other: "_Place") -> bool:
        """Whether the longer one is less than about twice as long."""
        return self.tokens.bit_length() == other.tokens.bit_length()


_Settled = tuple["asyncio.Future[Answer]", Answer]


class Batcher:
    """Reads stories on ``threads`` threads; used from one event loop.

    Args:
        reader: asked once for each batch, so that a model can be changed between two batches.
    """

    def __init__(self, reader: Callable[[], Reader], *, threads: int, size: QueueSize) -> None:
        self._reader = reader
        self._size = size
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._threads = self._free = threads
        # Dicts keep the order of arrival, and a place can be left from the middle.
        self._waiting: dict[Urgency, dict[_Place, None]] = {urgency: {} for urgency in Urgency}
        self._live_batches = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many stories wait to be read."""
        return sum(map(len, self._waiting.values()))

    @property
    def busy(self) -> bool:
        """Whether a story that comes now would have to wait for a thread."""
        return self.waiting > 0 or self._free == 0

    def submit(self, stories: Sequence[Received], *, urgency: Urgency) -> list[asyncio.Future[Answer]]:
        """Queues ``stories``; a future that is cancelled leaves the queue.

        Raises:
            ProblemError: there is no room for all of them.
        """
        places = [self._place(received) for received in stories]
        queue = self._waiting[urgency]
        self._check_room(queue, places)
        for place in places:
            place.future.add_done_callback(partial(_leave, queue, place))
        queue.update(dict.fromkeys(places))
        if self._timer is None:
            # An idle service has nothing to gather: whoever comes alone is read at once.
            window = 0 if self._free == self._threads else self._size.window_s
            self._timer = asyncio.get_running_loop().call_later(window, self._hand_out)
        return [place.future for place in places]

    def close(self) -> None:
        """Ends the threads after the batches they are reading now; stories that still wait are dropped."""
        if self._timer is not None:
            self._timer.cancel()
        for queue in self._waiting.values():
            queue.clear()
        self._pool.shutdown(cancel_futures=True)

    def _place(self, received: Received) -> _Place:
        chars = len(received.story.title) + len(received.story.text)
        return _Place(received, chars, asyncio.get_running_loop().create_future(), perf_counter())

    def _check_room(self, queue: dict[_Place, None], places: list[_Place]) -> None:
        chars = sum(place.chars for place in (*queue, *places))
        crowded = len(queue) + len(places) > self._size.stories
        if crowded or (queue and chars > self._size.chars):  # alone, any request that was let in has room
            raise ProblemError(
                QUEUE_FULL,
                "queue: is full. Try again soon; until then a person takes the story.",
                headers=RETRY_AFTER,
            )

    def _hand_out(self) -> None:
        self._timer = None
        while self._free and self.waiting:
            batch = self._pick()
            self._free -= 1
            self._pool.submit(self._read, batch, asyncio.get_running_loop())

    def _freed(self, settled: list[_Settled]) -> None:
        """Takes back a thread, with the answers that it has not handed over yet."""
        for future, answer in settled:
            _settle(future, answer)
        self._free += 1
        if self._timer is None:
            self._hand_out()

    def _pick(self) -> list[_Place]:
        """Takes the oldest story of the queue whose turn it is, and those like it as far as they fit."""
        queue = self._next_queue()
        share = math.ceil(sum(place.tokens for place in queue) / self._free)
        budget = min(share, self._size.batch_tokens)  # a share, so that no thread idles beside a full batch
        first = next(iter(queue))
        batch, tokens = [first], first.tokens
        for place in queue:
            if place is not first and place.is_like(first) and tokens + place.tokens <= budget:
                batch.append(place)
                tokens += place.tokens
        for place in batch:
            del queue[place]
        return batch

    def _next_queue(self) -> dict[_Place, None]:
        live, bulk = self._waiting[Urgency.LIVE], self._waiting[Urgency.BULK]
        if not live or (bulk and self._live_batches >= _LIVE_BATCHES_IN_A_ROW):
            self._live_batches = 0
            return bulk
        self._live_batches = self._live_batches + 1 if bulk else 0
        return live

    def _read(self, batch: list[_Place], loop: asyncio.AbstractEventLoop) -> None:
        """Reads a batch in a thread; stories that nobody waits for any more are passed over.

        The last answer goes back together with the thread: whenever the event loop is woken, it and the
        thread contend for Python's lock, and mostly a batch is one story.
        """
        last: list[_Settled] = []
        try:
            read = self._reader()
            untold: int | None = len(batch)
            for place in batch:
                if place.future.cancelled():
                    continue
                begun = perf_counter()
                outcome = _outcome(read, place.received)
                stages = Stages(
                    queued_s=begun - place.since, read_s=perf_counter() - begun, batch_stories=untold
                )
                untold = None
                settled = place.future, Answer(outcome, stages)
                if place is batch[-1]:
                    last.append(settled)
                else:
                    loop.call_soon_threadsafe(_settle, *settled)
        finally:
            loop.call_soon_threadsafe(self._freed, last)


def _outcome(read: Reader, received: Received) -> Assessment | Exception:
    try:
        return read(received.story, author_confirmed=received.author_confirmed)
    except Exception as error:  # one story's fault is not the others'
        return error
    except BaseException as error:  # a panic in a library's Rust is no Exception
        return RuntimeError(type(error).__name__)


def _leave(queue: dict[_Place, None], place: _Place, _: asyncio.Future[Answer]) -> None:
    queue.pop(place, None)


def _settle(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
