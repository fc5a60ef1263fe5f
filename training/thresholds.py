"""Chooses, on dev, from which probability a label is clear and from which a person should look.

Each label starts at the threshold with its best F1: the middle one of many resampled dev sets. Then recall
comes first: the thresholds of all labels that pause moderation are lowered together, until we can be
confident (lower 95% bound, so that few dev stories cannot flatter us) that the share of stories paused, of
those to pause, reaches a floor. The thresholds of all labels lowered further, as far as the share of dev
stories that this sends to a person stays within a budget, become those for review: a complaint that may have
ended may as well be open, so `completed` is lowered with the others.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from classifier.bundle import Thresholds
from classifier.labels import LABELS, Label
from training.evaluate import PAUSING

LIVE_RATE = 0.01
"""Share of stories at the live site that speak of a complaint; training sets are far richer."""

PAUSE_RECALL_FLOOR = 0.93
REVIEW_BUDGET = 0.03
"""Largest share of dev stories sent to a person; a live site has fewer near misses, and sends fewer."""

_PAUSING = np.array([label in PAUSING for label in LABELS])
_STEPS = np.arange(0.0, 6.01, 0.02)
"""How far thresholds may be lowered together, in log-odds."""
_UNDECIDED = 0.0
_RESAMPLES = 500
_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a recall floor for pausing costs, estimated on dev.

    ``recall``: share of stories that should pause and do. ``false_pauses_per_1000``: at the live rate, out of
    1,000 stories; ``..._at_most``: its upper 95% bound.
    """

    recall_floor: float
    recall: float
    false_pauses_per_1000: float
    false_pauses_per_1000_at_most: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """What thresholds do to the decision to pause: shares in 0..1, and false pauses as in ``Price``.

    The precision is that of the stories at hand, which are far richer in complaints than a live site.
    """

    recall: float
    precision: float
    false_pauses_per_1000: float
    false_pauses_per_1000_at_most: float


