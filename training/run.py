"""A whole training run, from labelled stories to a measured bundle. Reads as a table of contents."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifier.assess import ComplaintClassifier
from classifier.bundle import probabilities
from classifier.cues import has_cue
from classifier.encoder import Encoder
from classifier.labels import LABELS
from classifier.windows import read_windows
from training.agreement import agreement
from training.baselines import all_baselines
from training.behaviour import BehaviourFigures, measure_behaviour, read_cases, run_cases
from training.calibrate import calibrate, calibration_error
from training.card import write_card
from training.columns import Column, measure_columns
from training.comments import CommentFigures, measure_comments, read_comments
from training.evaluate import Figures, Rate, judge, judge_labels, measure, settled, unsettled
from training.export import Decisions, export_encoder, write_bundle
from training.nations import measure_nations
from training.plots import draw_plots
from training.settings import TrainingSettings
from training.splits import Splits, fingerprint, split
from training.stories import LabelledStory, RecordError, held, read_stories
from training.thresholds import Price, choose_thresholds, price
from training.tracking import Tracking
from training.train import TrainedEncoder, remember, train_encoder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to train on, where to work, where to put the bundle.

    ``baselines``: also fit and measure the four baselines on the same splits. ``comments``: labelled comments
    from outside the project to measure on; only counts of them are kept. ``behaviour``: behavioural cases to
    measure on (``training.behaviour``).
    """

    stories: Path
    work: Path
    bundle: Path
    bundle_version: int
    settings: TrainingSettings
    baselines: bool = True
    comments: Path | None = None
    behaviour: Path | None = None

    @property
    def checkpoints(self) -> Path:
        """Where an interrupted run resumes from."""
        return self.work / "checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found, all measured on the bundle as it ships.

    ``columns``: the frozen test beside the ordinary and the plain explicit stories of dev. ``nations``: how
    well the nation is read, on our own stories and apart from them on the test set.
    """

    test: Figures
    test_borderline: Figures
    dev: Figures
    dev_calibration_error: dict[str, float]
    int8_agreement: float
    prices: tuple[Price, ...]
    baselines: dict[str, Figures]
    columns: dict[str, Column]
    nations: dict[str, Rate]
    comments: dict[str, float] | None
    behaviour: BehaviourFigures | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "test": self.test.to_dict(),
            "test_borderline": self.test_borderline.to_dict(),
            "dev": self.dev.to_dict(),
            "dev_calibration_error": self.dev_calibration_error,
            "int8_agreement": self.int8_agreement,
            "prices": [item.to_dict() for item in self.prices],
            "baselines": {name: figures.to_dict() for name, figures in self.baselines.items()},
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "nations": {name: asdict(rate) for name, rate in self.nations.items()},
            "comments": self.comments,
            "behaviour": self.behaviour.to_dict() if self.behaviour else None,
        }


def prepare(plan: Plan) -> Splits:
    """The stories to train and measure on; whatever would stop the run later is refused before it is logged.

    Raises:
        RecordError, CaseError: stories, comments or cases that cannot be read, or too few stories.
        SettingsError: the folder for checkpoints holds another run.
    """
    splits = split(read_stories(plan.stories))
    if not all((splits.train, settled(splits.dev), settled(splits.test))):
        counts = f"{len(splits.train)} to train, {len(splits.dev)} for dev, {len(splits.test)} to test"
        raise RecordError(
            f"{plan.stories}: {counts}; one of them has no settled story. Give a folder with some of each."
        )
    if plan.comments:
        read_comments(plan.comments)
    if plan.behaviour:
        read_cases(plan.behaviour)
    remember(plan.checkpoints, plan.settings, splits.train)
    return splits


def run(plan: Plan, splits: Splits, *, tracking: Tracking) -> Report:
    """Trains, calibrates, exports, measures and describes; every step is logged to ``tracking``."""
    tracking.settings(plan.settings.to_dict())
    trained = train_encoder(
        splits.train,
        splits.dev,
        settings=plan.settings,
        folder=plan.checkpoints,
        callbacks=(tracking.curves(),),
    )
    full, small = export_encoder(trained.model, plan.work / "export")
    logits = encoder_logits(small, splits.dev, trained.tokenizer, plan.settings)
    decisions = find_decisions(logits, splits.dev)
    _write(plan, small, trained, decisions, splits, figures={})
    report = _report(plan, full, logits, decisions, splits, trained)
    _write(plan, small, trained, decisions, splits, figures=report.to_dict())
    write_card(plan.bundle)
    tracking.figures(report.to_dict())
    tracking.plots(_plots(plan, logits, decisions, splits, trained))
    tracking.bundle(plan.bundle)
    return report


def encoder_logits(
    encoder: Path, stories: tuple[LabelledStory, ...], tokenizer: Tokenizer, settings: TrainingSettings
) -> NDArray[np.float32]:
    """Story logits of an exported encoder, shape (stories, 4), computed as serving computes them."""
    session = Encoder(encoder.read_bytes(), threads=2)
    readable = (read_windows(s.story, tokenizer=tokenizer, size=settings.window) for s in stories)
    return np.stack([session.sentence_logits(story).max(axis=0) for story in readable])


def cues_of(stories: Sequence[LabelledStory]) -> NDArray[np.bool_]:
    """Which stories hold a cue of a complaint process, shape (stories,)."""
    return np.array([has_cue(labelled.story) for labelled in stories], dtype=np.bool_)


def find_decisions(logits: NDArray[np.float32], dev: tuple[LabelledStory, ...]) -> Decisions:
    """Calibration and thresholds from uncalibrated logits, shape (stories, 4); borderline ones stay out."""
    sure = np.array([not labelled.borderline for labelled in dev])
    curves = calibrate(logits[sure], held(dev)[sure], cues=cues_of(dev)[sure])
    stated = probabilities(logits, calibration=curves, cue=cues_of(dev))
    return Decisions(calibration=curves, thresholds=choose_thresholds(stated[sure], held(dev)[sure]))


def _write(
    plan: Plan,
    encoder: Path,
    trained: TrainedEncoder,
    decisions: Decisions,
    splits: Splits,
    *,
    figures: dict[str, Any],
) -> None:
    counts = {name: len(getattr(splits, name)) for name in ("train", "dev", "test", "left_out")}
    write_bundle(
        plan.bundle,
        encoder=encoder,
        tokenizer=trained.tokenizer,
        decisions=decisions,
        settings=plan.settings,
        bundle_version=plan.bundle_version,
        data={"fingerprint": fingerprint(splits.train), **counts},
        figures=figures,
    )


def _report(
    plan: Plan,
    full: Path,
    logits: NDArray[np.float32],
    decisions: Decisions,
    splits: Splits,
    trained: TrainedEncoder,
) -> Report:
    classifier = ComplaintClassifier.load(plan.bundle)
    cues, truth = cues_of(splits.dev), held(splits.dev)
    stated = probabilities(logits, calibration=decisions.calibration, cue=cues)
    whole_logits = encoder_logits(full, splits.dev, trained.tokenizer, plan.settings)
    whole = probabilities(whole_logits, calibration=decisions.calibration, cue=cues)
    sure = np.array([not labelled.borderline for labelled in splits.dev])
    test, dev = (judge(settled(part), classifier=classifier) for part in (splits.test, splits.dev))
    outside = _comments(plan.comments, classifier) if plan.comments else None
    return Report(
        test=measure(test),
        test_borderline=measure(judge(unsettled(splits.test), classifier=classifier)),
        dev=measure(dev),
        dev_calibration_error={
            label: calibration_error(stated[sure, column], truth[sure, column])
            for column, label in enumerate(LABELS)
        },
        int8_agreement=agreement(whole, stated, thresholds=decisions.thresholds, policy=classifier.policy),
        prices=price(stated[sure], truth[sure]),
        baselines=_baselines(plan, splits) if plan.baselines else {},
        columns=measure_columns(test, name="test", dev=dev, comments=outside),
        nations=measure_nations(splits),
        comments=outside.counts() if outside else None,
        behaviour=_behaviour(plan.behaviour, classifier) if plan.behaviour else None,
    )


def _comments(file: Path, classifier: ComplaintClassifier) -> CommentFigures:
    return measure_comments(read_comments(file), classifier=classifier)


def _behaviour(file: Path, classifier: ComplaintClassifier) -> BehaviourFigures:
    return measure_behaviour(run_cases(read_cases(file), classifier=classifier))


def _plots(
    plan: Plan, logits: NDArray[np.float32], decisions: Decisions, splits: Splits, trained: TrainedEncoder
) -> dict[str, Figure]:
    judged = judge(splits.dev, classifier=ComplaintClassifier.load(plan.bundle))
    stated = probabilities(logits, calibration=decisions.calibration, cue=cues_of(splits.dev))
    return draw_plots(judged, probabilities=stated, held=held(splits.dev), log=trained.log)


def _baselines(plan: Plan, splits: Splits) -> dict[str, Figures]:
    figures = {}
    for baseline in all_baselines(plan.settings, folder=plan.work / "baselines"):
        logger.info("baseline: %s", baseline.name)
        baseline.fit(splits.train, splits.dev)
        test = settled(splits.test)
        figures[baseline.name] = measure(judge_labels(test, baseline.predict(test)))
    return figures
