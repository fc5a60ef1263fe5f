"""Gives a measured bundle a gate, and measures again what ships: the same encoder, reading less."""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier, sift
from classifier.bundle import FORMATS, GATE, Bundle, load_bundle
from classifier.errors import BundleError
from classifier.gate import GateNumbers
from classifier.profile import profile, traits
from classifier.story import Story
from training.behaviour import measure_behaviour, read_cases, run_cases
from training.card import write_card
from training.columns import measure_columns
from training.comments import Comment, measure_comments, read_comments
from training.evaluate import Judged, judge, measure, settled, unsettled
from training.export import checksum, write_manifest
from training.splits import Splits
from training.train_gate import GateFigures, GateSettings, TrainedGate, train_gate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEffect:
    """``threshold``: how it was found, on stories that no network had seen.

    ``dev_equal``: share of dev stories whose labels, action and reasons are the same without the gate.
    ``dev_changed``: ids of the others. ``dev_passed``, ``comments_passed``: shares that the encoder reads.
    ``test_ungated`` and ``comments_ungated``: figures of the same bundle reading every story.
    """

    threshold: GateFigures
    dev_equal: float
    dev_changed: tuple[str, ...]
    dev_passed: float
    comments_passed: float | None
    test_ungated: dict[str, Any]
    comments_ungated: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "threshold": self.threshold.to_dict(),
            "dev_equal": self.dev_equal,
            "dev_changed": self.dev_changed,
            "dev_passed": self.dev_passed,
            "comments_passed": self.comments_passed,
            "test_ungated": self.test_ungated,
            "comments_ungated": self.comments_ungated,
        }


def add_gate(
    bundle: Path,
    into: Path,
    *,
    splits: Splits,
    settings: GateSettings,
    version: int,
    like: Path | None = None,
    comments: Path | None = None,
    behaviour: Path | None = None,
) -> GateEffect:
    """Trains a gate for ``bundle``, writes both into ``into`` (which may be the same folder), and measures.

    Args:
        version: of the bundle written.
        like: a bundle whose gate is taken as it is, with its settings, instead of training one.
        comments, behaviour: measured on again where the bundle was measured on them before.

    Raises:
        BundleError: ``bundle`` or ``like`` cannot be trusted or understood, or ``like``'s gate is not for it.
        RecordError, CaseError: comments or cases.
    """
    plain = load_bundle(bundle, gate=False)
    if like:
        trained, settings = _take_gate(like, plain)
    else:
        trained = train_gate(
            splits,
            base=plain.manifest["base"],
            tokenizer=plain.tokenizer,
            settings=settings,
            seed=plain.manifest["settings"]["seed"],
        )
    manifest = _place(trained, plain, bundle, into, settings=settings, version=version)
    logger.info("measuring the bundle with its gate")
    gated, whole = (ComplaintClassifier.load(into, gate=gate) for gate in (True, False))
    dev = judge(splits.dev, classifier=gated)
    outside = read_comments(comments) if comments else None
    figures = _figures(gated, dev, splits, comments=outside, behaviour=behaviour)
    effect = _effect(
        trained.figures,
        dev=dev,
        whole=judge(splits.dev, classifier=whole),
        before=manifest["figures"],
        classifier=gated,
        comments=outside,
    )
    manifest["figures"] |= figures | {"gate": effect.to_dict()}
    write_manifest(into, manifest)
    write_card(into)
    return effect


def _take_gate(like: Path, plain: Bundle) -> tuple[TrainedGate, GateSettings]:
    """A gate learns from stories, base and word pieces alone, so encoders that share those may share it."""
    theirs, ours = load_bundle(like).manifest, plain.manifest
    for what, one, other in (
        ("base", theirs.get("base"), ours.get("base")),
        ("word pieces", theirs["files"]["tokenizer.json"], ours["files"]["tokenizer.json"]),
        ("training stories", theirs["data"]["fingerprint"], ours["data"]["fingerprint"]),
    ):
        if one != other:
            raise BundleError(f"{like}: its gate is for another {what}. Train one, without --like.")
    if "gate" not in theirs:
        raise BundleError(f"{like}: it has no gate. Train one, without --like.")
    told = theirs["figures"]["gate"]["threshold"]
    numbers = GateNumbers.from_bytes((like / GATE).read_bytes())
    figures = GateFigures(**told | {"missed": tuple(told["missed"])})
    return TrainedGate(numbers, figures), GateSettings(**theirs["gate"])


