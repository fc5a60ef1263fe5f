"""One vector a story, and a support vector machine on top."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import SVC

from training.baselines.batches import first_word_pieces, read_by_length
from training.baselines.scored import OneVsRest, ScoredBaseline, held
from training.settings import TrainingSettings
from training.stories import LabelledStory
from training.train import new_model

WORD_PIECES = 256
"""What the stock sentence encoder reads of a text, special tokens included."""


class EmbeddingsSvm(ScoredBaseline):
    """Sentence embeddings of the untouched base encoder, and an RBF support vector machine for each label.

    This is the method behind the NHS website's published rule that spots complaints among reviews (binary
    F1 0.86 on its own data, where the question is only whether a review is a complaint).
    """

    name = "embeddings-svm"

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self._settings = settings

    def learn(self, train: Sequence[LabelledStory]) -> None:
        """The encoder learns nothing; only the boundaries are fitted."""
        features = embed(train, settings=self._settings)
        self._labels = OneVsRest.over(features, held(train), scorer=lambda: SVC(class_weight="balanced"))

    def scores(self, stories: Sequence[LabelledStory]) -> NDArray[np.float64]:
        """Signed distances from the boundaries, shape (stories, 4)."""
        return self._labels.scores(embed(stories, settings=self._settings))


def embed(stories: Sequence[LabelledStory], *, settings: TrainingSettings) -> NDArray[np.float32]:
    """The mean over a story's tokens, scaled to length 1; shape (stories, hidden)."""
    model = new_model(settings).eval()
    rows = first_word_pieces(stories, settings=settings, limit=WORD_PIECES)

    def read(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        tokens = model.base_model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        mean = (tokens * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=-1)

    return read_by_length(rows, read=read, device=model.device)
