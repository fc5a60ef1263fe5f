"""How often somebody may do something: token buckets in memory, each worker with its own.

A bucket holds ``burst`` tokens, each request takes one, and ``per_minute`` of them come back in a minute.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_BUCKETS = 10_000
"""So many names are remembered; beyond that the one unused for longest is forgotten, so that a flood of
addresses cannot fill the memory."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    seen_s: float


class Limit:
    """A limit for each of many names (a key's id, an address)."""

    def __init__(
        self, *, per_minute: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, name: str) -> float:
        """Seconds until ``name`` has a token; 0.0 if it has one now."""
        return max(0.0, (1.0 - self._filled(name).tokens) / self._per_s)

    def take(self, name: str) -> float:
        """Takes a token if there is one; 0.0, or else the seconds until there is."""
        wait_s = self.wait_s(name)
        if not wait_s:
            self._buckets[name].tokens -= 1.0
        return wait_s

    def _filled(self, name: str) -> _Bucket:
        now_s = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(self._burst, now_s))
        bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.seen_s) * self._per_s)
        bucket.seen_s = now_s
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket
