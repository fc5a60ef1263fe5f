"""A whole training run, from labelled stories to a measured bundle. Reads as a table of contents.

One seed or several: each is trained, exported and measured; which one is released is said in ``seeds``.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
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
from classifier.policy.document import Policy
from classifier.profile import Profile, profile, traits
from classifier.windows import read_windows
from training.agreement import agreement
from training.baselines import Baseline, all_baselines
from training.behaviour import BehaviourFigures, measure_behaviour, read_cases, run_cases
from training.calibrate import calibrate, calibration_error
from training.card import write_card
from training.columns import Column, measure_columns
from training.comments import CommentFigures, measure_comments, read_comments
from training.draft import DraftFigures, measure_drafts, read_both_ways
from training.evaluate import Figures, Judged, Rate, judge, judge_labels, measure, settled, unsettled
from training.export import Decisions, export_encoder, read_manifest, write_bundle
from training.gating import add_gate
from training.nations import measure_nations
from training.plots import draw_plots
from training.seeds import MEAN, SeedFigures, best_on_dev, mean_of_weights, seed_figures
from training.settings import SettingsError, TrainingSettings
from training.splits import Splits, fingerprint, split
from training.stories import LabelledStory, RecordError, held, read_stories
from training.thresholds import Price, choose_thresholds, price
from training.tracking import Tracking
from training.train import TrainedEncoder, remember, train_encoder
from training.train_gate import GateSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to train on, where to work, where to put the bundle.

    ``seeds``: train once from each; none means the settings' own. ``baselines``: also fit and measure the
    baselines on the same splits, but for those named in ``left_out``. ``gate``: how to train the gate; None
    ships the bundle without one. ``comments``: labelled comments from
    outside the project to measure on; only counts of them are kept. ``behaviour``: behavioural cases to
    measure on (``training.behaviour``).
    """

    stories: Path
    work: Path
    bundle: Path
    bundle_version: int
    settings: TrainingSettings
    seeds: tuple[int, ...] = ()
    baselines: bool = True
    left_out: tuple[str, ...] = ()
    gate: GateSettings | None = field(default_factory=GateSettings)
    comments: Path | None = None
    behaviour: Path | None = None

    def each_seed(self) -> tuple[TrainingSettings, ...]:
        """The settings, once for each seed."""
        return tuple(replace(self.settings, seed=seed) for seed in self.seeds or (self.settings.seed,))

    def checkpoints(self, seed: int) -> Path:
        """Where an interrupted training from ``seed`` resumes from."""
        return self.work / f"seed-{seed}" / "checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An encoder that may be released: exported, with what dev says of it, as a bundle in ``folder``.

    ``settings``: what it was trained with; of a mean of weights those of the first seed.
    ``small``: the ONNX file that ships. ``logits``: uncalibrated ones of dev as it reads for good,
    ``whole_logits``: those of float32 throughout, shape (stories, 4). ``drafts``: how near its drafts come.
    """

    name: str
    settings: TrainingSettings
    folder: Path
    trained: TrainedEncoder
    small: Path
    logits: NDArray[np.float32]
    whole_logits: NDArray[np.float32]
    decisions: Decisions
    drafts: DraftFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a candidate's bundle says of the settled test stories and, where asked, of outside comments."""

    test: list[Judged]
    comments: CommentFigures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found, all measured on the bundle as it ships, but for its gate (``gating``).

    ``columns``: the frozen test beside the ordinary and the plain explicit stories of dev. ``nations``: how
    well the nation is read, on our own stories and apart from them on the test set. ``profile``: how often
    which traits were found in dev, to hold live stories against. ``seeds``: every encoder that could have
    been released, ``released`` the name of the one that was.
    """

    test: Figures
    test_borderline: Figures
    dev: Figures
    dev_calibration_error: dict[str, float]
    int8_agreement: float
    drafts: DraftFigures
    prices: tuple[Price, ...]
    baselines: dict[str, Figures]
    columns: dict[str, Column]
    nations: dict[str, Rate]
    comments: dict[str, float] | None
    behaviour: BehaviourFigures | None
    profile: Profile
    seeds: tuple[SeedFigures, ...]
    released: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "test": self.test.to_dict(),
            "test_borderline": self.test_borderline.to_dict(),
            "dev": self.dev.to_dict(),
            "dev_calibration_error": self.dev_calibration_error,
            "int8_agreement": self.int8_agreement,
            "drafts": asdict(self.drafts),
            "prices": [item.to_dict() for item in self.prices],
            "baselines": {name: figures.to_dict() for name, figures in self.baselines.items()},
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "nations": {name: asdict(rate) for name, rate in self.nations.items()},
            "comments": self.comments,
            "behaviour": self.behaviour.to_dict() if self.behaviour else None,
            "profile": self.profile.to_dict(),
            "seeds": [item.to_dict() for item in self.seeds],
            "released": self.released,
        }


def prepare(plan: Plan) -> Splits:
    """The stories to train and measure on; whatever would stop the run later is refused before it is logged.

    Raises:
        RecordError, CaseError: stories, comments or cases that cannot be read, or too few stories.
        SettingsError: the folder for checkpoints holds another run, or a baseline is named that there is not.
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
    choose_baselines(plan)
    for settings in plan.each_seed():
        remember(plan.checkpoints(settings.seed), settings, splits.train)
    return splits


