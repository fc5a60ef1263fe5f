"""Words and pairs of words, weighed: the usual first model for text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from training.baselines.baseline import whole_text
from training.baselines.scored import OneVsRest, ScoredBaseline, held
from training.settings import TrainingSettings
from training.stories import LabelledStory


class TfidfLogisticRegression(ScoredBaseline):
    """TF-IDF of words and word pairs, and a logistic regression for each label."""

    name = "tfidf-logistic-regression"

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self._seed = settings.seed
        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)

    def learn(self, train: Sequence[LabelledStory]) -> None:
        """Needs words that at least two stories share; rarer ones are left out."""
        features = self._words.fit_transform([whole_text(labelled.story) for labelled in train])
        self._labels = OneVsRest.over(features, held(train), scorer=self._regression)

    def scores(self, stories: Sequence[LabelledStory]) -> NDArray[np.float64]:
        """Logits, shape (stories, 4)."""
        return self._labels.scores(self._words.transform([whole_text(s.story) for s in stories]))

    def _regression(self) -> LogisticRegression:
        return LogisticRegression(class_weight="balanced", max_iter=1000, random_state=self._seed)
