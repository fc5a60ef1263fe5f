"""How much more stories would help: the same training on growing shares of the training stories.

Shares are nested and made of whole families (``splits.families``), so that a point differs from the one
before only by what was added. Dev chooses each point's thresholds as in a real run and measures it too: the
curve compares shares with each other, and says nothing of the frozen test set.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from classifier.bundle import probabilities
from classifier.labels import LABELS, Label
from training.evaluate import judge_labels, label_rate, macro_f1, settled
from training.plots import draw_learning_curve
from training.run import cues_of, find_decisions
from training.settings import SettingsError, TrainingSettings
from training.splits import families, split
from training.stories import LabelledStory, RecordError, held, read_stories
from training.tracking import Tracking
from training.train import predict_logits, remember, train_encoder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePlan:
    """What to train on in which shares (in 0..1, growing), where to work, how to train."""

    stories: Path
    work: Path
    shares: tuple[float, ...]
    settings: TrainingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A share of the training stories, and the folder that its training resumes from."""

    share: float
    stories: tuple[LabelledStory, ...]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a share of the stories gives on settled dev stories; figures in 0..1.

    ``average_precision``: how well stories are ranked by a label; None for a label that no dev story has.
    """

    share: float
    stories: int
    macro_f1: float
    f1: dict[Label, float]
    average_precision: dict[Label, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON and MLflow."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCurve:
    """Checked parts, smallest first, and the dev stories that measure them all."""

    parts: tuple[Part, ...]
    dev: tuple[LabelledStory, ...]


def read_shares(words: str) -> tuple[float, ...]:
    """Shares from words such as ``0.25,0.5,1``.

    Raises:
        SettingsError: not numbers in 0..1 (0 excluded), or not growing.
    """
    try:
        shares = tuple(float(word) for word in words.split(","))
    except ValueError:
        shares = ()
    grows = all(one < other for one, other in pairwise(shares))
    if not (shares and grows and all(0 < share <= 1 for share in shares)):
        raise SettingsError(f'shares: "{words}" are not growing numbers up to 1. Write them like 0.25,0.5,1.')
    return shares


def prepare_curve(plan: CurvePlan) -> PreparedCurve:
    """Reads, splits and shares out the stories; whatever would stop the runs is refused before any log.

    Raises:
        RecordError: stories that cannot be read, or too few. SettingsError: a folder holds another run.
    """
    splits = split(read_stories(plan.stories))
    if not settled(splits.dev):
        raise RecordError(f"{plan.stories}: no dev story. Give the folder that models are trained from.")
    parts = tuple(
        Part(share=share, stories=chosen, folder=plan.work / f"share-{share:g}")
        for share, chosen in share_out(splits.train, shares=plan.shares, seed=plan.settings.seed).items()
    )
    for part in parts:
        if not part.stories:
            raise RecordError(f"{plan.stories}: no story in a share of {part.share:g}. Give a larger one.")
        remember(part.folder, plan.settings, part.stories)
    return PreparedCurve(parts=parts, dev=splits.dev)


def share_out(
    stories: Sequence[LabelledStory], *, shares: Sequence[float], seed: int
) -> dict[float, tuple[LabelledStory, ...]]:
    """Nested shares of whole families, drawn by ``seed``; a share never exceeds its part of the stories."""
    groups = families(list(stories))
    order = np.random.default_rng(seed).permutation(len(groups))
    ends = np.cumsum([len(groups[place]) for place in order])
    found = {}
    for share in shares:
        count = int(np.searchsorted(ends, share * len(stories) + 1e-9, side="right"))
        chosen = {labelled.id for place in order[:count] for labelled in groups[place]}
        found[share] = tuple(labelled for labelled in stories if labelled.id in chosen)
    return found


def run_curve(
    prepared: PreparedCurve, settings: TrainingSettings, *, tracking: Tracking
) -> tuple[Point, ...]:
    """Trains and measures every part, smallest first; each is a child run of ``tracking``."""
    tracking.settings(settings.to_dict())
    points = tuple(_point(part, prepared.dev, settings, tracking) for part in prepared.parts)
    tracking.plots({"learning_curve": draw_learning_curve([point.to_dict() for point in points])})
    return points


def _point(
    part: Part, dev: tuple[LabelledStory, ...], settings: TrainingSettings, tracking: Tracking
) -> Point:
    with tracking.child(f"share {part.share:g}") as child:
        child.settings(settings.to_dict() | {"share": part.share})
        trained = train_encoder(
            part.stories, dev, settings=settings, folder=part.folder, callbacks=(child.curves(),)
        )
        logits = predict_logits(trained.model, dev, tokenizer=trained.tokenizer, settings=settings)
        point = measure_point(part, logits, dev)
        child.figures(point.to_dict())
    logger.info("share %g, %d stories: macro-F1 %.3f", point.share, point.stories, point.macro_f1)
    return point


def measure_point(part: Part, logits: NDArray[np.float32], dev: tuple[LabelledStory, ...]) -> Point:
    """What uncalibrated dev logits, shape (stories, 4), are worth once calibrated and thresholded on dev."""
    decisions = find_decisions(logits, dev)
    stated = probabilities(logits, calibration=decisions.calibration, cue=cues_of(dev))
    sure = np.array([not labelled.borderline for labelled in dev])
    clear = np.array([decisions.thresholds[label].clear for label in LABELS])
    rows = stated[sure] >= clear
    read = [frozenset(label for label, holds in zip(LABELS, row, strict=True) if holds) for row in rows]
    judged = judge_labels(settled(dev), read)
    return Point(
        share=part.share,
        stories=len(part.stories),
        macro_f1=macro_f1(judged),
        f1={label: label_rate(judged, label).f1 for label in LABELS},
        average_precision=_average_precision(stated[sure], held(settled(dev))),
    )


def _average_precision(stated: NDArray[np.float64], truth: NDArray[np.bool_]) -> dict[Label, float | None]:
    return {
        label: float(average_precision_score(truth[:, column], stated[:, column]))
        if truth[:, column].any()
        else None
        for column, label in enumerate(LABELS)
    }


def write_curve(out: Path, points: Sequence[Point], *, plan: CurvePlan) -> tuple[Path, Path]:
    """Writes ``out``.json and ``out``.png; returns both paths."""
    out.parent.mkdir(parents=True, exist_ok=True)
    figures, plot = out.with_name(f"{out.name}.json"), out.with_name(f"{out.name}.png")
    plain = [point.to_dict() for point in points]
    content = {"settings": plan.settings.to_dict(), "points": plain}
    figures.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draw_learning_curve(plain).savefig(plot, dpi=150)
    return figures, plot
