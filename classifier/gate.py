"""The gate: does a story have to be read at all? Most stories have nothing to find, and end here.

Two nets, and a story that either catches is read, whole: the cues (``classifier.cues``, those that only have
a story read among them), and a small network over static word embeddings, which looks for what else tells
(``training.train_gate``).

The network's numbers are whole, and its sums are exact in the floats that hold them, so what it makes of a
story does not depend on how many others are looked at beside it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from classifier.cues import has_cue
from classifier.errors import BundleError
from classifier.pieces import StoryPieces
from classifier.story import FIELDS

_CHUNK = 256
"""Word pieces looked at in one go: what is made of them stays in the processor's cache."""

_EXACT_IN_FLOAT32 = 2**24
_FETCH_AGAIN = "Fetch the bundle again, or export it anew."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateNumbers:
    """What a gate has learnt.

    A word piece scores ``unit * (bias + weights . relu(biases + filters . seen))``, where ``seen`` are the
    embeddings of the ``reach`` pieces around it. A story passes that has a piece from ``threshold`` on.

    ``embeddings``: int8, shape (vocabulary, width). ``filters``: int8, shape (reach, width, filters), and
    ``reach`` is odd. ``biases``: int32, ``weights``: int16, both of shape (filters,). ``bias``: int64,
    ``unit`` and ``threshold``: float64, all of shape ().
    """

    embeddings: NDArray[np.int8]
    filters: NDArray[np.int8]
    biases: NDArray[np.int32]
    weights: NDArray[np.int16]
    bias: NDArray[np.int64]
    unit: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def to_bytes(self) -> bytes:
        """A compressed NumPy archive, without any pickled object."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, allow_pickle=False, **{f.name: getattr(self, f.name) for f in fields(self)}
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "GateNumbers":
        """The numbers in an archive.

        Raises:
            BundleError: it is no such archive, or its arrays do not fit each other.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                numbers = cls(**{field.name: archive[field.name] for field in fields(cls)})
            numbers.check()
        except Exception as error:  # NumPy and zipfile have no common base class for what a foreign file does
            raise BundleError(f"gate.npz: {type(error).__name__} ({error}). {_FETCH_AGAIN}") from None
        return numbers

    def check(self) -> None:
        """Raises ValueError where shapes or kinds do not fit, or a sum might not be exact."""
        kinds = ("int8", "int8", "int32", "int16", "int64", "float64", "float64")
        for field, kind in zip(fields(self), kinds, strict=True):
            if getattr(self, field.name).dtype != kind:
                raise ValueError(f"{field.name} is not {kind}")
        reach, width, count = self.filters.shape
        shapes = (self.embeddings.shape[1:], self.biases.shape, self.weights.shape, self.bias.shape)
        if shapes != ((width,), (count,), (count,), ()) or self.unit.shape or self.threshold.shape:
            raise ValueError("shapes do not fit each other")
        if reach % 2 == 0:
            raise ValueError("reach is even")
        largest = 127 * 127 * reach * width + np.abs(self.biases.astype(np.int64)).max()
        if largest >= _EXACT_IN_FLOAT32 or not np.isfinite(self.unit + self.threshold):
            raise ValueError("numbers too large")


class Gate:
    """Says which stories the encoder has to read; safe to share between threads."""

    def __init__(self, numbers: GateNumbers) -> None:
        self._reach, width, count = numbers.filters.shape
        self._embeddings = numbers.embeddings
        # The id of what lies before the first and after the last piece of a field.
        self._nothing = len(numbers.embeddings)
        self._filters = numbers.filters.transpose(1, 0, 2).reshape(width, -1).astype(np.float32)
        # What each word piece adds to the sums of the pieces around it, worked out when one comes up for the
        # first time. Few of a vocabulary ever do, and rows that are not in use yet take no memory.
        self._parts = np.empty((self._nothing + 1, self._reach, count), dtype=np.float32)
        self._row = np.full(self._nothing + 1, -1)
        self._parts[0], self._row[self._nothing], self._rows = 0, 0, 1
        self._learning = Lock()
        self._biases = numbers.biases.astype(np.float32)
        self._weights = numbers.weights.astype(np.float64)
        self._bias, self._unit = float(numbers.bias), float(numbers.unit)
        self._threshold = float(numbers.threshold)
        self._blas = ThreadpoolController().select(user_api="blas")

    def passes(self, stories: Sequence[StoryPieces]) -> list[bool]:
        """Whether each story has to be read."""
        passed = [has_cue(pieces.story, only_to_read=True) for pieces in stories]
        others = [pieces for pieces, cued in zip(stories, passed, strict=True) if not cued]
        lit = iter([score >= self._threshold for score in self.story_scores(others)])
        return [cued or next(lit) for cued in passed]

    def story_scores(self, stories: Sequence[StoryPieces]) -> list[float]:
        """The score of each story's most telling word piece; -inf where it has none."""
        if not stories:
            return []
        laid, firsts = self._lay([pieces.of(field).ids for pieces in stories for field in FIELDS])
        scores = np.where(laid == self._nothing, -np.inf, self._read(laid))
        return np.maximum.reduceat(scores, firsts[:: len(FIELDS)]).tolist()

    def scores(self, fields: Sequence[Sequence[int]]) -> list[NDArray[np.float64]]:
        """How much each word piece speaks of a complaint, log-odds, for each list of piece ids."""
        laid, firsts = self._lay(fields)
        scores = self._read(laid)
        return [scores[first : first + len(field)] for field, first in zip(fields, firsts, strict=True)]

    def _lay(self, fields: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], list[int]]:
        """All ids in a row, nothing after each field as far as the network reaches, and where each begins."""
        edge = [self._nothing] * max(1, self._reach // 2)
        row: list[int] = []
        firsts: list[int] = []
        for field in fields:
            firsts.append(len(row))
            row += field
            row += edge
        return np.array(row, dtype=np.int64), firsts

    def _read(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The score of each of ``ids`` in a row: shape (ids,)."""
        around = self._rows_of(np.pad(ids, self._reach // 2, constant_values=self._nothing))
        scores = np.empty(len(ids))
        for start in range(0, len(ids), _CHUNK):
            stop = min(start + _CHUNK, len(ids))
            sums = self._biases + self._parts[around[start:stop], 0]
            for place in range(1, self._reach):
                sums += self._parts[around[start + place : stop + place], place]
            # Not as a product of matrices: that may wait for a second thread.
            scores[start:stop] = np.einsum("ij,j->i", np.maximum(sums, 0, out=sums), self._weights)
        return self._unit * (scores + self._bias)

    def _rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the parts of ``ids`` stand; works out those of pieces that come up for the first time."""
        rows = self._row[ids]
        if (rows >= 0).all():
            return rows
        with self._learning:  # another thread may have met the same pieces meanwhile
            self._learn(np.unique(ids[self._row[ids] < 0]))
        return self._row[ids]

    def _learn(self, new: NDArray[np.int64]) -> None:
        # The product is small: on a busy machine, waiting for a second thread takes a hundred times as long.
        with self._blas.limit(limits=1):
            parts = self._embeddings[new].astype(np.float32) @ self._filters
        rows = np.arange(self._rows, self._rows + len(new))
        self._parts[rows] = parts.reshape(len(new), *self._parts.shape[1:])
        self._row[new] = rows  # no piece is known before its parts are there
        self._rows += len(new)
