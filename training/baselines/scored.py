"""Baselines that score each label and hold it from a threshold on, chosen on dev for the best F1.

A score is on the scale of a logit or a distance from a boundary: 0 is undecided, more is more likely.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from classifier.labels import LABELS, Label
from training.stories import LabelledStory, held
from training.thresholds import best_f1_threshold


class ScoredBaseline(ABC):
    """Learns to score, then takes one threshold a label from dev."""

    name: str

    def __init__(self) -> None:
        self._thresholds: NDArray[np.float64] | None = None

    @abstractmethod
    def learn(self, train: Sequence[LabelledStory]) -> None:
        """Makes ``scores`` possible."""

    @abstractmethod
    def scores(self, stories: Sequence[LabelledStory]) -> NDArray[np.float64]:
        """Shape (stories, 4), for at least one story."""

    def fit(self, train: Sequence[LabelledStory], dev: Sequence[LabelledStory]) -> Self:
        """Learns from ``train``, chooses thresholds on ``dev`` (without a dev story: 0)."""
        self.learn(train)
        scores = self.scores(dev) if dev else np.zeros((0, len(LABELS)))
        columns = zip(scores.T, held(dev).T, strict=True)
        self._thresholds = np.array([best_f1_threshold(column, truth) for column, truth in columns])
        return self

    def predict(self, stories: Sequence[LabelledStory]) -> list[frozenset[Label]]:
        """The labels that reach their thresholds.

        Raises:
            NotFittedError: before ``fit``.
        """
        if self._thresholds is None:
            raise NotFittedError(f"{self.name}: has learnt nothing yet. Call fit first.")
        if not stories:
            return []
        reached = self.scores(stories) >= self._thresholds
        return [frozenset(label for label, yes in zip(LABELS, row, strict=True) if yes) for row in reached]


class BinaryScorer(Protocol):
    """A scikit-learn estimator that tells two classes apart."""

    def fit(self, features: Any, truth: NDArray[np.bool_]) -> Any:
        """Learns from features, (stories, n), and truth, (stories,)."""

    def decision_function(self, features: Any) -> NDArray[np.float64]:
        """Shape (stories,); above 0 means the label holds."""


@dataclass(frozen=True, slots=True)
class OneVsRest:
    """One scorer for each label, in the order of ``LABELS``.

    None stands for a label that no training story held, or every one did: no boundary can be learnt,
    so ``constant`` gives -1 or 1 for every story.
    """

    scorers: tuple[BinaryScorer | None, ...]
    constant: tuple[float, ...]

    @classmethod
    def over(cls, features: Any, truth: NDArray[np.bool_], *, scorer: Callable[[], BinaryScorer]) -> Self:
        """Fits a fresh ``scorer()`` to each column of ``truth``, shape (stories, 4)."""
        learnable = [column.any() and not column.all() for column in truth.T]
        scorers = tuple(scorer() if yes else None for yes in learnable)
        for one, column in zip(scorers, truth.T, strict=True):
            if one is not None:
                one.fit(features, column)
        return cls(scorers, tuple(1.0 if column.all() else -1.0 for column in truth.T))

    def scores(self, features: Any) -> NDArray[np.float64]:
        """Shape (stories, 4)."""
        columns = [
            np.full(features.shape[0], constant) if scorer is None else scorer.decision_function(features)
            for scorer, constant in zip(self.scorers, self.constant, strict=True)
        ]
        return np.column_stack(columns)
