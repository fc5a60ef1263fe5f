"""A backlog in pieces: batches, which a worker takes one at a time, and shards of them, which are kept.

Where a piece ends follows from the rows alone, so the same input is cut alike whoever reads it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from classifier.assessment import to_json
from classifier.backlog.rows import Row

BATCH_ROWS = 256
"""Few enough that all workers are busy with a small file, and that little is lost with a worker."""
BATCH_CHARS = 1_000_000
SHARD_ROWS = 5120
SHARD_CHARS = 32_000_000
"""Bound what is held in memory where stories are long."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that one worker reads together."""

    rows: tuple[Row, ...]

    @property
    def place(self) -> str:
        """From where to where it goes, for messages."""
        return f"{self.rows[0].place} to {self.rows[-1].place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Batches whose answers are kept in one part.

    ``key`` is the same exactly for the same rows in the same run: stories, model, thresholds, policy.
    ``start`` and ``position``: how much of the input had been read before and after it, in its source's unit.
    """

    number: int
    key: str
    batches: tuple[Batch, ...]
    start: int
    position: int


def cut(
    rows: Iterable[Row], *, run: str, shard_rows: int = SHARD_ROWS, position: Callable[[], int] = lambda: 0
) -> Iterator[Shard]:
    """Shards of at most ``shard_rows`` rows, in order; ``run`` is the key of what they are scored with."""
    held, chars, number, start = list[Row](), 0, 0, 0
    for row in rows:
        held.append(row)
        chars += _chars(row)
        if len(held) == shard_rows or chars >= SHARD_CHARS:
            yield _shard(number, held, run, start, position())
            held, chars, number, start = [], 0, number + 1, position()
    if held:
        yield _shard(number, held, run, start, position())


def _shard(number: int, rows: list[Row], run: str, start: int, position: int) -> Shard:
    batches = tuple(_batches(rows))
    return Shard(number=number, key=_key(run, rows), batches=batches, start=start, position=position)


def _key(run: str, rows: list[Row]) -> str:
    digest = sha256(run.encode())
    for row in rows:
        story = row.story
        # As JSON, so that no two rows read alike: a title that ends where another's text begins.
        known = (
            [row.fault, row.place, row.id]
            if story is None
            else [story.id, story.title, story.text, row.month]
        )
        digest.update(to_json(known).encode("utf-8", errors="backslashreplace"))
    return digest.hexdigest()


def _batches(rows: list[Row]) -> Iterator[Batch]:
    held, chars = list[Row](), 0
    for row in rows:
        held.append(row)
        chars += _chars(row)
        if len(held) == BATCH_ROWS or chars >= BATCH_CHARS:
            yield Batch(tuple(held))
            held, chars = [], 0
    if held:
        yield Batch(tuple(held))


def _chars(row: Row) -> int:
    return len(row.story.title) + len(row.story.text) if row.story else 0
