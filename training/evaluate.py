"""How well labels, decisions and evidence fit what careful readers said."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action, Assessment, Evidence
from classifier.labels import LABELS, Label
from classifier.story import Span
from training.features import overlaps
from training.stories import LabelledStory

PAUSING = frozenset({Label.PLANNED, Label.ONGOING, Label.OMBUDSMAN})
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What careful readers hold of a story beside what a model says of it.

    ``evidence`` holds the model's first quote for each label it gave; empty for models without quotes.
    """

    labelled: LabelledStory
    labels: frozenset[Label]
    action: Action
    evidence: tuple[Evidence, ...] = ()

    @property
    def gold(self) -> frozenset[Label]:
        """The labels that hold."""
        return frozenset(self.labelled.labels)

    @property
    def should_pause(self) -> bool:
        """Whether a label that pauses moderation holds."""
        return bool(self.gold & PAUSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Precision, recall and F1 in 0..1 with the counts behind them."""

    precision: float
    recall: float
    f1: float
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well a model does on some stories; shares in 0..1, intervals at 95% by bootstrap.

    ``exact``: stories whose label set is just right. ``pause``: stories paused that should be.
    ``held_recall``: stories that should pause and are paused or sent to review. ``review``: stories sent to
    review. ``evidence``: rightly found labels whose first quote overlaps a reader's quote (None: no quotes).
    """

    stories: int
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    exact: float
    labels: dict[Label, Rate]
    pause: Rate
    pause_recall_interval: tuple[float, float]
    pause_precision_interval: tuple[float, float]
    held_recall: float
    review: float
    evidence: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def settled(stories: Sequence[LabelledStory]) -> list[LabelledStory]:
    """Stories that careful readers agree on."""
    return [labelled for labelled in stories if not labelled.borderline]


def unsettled(stories: Sequence[LabelledStory]) -> list[LabelledStory]:
    """Borderline stories, measured apart."""
    return [labelled for labelled in stories if labelled.borderline]


def judge(stories: Sequence[LabelledStory], *, classifier: ComplaintClassifier) -> list[Judged]:
    """Assesses each story as the service would."""
    assessments = classifier.assess_many(labelled.story for labelled in stories)
    return [_judged(labelled, found) for labelled, found in zip(stories, assessments, strict=True)]


def judge_labels(stories: Sequence[LabelledStory], predicted: Sequence[frozenset[Label]]) -> list[Judged]:
    """For models that only give labels: a pausing label pauses."""
    return [
        Judged(labelled=story, labels=labels, action=Action.PAUSE if labels & PAUSING else Action.CONTINUE)
        for story, labels in zip(stories, predicted, strict=True)
    ]


def _judged(labelled: LabelledStory, assessment: Assessment) -> Judged:
    first = {quote.label: quote for quote in reversed(assessment.evidence)}
    quotes = tuple(first[label] for label in assessment.labels)
    return Judged(
        labelled=labelled, labels=frozenset(assessment.labels), action=assessment.action, evidence=quotes
    )


def measure(judged: Sequence[Judged], *, seed: int = 1) -> Figures:
    """Figures over ``judged``; leave borderline stories out beforehand, or measure them apart."""
    macro = _bootstrap(judged, macro_f1, seed)
    pause_recall = _bootstrap(judged, lambda some: pause_rate(some).recall, seed)
    pause_precision = _bootstrap(judged, lambda some: pause_rate(some).precision, seed)
    pausing = [item for item in judged if item.should_pause]
    held = [item for item in pausing if item.action in (Action.PAUSE, Action.REVIEW)]
    return Figures(
        stories=len(judged),
        macro_f1=macro_f1(judged),
        macro_f1_interval=macro,
        exact=_share(sum(item.labels == item.gold for item in judged), len(judged)),
        labels={label: label_rate(judged, label) for label in LABELS},
        pause=pause_rate(judged),
        pause_recall_interval=pause_recall,
        pause_precision_interval=pause_precision,
        held_recall=_share(len(held), len(pausing)),
        review=sum(item.action is Action.REVIEW for item in judged) / max(len(judged), 1),
        evidence=_evidence_overlap(judged),
    )


def macro_f1(judged: Sequence[Judged]) -> float:
    """Mean F1 over the four labels."""
    return float(np.mean([label_rate(judged, label).f1 for label in LABELS]))


def label_rate(judged: Sequence[Judged], label: Label) -> Rate:
    """Precision, recall and F1 of one label."""
    return _rate([(label in item.gold, label in item.labels) for item in judged])


def pause_rate(judged: Sequence[Judged]) -> Rate:
    """Precision, recall and F1 of the decision to pause."""
    return _rate([(item.should_pause, item.action is Action.PAUSE) for item in judged])


def _rate(pairs: Sequence[tuple[bool, bool]]) -> Rate:
    right = sum(gold and found for gold, found in pairs)
    wrong = sum(found and not gold for gold, found in pairs)
    missed = sum(gold and not found for gold, found in pairs)
    return Rate(
        precision=_share(right, right + wrong),
        recall=_share(right, right + missed),
        f1=_share(2 * right, 2 * right + wrong + missed),
        right=right,
        wrong=wrong,
        missed=missed,
    )


def _share(part: int, whole: int) -> float:
    """``part`` of ``whole``; of nothing, all."""
    return part / whole if whole else 1.0


def _evidence_overlap(judged: Sequence[Judged]) -> float | None:
    hits = [
        any(q.label == quote.label and overlaps(q.span, _span(quote)) for q in item.labelled.evidence)
        for item in judged
        for quote in item.evidence
        if quote.label in item.gold
    ]
    return _share(sum(hits), len(hits)) if hits else None


def _span(quote: Evidence) -> Span:
    return Span(quote.field, quote.start, quote.end)


def _bootstrap(
    judged: Sequence[Judged], figure: Callable[[Sequence[Judged]], float], seed: int
) -> tuple[float, float]:
    """The middle 95% of ``figure`` over stories drawn again with replacement."""
    dice = np.random.default_rng(seed)
    rows = dice.integers(0, len(judged), size=(_RESAMPLES, len(judged)))
    values = [figure([judged[row] for row in some]) for some in rows]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
