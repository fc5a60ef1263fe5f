"""What came of stories, in numbers that add up: of a batch, of a shard, of a backlog."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.assessment import Action, Assessment
from classifier.bundle import Thresholds
from classifier.labels import LABELS, Label

EXAMPLES = 10
"""How many of the most and of the least certain stories are named."""
NO_MONTH = ""


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """A story by its id. ``certainty`` in 0..1: how far ``score`` is from a threshold of its label."""

    certainty: float
    id: str
    action: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of stories by action, label, kind of signal and month; of rows that are no stories; examples.

    ``months``: by ``YYYY-MM`` (``NO_MONTH`` where a story has none), counts by action and by label; empty
    where no date was asked for. ``surest``: furthest above a threshold. ``least_sure``: nearest to one, from
    either side.
    """

    stories: int = 0
    rejected: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    signals: Counter[str] = field(default_factory=Counter)
    months: dict[str, Counter[str]] = field(default_factory=dict)
    surest: tuple[Example, ...] = ()
    least_sure: tuple[Example, ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        months = {month: Counter(counts) for month, counts in self.months.items()}
        for month, counts in other.months.items():
            months.setdefault(month, Counter()).update(counts)
        return Tally(
            stories=self.stories + other.stories,
            rejected=self.rejected + other.rejected,
            actions=self.actions + other.actions,
            labels=self.labels + other.labels,
            signals=self.signals + other.signals,
            months=months,
            surest=_surest(self.surest + other.surest),
            least_sure=_least_sure(self.least_sure + other.least_sure),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; actions and labels in their order, none left out."""
        return {
            "stories": self.stories,
            "rejected": self.rejected,
            "actions": {str(action): self.actions[action] for action in Action},
            "labels": {str(label): self.labels[label] for label in LABELS},
            "signals": dict(sorted(self.signals.items())),
            "months": {month: dict(sorted(counts.items())) for month, counts in sorted(self.months.items())},
            "surest": [_plain(one) for one in self.surest],
            "least_sure": [_plain(one) for one in self.least_sure],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Tally":
        """What ``to_dict`` gave."""
        return cls(
            stories=values["stories"],
            rejected=values["rejected"],
            actions=Counter(values["actions"]),
            labels=Counter(values["labels"]),
            signals=Counter(values["signals"]),
            months={month: Counter(counts) for month, counts in values["months"].items()},
            surest=tuple(Example(**one) for one in values["surest"]),
            least_sure=tuple(Example(**one) for one in values["least_sure"]),
        )


def tally(
    assessments: Sequence[Assessment],
    *,
    months: Sequence[str | None],
    thresholds: Mapping[Label, Thresholds],
    rejected: int = 0,
) -> Tally:
    """Counts assessments; each has a month: ``NO_MONTH`` for no date, None where none was asked for."""
    by_month = dict[str, Counter[str]]()
    for assessment, month in zip(assessments, months, strict=True):
        if month is not None:
            counts = by_month.setdefault(month, Counter())
            counts.update([str(assessment.action), *map(str, assessment.labels)])
    return Tally(
        stories=len(assessments),
        rejected=rejected,
        actions=Counter(str(one.action) for one in assessments),
        labels=Counter(str(label) for one in assessments for label in one.labels),
        signals=Counter(kind for one in assessments for kind in {signal.kind for signal in one.signals}),
        months=by_month,
        surest=_surest(_furthest(one) for one in assessments if one.reasons),
        # What the encoder has not read is near to nothing: its scores are all 0.
        least_sure=_least_sure(_nearest(one, thresholds) for one in assessments if any(one.scores.values())),
    )


def _furthest(assessment: Assessment) -> Example:
    reason = max(assessment.reasons, key=lambda reason: reason.score)
    return _example(assessment, reason.score, reason.threshold)


def _nearest(assessment: Assessment, thresholds: Mapping[Label, Thresholds]) -> Example:
    return min(
        _example(assessment, assessment.scores[label], threshold)
        for label, of_label in thresholds.items()
        for threshold in (of_label.review, of_label.clear)
    )


def _example(assessment: Assessment, score: float, threshold: float) -> Example:
    return Example(round(abs(score - threshold), 6), assessment.id, str(assessment.action), score)


def _surest(examples: Iterable[Example]) -> tuple[Example, ...]:
    return tuple(heapq.nsmallest(EXAMPLES, examples, key=lambda one: (-one.certainty, one.id)))


def _least_sure(examples: Iterable[Example]) -> tuple[Example, ...]:
    return tuple(heapq.nsmallest(EXAMPLES, examples, key=lambda one: (one.certainty, one.id)))


def _plain(example: Example) -> dict[str, Any]:
    return {name: getattr(example, name) for name in Example.__slots__}
