"""Labels that an unseeing opinion speaks against: confident learning, by the library cleanlab.

Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in dataset labels", 2021; for several
labels a story: Thyagarajan et al., "Identifying incorrect annotations in multi-label classification data",
2022.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from cleanlab.multilabel_classification.rank import get_label_quality_scores
from numpy.typing import NDArray

from classifier.labels import LABELS, Label, in_order
from training.audit.opinions import Opinion
from training.stories import LabelledStory, held


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A story whose labels a reader should look at again.

    ``score``: how well the given labels fit the opinion, in 0..1; the least comes first. ``quotes``: for each
    label that is doubted the words given as evidence, for each that is missed the most telling sentence.
    """

    id: str
    given: tuple[Label, ...]
    suggested: tuple[Label, ...]
    score: float
    quotes: tuple[str, ...]
    borderline: bool


def find_suspicions(stories: Sequence[LabelledStory], *, opinion: Opinion) -> list[Suspicion]:
    """The stories with a doubtful label, most doubtful first; ``opinion`` is of the same stories."""
    truth = held(stories)
    doubted, scores = doubts(truth, opinion.probabilities)
    order = [int(number) for number in np.argsort(scores, kind="stable") if doubted[number].any()]
    return [
        _suspicion(stories[number], number, doubted[number], float(scores[number]), opinion)
        for number in order
    ]


def doubts(
    truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which labels are doubted, shape (stories, 4), and how well each story's labels fit, shape (stories,).

    A label that no story holds, or every one does, cannot be doubted.
    """
    known = truth.any(axis=0) & ~truth.all(axis=0)
    doubted, scores = np.zeros_like(truth), np.ones(len(truth))
    if known.any():
        lists = [np.flatnonzero(row).tolist() for row in truth[:, known]]
        # One process: the work takes a second, and starting others would take longer.
        doubted[:, known] = find_multilabel_issues_per_class(lists, probabilities[:, known], n_jobs=1)
        scores = get_label_quality_scores(lists, probabilities[:, known])
    return doubted, scores


def _suspicion(
    labelled: LabelledStory, number: int, doubted: NDArray[np.bool_], score: float, opinion: Opinion
) -> Suspicion:
    changed = [label for label, yes in zip(LABELS, doubted, strict=True) if yes]
    return Suspicion(
        id=labelled.id,
        given=labelled.labels,
        suggested=in_order(set(labelled.labels) ^ set(changed)),
        score=score,
        quotes=tuple(dict.fromkeys(_quote(labelled, number, label, opinion) for label in changed)),
        borderline=labelled.borderline,
    )


def _quote(labelled: LabelledStory, number: int, label: Label, opinion: Opinion) -> str:
    given = [labelled.story.quote(quote.span) for quote in labelled.evidence if quote.label is label]
    return given[0] if given else opinion.telling(number, label)
