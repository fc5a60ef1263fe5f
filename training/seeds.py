"""The same training from several seeds: how far chance carries, and which encoder is released.

A seed decides order, dropout and augmentation; all start from the same weights, the head included, so the
mean of their weights is an encoder too. Of the seeds and their mean, the one that ranks dev best is released:
the frozen test set is measured for each and chooses nothing.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from transformers import PreTrainedModel

from training.comments import CommentFigures
from training.evaluate import Figures
from training.stories import LabelledStory, held
from training.train import TrainedEncoder

MEAN = "mean of weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFigures:
    """One encoder: its name ("seed 1", or ``MEAN``) and figures in 0..1 (None where nothing was measured).

    ``dev_average_precision`` is the mean over the labels, on settled dev stories; the others are of settled
    test stories, but for ``comments``: the counts on outside ones.
    """

    name: str
    dev_average_precision: float
    macro_f1: float
    exact: float
    pause_recall: float
    pause_precision: float
    pause_or_review: float
    review_share: float
    evidence_overlap: float | None
    comments: dict[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def mean_of_weights(trained: Sequence[TrainedEncoder]) -> TrainedEncoder:
    """An encoder whose every weight is the mean of those of ``trained``; its log is the first's."""
    model: PreTrainedModel = deepcopy(trained[0].model)
    states = [one.model.state_dict() for one in trained]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if weight.is_floating_point()
        else weight
        for name, weight in states[0].items()
    }
    model.load_state_dict(mean)
    return TrainedEncoder(model.eval(), trained[0].tokenizer, trained[0].log)


def seed_figures(
    name: str,
    *,
    logits: NDArray[np.float32],
    dev: Sequence[LabelledStory],
    test: Figures,
    comments: CommentFigures | None,
) -> SeedFigures:
    """Figures of one encoder; ``logits`` are its uncalibrated ones of dev, shape (stories, 4)."""
    sure = np.array([not labelled.borderline for labelled in dev])
    return SeedFigures(
        name=name,
        dev_average_precision=float(average_precision_score(held(dev)[sure], logits[sure], average="macro")),
        macro_f1=test.macro_f1,
        exact=test.exact,
        pause_recall=test.pause.recall,
        pause_precision=test.pause.precision,
        pause_or_review=test.held_recall,
        review_share=test.review,
        evidence_overlap=test.evidence,
        comments=comments.counts() if comments else None,
    )


def best_on_dev(figures: Sequence[SeedFigures]) -> int:
    """Position of the encoder with the highest average precision on dev; the earliest of equals."""
    return max(range(len(figures)), key=lambda place: figures[place].dev_average_precision)
