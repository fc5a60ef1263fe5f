"""From a registered candidate to a champion: measure both, judge, put the files in place, move the alias."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier
from classifier.bundle import Bundle
from training.behaviour import Case, measure_behaviour, read_cases, run_cases
from training.comments import Comment, measure_comments, read_comments
from training.evaluate import judge, measure, settled
from training.flips import Flip, find_flips
from training.gate import Check, GateError, GateRules, Measured, check
from training.gate_page import render_gate
from training.placing import place
from training.registry import Registry
from training.splits import Splits, fingerprint, split
from training.stories import RecordError, read_stories
from training.versions import Alias, Version

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateData:
    """What both bundles are measured on; ``comments`` may be empty."""

    splits: Splits
    cases: tuple[Case, ...]
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A registered candidate, what the gate found, and its page (Markdown).

    ``champion`` is None before the first promotion.
    """

    version: Version
    champion: Version | None
    checks: tuple[Check, ...]
    flips: tuple[Flip, ...]
    page: str

    @property
    def failed(self) -> tuple[Check, ...]:
        """The rules that refuse it."""
        return tuple(one for one in self.checks if not one.passed)


def read_gate_data(stories: Path, *, cases: Path, comments: Path | None = None) -> GateData:
    """Everything the gate needs to read.

    Raises:
        RecordError, CaseError: a file cannot be read, or there is no dev story.
    """
    splits = split(read_stories(stories))
    if not (settled(splits.dev) and settled(splits.test)):
        raise RecordError(
            f"{stories}: no dev or no test story. Give the folder that models are trained from."
        )
    outside = tuple(read_comments(comments)) if comments else ()
    return GateData(splits=splits, cases=tuple(read_cases(cases)), comments=outside)


def review(version: Version, *, registry: Registry, data: GateData, rules: GateRules | None = None) -> Review:
    """Measures a registered version beside the champion on the same data, and writes down what the gate says.

    Raises:
        RegistryError, BundleError: the files of one of them are damaged.
    """
    rules, champion = rules or GateRules(), registry.find(Alias.CHAMPION)
    new = _measure_version(version, registry=registry, data=data)
    old = _measure_version(champion, registry=registry, data=data) if champion else None
    checks = check(new, old, rules=rules)
    flips = find_flips(old.dev, new.dev) if old else ()
    page = render_gate(new, old, checks=checks, flips=flips, rules=rules)
    failed = [one.rule for one in checks if not one.passed]
    said = f"refused: {', '.join(failed)}" if failed else "passed"
    registry.note_gate(version, said=said, page=page)
    return Review(version=version, champion=champion, checks=checks, flips=flips, page=page)


def admit(found: Review, *, accept: str | None = None) -> None:
    """Lets a candidate through the gate, or refuses it; ``accept`` is a person's reason to overrule it.

    Raises:
        GateError: a rule failed and nobody overruled it, or gave no reason.
    """
    if accept is not None and not accept.strip():
        raise GateError("--accept: no reason. Say in a few words why the gate is overruled.")
    if found.failed and accept is None:
        faults = "\n".join(f"  {one}" for one in found.failed)
        raise GateError(
            f"version {found.version.number} ({found.version.bundle}): the gate refuses it.\n{faults}\n"
            '  To promote it all the same, give your reason: --accept "...".'
        )


def crown(
    found: Review, *, registry: Registry, accept: str | None = None, into: Path | None = None
) -> Version:
    """Puts a reviewed version's files into ``into``, then makes it champion; a reason to overrule is kept."""
    if found.failed and accept is not None:
        registry.note_accepted(found.version.number, reason=accept)
    serve(found.version, registry=registry, into=into)
    return registry.promote(found.version.number)


def serve(version: Version, *, registry: Registry, into: Path | None) -> None:
    """Puts a version's files into ``into``, if it is given.

    This goes before any alias moves: a folder that cannot be written leaves the champion as it was, and the
    same command can be given again.
    """
    if into is not None:
        with registry.fetched(version) as folder:
            place(folder, into)


def _measure_version(version: Version, *, registry: Registry, data: GateData) -> Measured:
    with registry.fetched(version) as folder:
        measured = measure_bundle(folder, data=data)
    registry.note_figures(version.number, key_figures(measured))
    return measured


def measure_bundle(folder: Path, *, data: GateData) -> Measured:
    """A bundle on the gate's data."""
    classifier = ComplaintClassifier.load(folder)
    logger.info("measuring %s", classifier.bundle.name)
    dev = judge(settled(data.splits.dev), classifier=classifier)
    comments = list(data.comments)
    return Measured(
        name=classifier.bundle.name,
        same_stories=_stated(classifier.bundle, "data", "fingerprint") == fingerprint(data.splits.train),
        dev=tuple(dev),
        dev_figures=measure(dev),
        test_figures=measure(judge(settled(data.splits.test), classifier=classifier)),
        behaviour=measure_behaviour(run_cases(data.cases, classifier=classifier)),
        int8_agreement=_stated(classifier.bundle, "figures", "int8_agreement"),
        comments=measure_comments(comments, classifier=classifier) if comments else None,
    )


def _stated(bundle: Bundle, part: str, name: str) -> Any:
    """What the manifest says; None where it says nothing."""
    return bundle.manifest.get(part, {}).get(name)


def key_figures(measured: Measured) -> dict[str, float]:
    """The few figures that a list of versions shows."""
    return {
        "dev_macro_f1": measured.dev_figures.macro_f1,
        "dev_pause_recall": measured.dev_figures.pause.recall,
        "dev_pause_precision": measured.dev_figures.pause.precision,
        "behaviour": measured.behaviour.share,
    }