def run(plan: Plan, splits: Splits, *, tracking: Tracking) -> Report:
    """Trains, calibrates, exports, measures and describes; every step is logged to ``tracking``."""
    tracking.settings(plan.each_seed()[0].to_dict())
    candidates = [
        _candidate(f"seed {one.seed}", trained, one, plan, splits)
        for one, trained in zip(plan.each_seed(), _train(plan, splits, tracking), strict=True)
    ]
    if len(candidates) > 1:
        mean = mean_of_weights([candidate.trained for candidate in candidates])
        candidates.append(_candidate(MEAN, mean, candidates[0].settings, plan, splits))
    measured = [_measured(candidate, plan, splits) for candidate in candidates]
    seeds = tuple(map(partial(_seed_figures, dev=splits.dev), candidates, measured))
    best = best_on_dev(seeds)
    chosen = candidates[best]
    _write(plan.bundle, chosen, plan, splits, figures={})
    classifier = ComplaintClassifier.load(plan.bundle)
    dev = judge(splits.dev, classifier=classifier)
    report = _report(plan, chosen, measured[best], splits, classifier=classifier, dev=dev, seeds=seeds)
    _write(plan.bundle, chosen, plan, splits, figures=report.to_dict())
    write_card(plan.bundle)
    if plan.gate:
        add_gate(
            plan.bundle,
            plan.bundle,
            splits=splits,
            settings=plan.gate,
            version=plan.bundle_version,
            comments=plan.comments,
            behaviour=plan.behaviour,
        )
    tracking.figures(read_manifest(plan.bundle)["figures"])  # with its gate
    tracking.plots(_plots(chosen, splits, dev=dev))
    tracking.bundle(plan.bundle)
    return report


def _train(plan: Plan, splits: Splits, tracking: Tracking) -> Iterator[TrainedEncoder]:
    """An encoder a seed; with several seeds each is a child run of its own."""
    for settings in plan.each_seed():
        several = len(plan.seeds) > 1
        with tracking.child(f"seed {settings.seed}") if several else nullcontext(tracking) as seen:
            if several:
                seen.settings(settings.to_dict())
            yield train_encoder(
                splits.train,
                splits.dev,
                settings=settings,
                folder=plan.checkpoints(settings.seed),
                callbacks=(seen.curves(),),
            )


def _candidate(
    name: str, trained: TrainedEncoder, settings: TrainingSettings, plan: Plan, splits: Splits
) -> Candidate:
    """Exports ``trained``, finds its decisions on dev, and writes it as a bundle without figures."""
    folder = plan.work / name.replace(" ", "-")
    full, small = export_encoder(trained.model, folder / "export")
    read = read_both_ways(small, splits.dev, tokenizer=trained.tokenizer, size=settings.window)
    decisions = find_decisions(read.logits, splits.dev)
    drafts = measure_drafts(read, decisions=decisions)
    candidate = Candidate(
        name=name,
        settings=settings,
        folder=folder / "bundle",
        trained=trained,
        small=small,
        logits=read.logits,
        whole_logits=encoder_logits(full, splits.dev, trained.tokenizer, settings),
        decisions=replace(decisions, draft_margin=drafts.margin),
        drafts=drafts,
    )
    _write(candidate.folder, candidate, plan, splits, figures={})
    return candidate


def _int8_agreement(candidate: Candidate, splits: Splits, *, policy: Policy) -> float:
    cues, curves = cues_of(splits.dev), candidate.decisions.calibration
    whole, shipped = (
        probabilities(logits, calibration=curves, cue=cues)
        for logits in (candidate.whole_logits, candidate.logits)
    )
    return agreement(whole, shipped, thresholds=candidate.decisions.thresholds, policy=policy)