def choose_thresholds(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> dict[Label, Thresholds]:
    """Both thresholds of each label; ``probabilities`` (in 0..1) and ``held`` have shape (stories, 4)."""
    best = best_thresholds(probabilities, held)
    clear = lower_to(best, probabilities, held, floor=PAUSE_RECALL_FLOOR)
    review = lower_within(clear, probabilities, budget=REVIEW_BUDGET)
    return {
        label: Thresholds(review=_rounded_down(review[n]), clear=_rounded_down(clear[n]))
        for n, label in enumerate(LABELS)
    }


def _rounded_down(threshold: float) -> float:
    """To four places, downwards: no story that reached the threshold falls below it."""
    return float(np.floor(threshold * 1e4) / 1e4)


def best_thresholds(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The threshold with the best F1 of each label, in 0.01..0.99, shape (4,).

    It is the median over dev sets drawn again with replacement: F1 is nearly flat about its best, and on the
    one dev set a single story can throw its peak from one end of the plateau to the other.
    """
    columns = zip(probabilities.T, held.T, strict=True)
    return np.clip(np.array([_middle_best(column, truth) for column, truth in columns]), 0.01, 0.99)


def _middle_best(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    # A label that no dev story has tells nothing: one half, which is what a probability means.
    if not truth.any():
        return 0.5
    dice = np.random.default_rng(_SEED)
    draws = (dice.integers(0, len(truth), size=len(truth)) for _ in range(_RESAMPLES))
    return float(
        np.median([best_f1_threshold(scores[rows], truth[rows]) for rows in draws if truth[rows].any()])
    )


def lower_to(
    thresholds: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    held: NDArray[np.bool_],
    *,
    floor: float,
) -> NDArray[np.float64]:
    """``thresholds``, those of pausing labels lowered together by as little as reaches the recall ``floor``.

    Where nothing reaches it, because there are too few stories to be so sure, they stay as they are.
    """
    should = held[:, _PAUSING].any(axis=1)
    for step in _STEPS:
        lowered = move(thresholds, log_odds=-step)
        found = int((probabilities >= lowered)[:, _PAUSING].any(axis=1)[should].sum())
        if recall_bound(found, int(should.sum())) >= floor:
            return lowered
    return thresholds


def lower_within(
    thresholds: NDArray[np.float64], probabilities: NDArray[np.float64], *, budget: float
) -> NDArray[np.float64]:
    """``thresholds``, those of all labels lowered together, as far as ``budget`` allows.

    Not only as far as it finds more on dev: there the stories still missed are too few to say where to stop.

    ``budget`` is the largest share of stories, in 0..1, that may go to a person: those that are not paused
    and reach the lowered threshold of a label, but not the one given.
    """
    clear = probabilities >= thresholds
    paused = clear[:, _PAUSING].any(axis=1)
    chosen = thresholds
    for step in _STEPS:
        lowered = _shift(thresholds, -step)
        reviewed = ~paused & ((probabilities >= lowered) & ~clear).any(axis=1)
        if reviewed.mean() > budget:
            break
        chosen = lowered
    return chosen


def move(thresholds: NDArray[np.float64], *, log_odds: float) -> NDArray[np.float64]:
    """``thresholds`` in 0..1, shape (4,), those of pausing labels moved together, upwards where positive."""
    return np.where(_PAUSING, _shift(thresholds, log_odds), thresholds)


def _shift(probabilities: NDArray[np.float64], log_odds: float) -> NDArray[np.float64]:
    return 1.0 / (1.0 + (1.0 - probabilities) / probabilities * np.exp(-log_odds))


def recall_bound(found: int, positives: int) -> float:
    """Lower 95% confidence bound (one-sided, Clopper-Pearson) of ``found`` out of ``positives``."""
    return 0.0 if found == 0 else float(beta.ppf(0.05, found, positives - found + 1))


def price(
    probabilities: NDArray[np.float64],
    held: NDArray[np.bool_],
    *,
    floors: tuple[float, ...] = (0.85, 0.90, 0.93, 0.95, 0.97),
) -> tuple[Price, ...]:
    """What each floor would cost in false pauses at the live rate."""
    best = best_thresholds(probabilities, held)
    return tuple(
        _price(floor, lower_to(best, probabilities, held, floor=floor), probabilities, held)
        for floor in floors
    )


def _price(
    floor: float, thresholds: NDArray[np.float64], probabilities: NDArray[np.float64], held: NDArray[np.bool_]
) -> Price:
    found = pause_at(thresholds, probabilities, held)
    return Price(
        recall_floor=floor,
        recall=found.recall,
        false_pauses_per_1000=found.false_pauses_per_1000,
        false_pauses_per_1000_at_most=found.false_pauses_per_1000_at_most,
    )


def pause_at(
    thresholds: NDArray[np.float64], probabilities: NDArray[np.float64], held: NDArray[np.bool_]
) -> Pausing:
    """What ``thresholds``, shape (4,), do; ``probabilities`` and ``held`` have shape (stories, 4)."""
    paused = (probabilities >= thresholds)[:, _PAUSING].any(axis=1)
    should = held[:, _PAUSING].any(axis=1)
    wrong, quiet = int(paused[~should].sum()), int((~should).sum())
    return Pausing(
        recall=float(paused[should].mean()) if should.any() else 1.0,
        precision=float(should[paused].mean()) if paused.any() else 1.0,
        false_pauses_per_1000=1000 * (1 - LIVE_RATE) * wrong / max(quiet, 1),
        false_pauses_per_1000_at_most=1000 * (1 - LIVE_RATE) * _upper_bound(wrong, quiet),
    )


def _upper_bound(wrong: int, quiet: int) -> float:
    return 1.0 if wrong >= quiet else float(beta.ppf(0.95, wrong + 1, quiet - wrong))


def best_f1_threshold(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """The threshold (a score that reaches it counts) with the best F1; of equals the highest.

    It lies halfway between the scores it parts, and at minus infinity where every story had best count.
    0 where there is nothing to choose by: no story holds the label, or all scores are the same. Both
    arrays have shape (stories,).
    """
    if not truth.any() or scores.min() == scores.max():
        return _UNDECIDED
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order].astype(np.float64), truth[order]
    f1 = 2 * np.cumsum(right) / (np.arange(1, len(right) + 1) + right.sum())
    below = np.append(ranked[1:], -np.inf)
    f1[:-1][ranked[:-1] == below[:-1]] = 0.0  # no threshold parts equal scores
    best = int(np.argmax(f1))
    return float((ranked[best] + below[best]) / 2)
