"""Turns a story into windows of whole sentences that the encoder can read.

This is the one text preparation, for training and serving. Nothing is ever cut off:
a story longer than one window gets more windows, overlapping so that a sentence has context on both sides.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifier.pieces import StoryPieces, cut_pieces
from classifier.sentences import sentences
from classifier.story import FIELDS, Span, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSize:
    """How much the encoder reads at once, in word pieces.

    ``tokens`` counts the special tokens too; ``overlap`` is the most that two neighbours share.
    """

    tokens: int = 256
    overlap: int = 64

    def __post_init__(self) -> None:
        if not 16 <= self.tokens <= 512 or not 0 <= self.overlap < self.tokens // 2:
            raise ValueError(f"{self}: tokens must be 16..512 and overlap under half of that")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence (or a part of a very long one) inside a window: token positions, half-open."""

    sentence: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What the encoder reads in one go.

    ``token_ids``: int64, shape (tokens,), special tokens included. ``pieces``: the sentences scored here;
    sentences that are only context for their neighbours are read but not listed.
    """

    token_ids: NDArray[np.int64]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ReadableStory:
    """A story ready for the encoder; ``sentences[piece.sentence]`` is where a piece's words stand."""

    sentences: tuple[Span, ...]
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Word pieces of one sentence that fit into one window."""

    sentence: int
    field: str
    token_ids: list[int]


def read_windows(story: Story, *, tokenizer: Tokenizer, size: WindowSize) -> ReadableStory:
    """Sentences of ``story`` and the windows that hold them; ``tokenizer`` must neither truncate nor pad."""
    return windows_of(*cut_pieces((story,), tokenizer=tokenizer), tokenizer=tokenizer, size=size)


def windows_of(pieces: StoryPieces, *, tokenizer: Tokenizer, size: WindowSize) -> ReadableStory:
    """Sentences and windows of a story whose word pieces ``tokenizer`` has cut.

    Each sentence with at least one word piece is scored in exactly one window (a sentence longer than a
    window in several).
    """
    spans = sentences(pieces.story)
    units = list(_units(pieces, spans, capacity=size.tokens - 3))
    return ReadableStory(spans, tuple(_windows(units, tokenizer, size)))


def _units(pieces: StoryPieces, spans: tuple[Span, ...], *, capacity: int) -> Iterator[_Unit]:
    """A word piece belongs to the sentence in which it begins."""
    ids = {field: pieces.of(field).ids for field in FIELDS}
    begins = {field: [start for start, _ in pieces.of(field).offsets] for field in FIELDS}
    for number, span in enumerate(spans):
        first, last = (bisect_left(begins[span.field], at) for at in (span.start, span.end))
        for start in range(first, last, capacity):
            yield _Unit(number, span.field, ids[span.field][start : min(start + capacity, last)])


def _windows(units: list[_Unit], tokenizer: Tokenizer, size: WindowSize) -> Iterator[Window]:
    bounds = list(_bounds(units, capacity=size.tokens - 3, overlap=size.overlap))
    for number, (first, last) in enumerate(bounds):
        scored_from = first if number == 0 else (first + bounds[number - 1][1] + 1) // 2
        scored_to = last if number == len(bounds) - 1 else (bounds[number + 1][0] + last + 1) // 2
        yield _window(units[first:last], range(scored_from - first, scored_to - first), tokenizer)


def _bounds(units: list[_Unit], *, capacity: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of units, each as full as it can be, neighbours sharing at most ``overlap`` tokens."""
    first = 0
    while first < len(units):
        last, used = first, 0
        while last < len(units) and used + len(units[last].token_ids) <= capacity:
            used += len(units[last].token_ids)
            last += 1
        yield first, last
        if last == len(units):
            return
        # Sharing stops where the next unit would no longer fit: such a window would score nothing new.
        shared, back = 0, last
        room = min(overlap, capacity - len(units[last].token_ids))
        while back - 1 > first and shared + len(units[back - 1].token_ids) <= room:
            back -= 1
            shared += len(units[back].token_ids)
        first = back


def _window(units: list[_Unit], scored: range, tokenizer: Tokenizer) -> Window:
    """[CLS] title [SEP] text [SEP]; without a title, or further down the text, [CLS] text [SEP]."""
    start_id, stop_id = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    ids, pieces = [start_id], []
    for number, unit in enumerate(units):
        if number and unit.field != units[number - 1].field:
            ids.append(stop_id)
        if number in scored:
            pieces.append(Piece(unit.sentence, len(ids), len(ids) + len(unit.token_ids)))
        ids.extend(unit.token_ids)
    ids.append(stop_id)
    return Window(np.asarray(ids, dtype=np.int64), tuple(pieces))