def _measured(candidate: Candidate, plan: Plan, splits: Splits) -> Measured:
    logger.info("measuring %s", candidate.name)
    classifier = ComplaintClassifier.load(candidate.folder)
    outside = measure_comments(read_comments(plan.comments), classifier=classifier) if plan.comments else None
    return Measured(test=judge(settled(splits.test), classifier=classifier), comments=outside)


def _seed_figures(candidate: Candidate, measured: Measured, *, dev: tuple[LabelledStory, ...]) -> SeedFigures:
    return seed_figures(
        candidate.name,
        logits=candidate.logits,
        dev=dev,
        test=measure(measured.test),
        comments=measured.comments,
    )


def encoder_logits(
    encoder: Path, stories: tuple[LabelledStory, ...], tokenizer: Tokenizer, settings: TrainingSettings
) -> NDArray[np.float32]:
    """Story logits of an exported encoder that reads for good, shape (stories, 4)."""
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
    folder: Path, candidate: Candidate, plan: Plan, splits: Splits, *, figures: dict[str, Any]
) -> None:
    counts = {name: len(getattr(splits, name)) for name in ("train", "dev", "test", "left_out")}
    write_bundle(
        folder,
        encoder=candidate.small,
        tokenizer=candidate.trained.tokenizer,
        decisions=candidate.decisions,
        settings=candidate.settings,
        bundle_version=plan.bundle_version,
        data={"fingerprint": fingerprint(splits.train), **counts},
        figures=figures,
    )


def _report(
    plan: Plan,
    chosen: Candidate,
    measured: Measured,
    splits: Splits,
    *,
    classifier: ComplaintClassifier,
    dev: list[Judged],
    seeds: tuple[SeedFigures, ...],
) -> Report:
    cues, truth = cues_of(splits.dev), held(splits.dev)
    decisions = chosen.decisions
    stated = probabilities(chosen.logits, calibration=decisions.calibration, cue=cues)
    sure = np.array([not labelled.borderline for labelled in splits.dev])
    agreed = [item for item in dev if not item.labelled.borderline]
    return Report(
        test=measure(measured.test),
        test_borderline=measure(judge(unsettled(splits.test), classifier=classifier)),
        dev=measure(agreed),
        dev_calibration_error={
            label: calibration_error(stated[sure, column], truth[sure, column])
            for column, label in enumerate(LABELS)
        },
        int8_agreement=_int8_agreement(chosen, splits, policy=classifier.policy),
        drafts=chosen.drafts,
        prices=price(stated[sure], truth[sure]),
        baselines=_baselines(plan, splits),
        columns=measure_columns(measured.test, name="test", dev=agreed, comments=measured.comments),
        nations=measure_nations(splits),
        comments=measured.comments.counts() if measured.comments else None,
        behaviour=_behaviour(plan.behaviour, classifier) if plan.behaviour else None,
        profile=profile(traits(item.labelled.story, item.assessment) for item in dev if item.assessment),
        seeds=seeds,
        released=chosen.name,
    )


def _behaviour(file: Path, classifier: ComplaintClassifier) -> BehaviourFigures:
    return measure_behaviour(run_cases(read_cases(file), classifier=classifier))


def _plots(chosen: Candidate, splits: Splits, *, dev: list[Judged]) -> dict[str, Figure]:
    stated = probabilities(chosen.logits, calibration=chosen.decisions.calibration, cue=cues_of(splits.dev))
    return draw_plots(dev, probabilities=stated, held=held(splits.dev), log=chosen.trained.log)


def choose_baselines(plan: Plan) -> list[Baseline]:
    """The baselines that ``plan`` asks for, unfitted.

    Raises:
        SettingsError: one is to be left out that there is not.
    """
    # They start from the base whatever the model starts from: a trained start would teach them our encoder.
    every = all_baselines(plan.each_seed()[0].from_base(), folder=plan.work / "baselines")
    known = {baseline.name: baseline for baseline in every}
    if unknown := sorted(set(plan.left_out) - set(known)):
        raise SettingsError(f"baselines: no {', '.join(unknown)}. There are {', '.join(known)}.")
    return [baseline for name, baseline in known.items() if plan.baselines and name not in plan.left_out]


def _baselines(plan: Plan, splits: Splits) -> dict[str, Figures]:
    figures = {}
    for baseline in choose_baselines(plan):
        logger.info("baseline: %s", baseline.name)
        baseline.fit(splits.train, splits.dev)
        test = settled(splits.test)
        figures[baseline.name] = measure(judge_labels(test, baseline.predict(test)))
    return figures
