"""Chooses, on dev, from which probability a label is clear and from which a person should look.

The rule: recall first, then as few false alarms as can be. A threshold is the highest one at which we can be
confident (lower 95% bound, so that few dev stories cannot flatter us) that recall reaches a floor.
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

CLEAR_RECALL_FLOOR = 0.85
REVIEW_RECALL_FLOOR = 0.95
LOWEST_REVIEW = 0.02
"""Below this probability nobody is asked to look, however rare the label."""


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


def choose_thresholds(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> dict[Label, Thresholds]:
    """Both thresholds of each label; ``probabilities`` (in 0..1) and ``held`` have shape (stories, 4)."""
    chosen = {}
    for column, label in enumerate(LABELS):
        scores = probabilities[held[:, column], column]
        clear = threshold_for(scores, floor=CLEAR_RECALL_FLOOR)
        review = max(LOWEST_REVIEW, threshold_for(scores, floor=REVIEW_RECALL_FLOOR))
        chosen[label] = Thresholds(review=min(review, clear), clear=clear)
    return chosen


def threshold_for(positives: NDArray[np.float64], *, floor: float) -> float:
    """The highest threshold that keeps recall over ``floor`` with 95% confidence.

    ``positives``: probabilities of the stories that have the label. Where there are too few of them to be so
    sure at any threshold, the lowest of them; without any, 0.5. Always in 0..1, above 0, to four places.
    """
    if not len(positives):
        return 0.5
    ranked = np.sort(positives)
    keepable = [n for n in range(len(ranked)) if recall_bound(len(ranked) - n, len(ranked)) >= floor]
    at = ranked[max(keepable)] if keepable else ranked[0]
    return float(np.clip(np.floor(at * 1e4) / 1e4, 1e-4, 1.0))


def recall_bound(found: int, positives: int) -> float:
    """Lower 95% confidence bound (one-sided, Clopper-Pearson) of ``found`` out of ``positives``."""
    return 0.0 if found == 0 else float(beta.ppf(0.05, found, positives - found + 1))


def price(
    probabilities: NDArray[np.float64],
    held: NDArray[np.bool_],
    *,
    floors: tuple[float, ...] = (0.75, 0.80, 0.85, 0.90, 0.95),
) -> tuple[Price, ...]:
    """What each floor would cost in false pauses at the live rate."""
    return tuple(_price(probabilities, held, floor) for floor in floors)


def _price(probabilities: NDArray[np.float64], held: NDArray[np.bool_], floor: float) -> Price:
    pausing = [column for column, label in enumerate(LABELS) if label in PAUSING]
    cuts = np.array([threshold_for(probabilities[held[:, c], c], floor=floor) for c in pausing])
    paused = (probabilities[:, pausing] >= cuts).any(axis=1)
    should = held[:, pausing].any(axis=1)
    wrong, quiet = int(paused[~should].sum()), int((~should).sum())
    return Price(
        recall_floor=floor,
        recall=float(paused[should].mean()) if should.any() else 1.0,
        false_pauses_per_1000=1000 * (1 - LIVE_RATE) * wrong / max(quiet, 1),
        false_pauses_per_1000_at_most=1000 * (1 - LIVE_RATE) * _upper_bound(wrong, quiet),
    )


def _upper_bound(wrong: int, quiet: int) -> float:
    return 1.0 if wrong >= quiet else float(beta.ppf(0.95, wrong + 1, quiet - wrong))
