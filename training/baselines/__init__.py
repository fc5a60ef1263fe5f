"""What the trained model must beat, measured in the same run on the same splits.

Four ways, from an afternoon's work to the usual fine-tuning: keyword rules, TF-IDF with logistic regression,
sentence embeddings with an SVM, and a stock sequence classifier on the same base encoder.
"""

from pathlib import Path

from training.baselines.baseline import Baseline
from training.baselines.embeddings import EmbeddingsSvm
from training.baselines.keywords import Keywords
from training.baselines.scored import ScoredBaseline, best_f1_threshold
from training.baselines.sequences import SequenceClassification
from training.baselines.tfidf import TfidfLogisticRegression
from training.settings import TrainingSettings

__all__ = [
    "Baseline",
    "EmbeddingsSvm",
    "Keywords",
    "ScoredBaseline",
    "SequenceClassification",
    "TfidfLogisticRegression",
    "all_baselines",
    "best_f1_threshold",
]


def all_baselines(settings: TrainingSettings, *, folder: Path) -> tuple[Baseline, ...]:
    """Every baseline, unfitted, cheapest first; checkpoints of those that train are kept under ``folder``."""
    return (
        Keywords(),
        TfidfLogisticRegression(settings),
        EmbeddingsSvm(settings),
        SequenceClassification(settings, folder=folder),
    )