def _place(
    trained: TrainedGate, plain: Bundle, bundle: Path, into: Path, *, settings: GateSettings, version: int
) -> dict[str, Any]:
    """Writes the files of the new bundle, whose figures are still the old ones; returns its manifest."""
    into.mkdir(parents=True, exist_ok=True)
    if into.resolve() != bundle.resolve():
        for name in ("encoder.onnx", "tokenizer.json"):
            shutil.copyfile(bundle / name, into / name)
    (into / GATE).write_bytes(trained.numbers.to_bytes())
    manifest = plain.manifest | {"format": FORMATS[-1], "version": version, "gate": settings.to_dict()}
    manifest["files"] = manifest["files"] | {GATE: checksum(into / GATE)}
    write_manifest(into, manifest)
    return manifest


def _figures(
    classifier: ComplaintClassifier,
    dev: Sequence[Judged],
    splits: Splits,
    *,
    comments: list[Comment] | None,
    behaviour: Path | None,
) -> dict[str, Any]:
    """What a manifest states of a bundle, as far as the gate may change it."""
    test = judge(settled(splits.test), classifier=classifier)
    agreed = [one for one in dev if not one.labelled.borderline]
    outside = measure_comments(comments, classifier=classifier) if comments else None
    cases = run_cases(read_cases(behaviour), classifier=classifier) if behaviour else None
    columns = measure_columns(test, name="test", dev=agreed, comments=outside)
    return {
        "test": measure(test).to_dict(),
        "test_borderline": measure(judge(unsettled(splits.test), classifier=classifier)).to_dict(),
        "dev": measure(agreed).to_dict(),
        "columns": {name: column.to_dict() for name, column in columns.items()},
        "comments": outside.counts() if outside else None,
        "behaviour": measure_behaviour(cases).to_dict() if cases else None,
        "profile": profile(
            traits(one.labelled.story, one.assessment) for one in dev if one.assessment
        ).to_dict(),
    }


def _effect(
    threshold: GateFigures,
    *,
    dev: Sequence[Judged],
    whole: Sequence[Judged],
    before: dict[str, Any],
    classifier: ComplaintClassifier,
    comments: list[Comment] | None,
) -> GateEffect:
    changed = _changed(dev, whole)
    ungated = before.get("gate") or {"test_ungated": before["test"], "comments_ungated": before["comments"]}
    outside = [one.story for one in comments or ()]
    return GateEffect(
        threshold=threshold,
        dev_equal=1 - len(changed) / len(dev),
        dev_changed=changed,
        dev_passed=share_passed([one.labelled.story for one in dev], classifier=classifier),
        comments_passed=share_passed(outside, classifier=classifier) if outside else None,
        test_ungated=ungated["test_ungated"],
        comments_ungated=ungated["comments_ungated"],
    )


def share_passed(stories: Sequence[Story], *, classifier: ComplaintClassifier) -> float:
    """Share of the stories that the encoder reads."""
    held_back = sum(sifted.held_back for sifted in sift(stories, bundle=classifier.bundle))
    return 1 - held_back / max(1, len(stories))


def _changed(gated: Sequence[Judged], whole: Sequence[Judged]) -> tuple[str, ...]:
    pairs = zip(gated, whole, strict=True)
    return tuple(one.labelled.id for one, other in pairs if _outcome(one) != _outcome(other))


def _outcome(judged: Judged) -> tuple[Any, ...]:
    reasons = judged.assessment.reasons if judged.assessment else ()
    return judged.labels, judged.action, [(reason.label, reason.clear) for reason in reasons]
