"""Does a model read like a careful moderator? Cases, the rule that judges them, pass rates, known misses.

Three kinds of case, after CheckList: *minimum function* (a clear story gets its labels and action),
*invariance* (a change that says nothing new changes nothing), *directional* (a clause that says something
new moves the labels the right way). Tests, the promotion gate and the model card share the rule here.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment
from classifier.errors import ComplaintContextError
from classifier.story import Story

KINDS = ("minimum_function", "invariance", "directional")
_ADVICE = "See training.behaviour.Case for what a case has."
_MISSES_HEAD = (
    "# What the released model gets wrong in the behavioural suite: "
    'case = "phenomenon: what it reads, not what holds".\n'
    "# Each is a strict xfail, so a case that a better model reads rightly fails here until its line goes.\n"
)


class CaseError(ComplaintContextError):
    """A behavioural case breaks the format; the message starts with ``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of ``cases.jsonl``; the ``changed_`` fields are None where the kind has none."""

    id: str
    kind: str
    phenomenon: str
    title: str = ""
    text: str
    labels: list[str]
    action: str | None = None
    changed_title: str | None = None
    changed_text: str | None = None
    changed_labels: list[str] | None = None

    @property
    def story(self) -> Story:
        """The story as first told."""
        return Story(id=self.id, title=self.title, text=self.text)

    @property
    def changed_story(self) -> Story | None:
        """The story after the change, if there is one; a title without a change of its own stays."""
        if self.changed_text is None:
            return None
        title = self.title if self.changed_title is None else self.changed_title
        return Story(id=self.id, title=title, text=self.changed_text)

    @property
    def stories(self) -> list[Story]:
        """The story, and the changed one where there is one."""
        return [story for story in (self.story, self.changed_story) if story is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a model made of a case; ``miss`` says what it reads instead of what holds, None for a pass."""

    case: Case
    miss: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate:
    """How many of the cases of one phenomenon and kind pass."""

    kind: str
    phenomenon: str
    passed: int
    cases: int

    @property
    def share(self) -> float:
        """Passed cases, in 0..1."""
        return self.passed / self.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourFigures:
    """Pass rates of a suite, worst first."""

    rates: tuple[PassRate, ...]

    @property
    def passed(self) -> int:
        """Cases that pass."""
        return sum(rate.passed for rate in self.rates)

    @property
    def cases(self) -> int:
        """All cases."""
        return sum(rate.cases for rate in self.rates)

    @property
    def share(self) -> float:
        """Passed cases of all, in 0..1."""
        return self.passed / self.cases

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; pass rates by kind, then phenomenon, worst first."""
        by_kind: dict[str, dict[str, dict[str, int]]] = {}
        for rate in self.rates:
            by_kind.setdefault(rate.kind, {})[rate.phenomenon] = {"passed": rate.passed, "cases": rate.cases}
        return {"passed": self.passed, "cases": self.cases, "share": self.share, "kinds": by_kind}


def read_cases(file: Path) -> list[Case]:
    """The cases of a JSONL file.

    Raises:
        CaseError: the file cannot be read, or a line is no case.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise CaseError(f"{file}: {error.strerror}. Name a JSONL file of behavioural cases.") from None
    found = [_read(line, place=f"{file}:{n}") for n, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise CaseError(f"{file}: no case in it. Name a JSONL file of behavioural cases.")
    return found


def _read(line: bytes, *, place: str) -> Case:
    try:
        record = json.loads(line)
    except ValueError:
        raise CaseError(f"{place}: not JSON in UTF-8. {_ADVICE}") from None
    known = {field.name for field in fields(Case)}
    if not isinstance(record, dict) or (set(record) - known):
        raise CaseError(f"{place}: not an object of known keys. {_ADVICE}")
    try:
        case = Case(**record)
    except TypeError:
        raise CaseError(f"{place}: a key is missing. {_ADVICE}") from None
    return _checked(case, place=place)


def _checked(case: Case, *, place: str) -> Case:
    if case.kind not in KINDS:
        raise CaseError(f'{place}: kind "{case.kind}" is none of {", ".join(KINDS)}. Use those words.')
    needed = {"invariance": ("changed_text",), "directional": ("changed_text", "changed_labels")}
    for key in ("changed_text", "changed_labels"):
        if (getattr(case, key) is None) == (key in needed.get(case.kind, ())):
            wrong = "without" if getattr(case, key) is None else "with"
            raise CaseError(f"{place}: kind {case.kind}, {wrong} {key}. {_ADVICE}")
    return case


def run_cases(cases: Sequence[Case], *, classifier: ComplaintClassifier) -> list[Outcome]:
    """Assesses every story of every case as the service would."""
    found = classifier.assess_many(story for case in cases for story in case.stories)
    return [Outcome(case=case, miss=find_miss(case, [next(found) for _ in case.stories])) for case in cases]


def find_miss(case: Case, assessments: Sequence[Assessment]) -> str | None:
    """What the assessments of ``case.stories`` read instead of what holds; None where the case passes."""
    first, *changed = assessments
    parts = [_label_miss(first, case.labels)]
    if parts == [None] and case.action is not None and first.action != case.action:
        parts = [f"labels fit, action is {first.action}, not {case.action}"]
    holds = case.labels if case.changed_labels is None else case.changed_labels
    misses = [_label_miss(after, holds) for after in changed]
    parts += [f"changed: {miss}" for miss in misses if miss]
    return "; ".join(filter(None, parts)) or None


def _label_miss(assessment: Assessment, holds: Sequence[str]) -> str | None:
    read = [str(label) for label in assessment.labels]
    return None if read == list(holds) else f"reads {_joined(read)}, not {_joined(holds)}"


def _joined(labels: Sequence[str]) -> str:
    return "+".join(labels) or "none"


def measure_behaviour(outcomes: Iterable[Outcome]) -> BehaviourFigures:
    """Pass rates by kind and phenomenon; by name where they are equal."""
    return tally((outcome.case, outcome.miss is None) for outcome in outcomes)


def tally(judged: Iterable[tuple[Case, bool]]) -> BehaviourFigures:
    """Pass rates from cases and whether each passed."""
    cases: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for case, right in judged:
        cases[case.kind, case.phenomenon] += 1
        passed[case.kind, case.phenomenon] += right
    rates = [
        PassRate(kind=kind, phenomenon=phenomenon, passed=passed[kind, phenomenon], cases=count)
        for (kind, phenomenon), count in cases.items()
    ]
    return BehaviourFigures(
        rates=tuple(sorted(rates, key=lambda rate: (rate.share, rate.kind, rate.phenomenon)))
    )


def render_rates(figures: BehaviourFigures) -> str:
    """One line a phenomenon, worst first."""
    return "\n".join(
        f"{rate.share:6.0%}  {rate.passed:3} of {rate.cases:3}  {rate.kind}: {rate.phenomenon}"
        for rate in figures.rates
    )


def render_known_misses(outcomes: Iterable[Outcome]) -> str:
    """``known_misses.toml`` for these outcomes, in their order."""
    lines = [_known_miss(outcome) for outcome in outcomes if outcome.miss is not None]
    return _MISSES_HEAD + "".join(f"{line}\n" for line in lines)


def _known_miss(outcome: Outcome) -> str:
    reason = f"{outcome.case.phenomenon}: {outcome.miss}"
    return f"{outcome.case.id} = {json.dumps(reason, ensure_ascii=False)}"  # a JSON string is a TOML one too
