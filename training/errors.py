"""Where a model goes wrong: slices of the stories with their intervals, and the worst of them.

A slice counts as weak by the *upper* bound of its interval: how far it surely lies below all stories
together. A tiny slice with a bad day has a wide interval and does not come first; slices of fewer than
``LEAST`` stories are pooled, and figures that rest on fewer than ``LEAST`` stories are marked and not ranked.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ComplaintContextError
from training.bootstrap import middle, resample
from training.evaluate import Judged
from training.missed import Missed, find_missed
from training.slices import DIMENSIONS, ORDERS

LEAST = 10
"""Fewest stories that a slice or a figure may rest on and still be ranked."""

FIGURES = ("exact", "pause_recall", "pause_precision")


class NoStoriesError(ComplaintContextError):
    """There is nothing to analyse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A share of ``of`` stories, in 0..1, with its 95% interval; ``small``: of too few to rank."""

    value: float
    low: float
    high: float
    of: int
    small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some of the stories and how well the model does on them.

    ``exact``: stories whose label set is just right; it serves every slice, while macro-F1 asks for
    stories of all four labels. A figure is None where there is nothing to measure: no story that should
    pause, or, for the precision, none that was paused.
    """

    dimension: str
    name: str
    stories: int
    exact: Estimate
    pause_recall: Estimate | None
    pause_precision: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """A slice's figure beside that of all stories.

    ``below``: how far it surely lies below, that is ``whole`` less the upper bound; negative where that is
    not sure.
    """

    figure: str
    dimension: str
    name: str
    estimate: Estimate
    whole: float
    below: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """All that the analysis found; ``worst`` are the weakest of ``compared`` figures of slices."""

    whole: Slice
    slices: tuple[Slice, ...]
    worst: tuple[Weakness, ...]
    compared: int
    missed: tuple[Missed, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def find_errors(judged: Sequence[Judged], *, most_worst: int = 12, seed: int = 1) -> Errors:
    """The analysis of judged stories; leave borderline ones out beforehand.

    Raises:
        NoStoriesError: there is no story.
    """
    if not judged:
        raise NoStoriesError("errors: no settled story to look at. Name more stories, or another split.")
    whole = measure_slice(judged, dimension="all", name="all stories", seed=seed)
    slices = tuple(
        measure_slice(some, dimension=dimension, name=name, seed=seed)
        for dimension in DIMENSIONS
        for name, some in cut(judged, dimension=dimension).items()
    )
    weak = find_weaknesses(slices, whole=whole)
    return Errors(
        whole=whole,
        slices=slices,
        worst=weak[:most_worst],
        compared=len(weak),
        missed=find_missed(judged),
    )


def cut(judged: Sequence[Judged], *, dimension: str) -> dict[str, list[Judged]]:
    """The stories by their slices in one dimension; small slices are pooled at the end.

    Slices stand in their natural order (bands of words, labels), else the largest first. A single
    small slice stays as it is: there is nothing to pool it with.
    """
    groups: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        for name in DIMENSIONS[dimension](item.labelled):
            groups[name].append(item)
    by_size = sorted(groups, key=lambda name: (-len(groups[name]), name))
    ranked = [name for name in ORDERS.get(dimension, by_size) if name in groups]
    small = [name for name in ranked if len(groups[name]) < LEAST]
    if len(small) < 2:
        return {name: groups[name] for name in ranked}
    members = {item.labelled.id for name in small for item in groups[name]}
    pool = {f"{len(small)} smaller ones together": [i for i in judged if i.labelled.id in members]}
    return {name: groups[name] for name in ranked if name not in small} | pool


def measure_slice(judged: Sequence[Judged], *, dimension: str, name: str, seed: int = 1) -> Slice:
    """The figures of a slice of at least one story."""
    counts = _counts(judged)
    # Where nothing should pause, every pause is wrong: a precision of 0 would say less than ``exact`` does.
    counts[:, FIGURES.index("pause_precision")] &= counts[:, FIGURES.index("pause_recall"), 1].any()
    drawn = resample(counts, seed=seed)
    estimates = [_estimate(counts[:, n].sum(axis=0), drawn[:, n]) for n in range(len(FIGURES))]
    exact, pause_recall, pause_precision = estimates
    return Slice(
        dimension=dimension,
        name=name,
        stories=len(judged),
        exact=exact,
        pause_recall=pause_recall,
        pause_precision=pause_precision,
    )


def _counts(judged: Sequence[Judged]) -> NDArray[np.bool_]:
    """What each story adds to each of FIGURES: to its part and to its whole, shape (stories, 3, 2)."""
    rows = [
        [
            (item.exact, True),
            (item.should_pause and item.paused, item.should_pause),
            (item.should_pause and item.paused, item.paused),
        ]
        for item in judged
    ]
    return np.array(rows, dtype=np.bool_)


def _estimate(counts: NDArray[np.int_], drawn: NDArray[np.float64]) -> Estimate | None:
    """``counts``: part and whole, shape (2,); ``drawn``: the same for each draw, shape (draws, 2)."""
    part, whole = counts.tolist()
    if not whole:
        return None
    some = drawn[drawn[:, 1] > 0]
    low, high = middle(some[:, 0] / some[:, 1])
    return Estimate(value=part / whole, low=low, high=high, of=whole, small=whole < LEAST)


def find_weaknesses(slices: Sequence[Slice], *, whole: Slice) -> tuple[Weakness, ...]:
    """Every figure of every slice that rests on enough stories, the surest weakness first."""
    found = []
    for part in slices:
        for figure in FIGURES:
            estimate, all_of = getattr(part, figure), getattr(whole, figure)
            if estimate is not None and not estimate.small and part.stories < whole.stories:
                found.append(
                    Weakness(
                        figure=figure,
                        dimension=part.dimension,
                        name=part.name,
                        estimate=estimate,
                        whole=all_of.value,
                        below=all_of.value - estimate.high,
                    )
                )
    return tuple(sorted(found, key=lambda weakness: -weakness.below))
