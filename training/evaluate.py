"""How well labels, decisions and evidence fit what careful readers said."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action, Assessment, Evidence
from classifier.labels import LABELS, Label
from classifier.story import Span
from training.bootstrap import middle, resample
from training.stories import LabelledStory

PAUSING = frozenset({Label.PLANNED, Label.ONGOING, Label.OMBUDSMAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What careful readers hold of a story beside what a model says of it.

    ``evidence`` holds the model's first quote for each label it gave; empty for models without quotes.
    ``assessment`` is the whole answer; None for models that only give labels.
    """

    labelled: LabelledStory
    labels: frozenset[Label]
    action: Action
    evidence: tuple[Evidence, ...] = ()
    assessment: Assessment | None = None

    @property
    def gold(self) -> frozenset[Label]:
        """The labels that hold."""
        return frozenset(self.labelled.labels)

    @property
    def should_pause(self) -> bool:
        """Whether a label that pauses moderation holds."""
        return bool(self.gold & PAUSING)

    @property
    def paused(self) -> bool:
        """Whether the model pauses moderation."""
        return self.action is Action.PAUSE

    @property
    def exact(self) -> bool:
        """Whether the label set is just right."""
        return self.labels == self.gold


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
        labelled=labelled,
        labels=frozenset(assessment.labels),
        action=assessment.action,
        evidence=quotes,
        assessment=assessment,
    )


def measure(judged: Sequence[Judged], *, seed: int = 1) -> Figures:
    """Figures over ``judged``; leave borderline stories out beforehand, or measure them apart."""
    right, wrong, missed = np.moveaxis(resample(tally(judged), seed=seed), 2, 0)
    f1 = _shares(2 * right, 2 * right + wrong + missed)
    pausing = [item for item in judged if item.should_pause]
    held = [item for item in pausing if item.action in (Action.PAUSE, Action.REVIEW)]
    return Figures(
        stories=len(judged),
        macro_f1=macro_f1(judged),
        macro_f1_interval=middle(f1[:, :-1].mean(axis=1)),
        exact=_share(sum(item.exact for item in judged), len(judged)),
        labels={label: label_rate(judged, label) for label in LABELS},
        pause=pause_rate(judged),
        pause_recall_interval=middle(_shares(right, right + missed)[:, -1]),
        pause_precision_interval=middle(_shares(right, right + wrong)[:, -1]),
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
    return _rate([(item.should_pause, item.paused) for item in judged])


def tally(judged: Sequence[Judged]) -> NDArray[np.bool_]:
    """What each story adds to the counts behind the rates, shape (stories, 5, 3).

    The middle axis is the four labels and the decision to pause, the last right, wrong and missed.
    """
    decisions = len(LABELS) + 1
    gold = [[*(label in item.gold for label in LABELS), item.should_pause] for item in judged]
    found = [[*(label in item.labels for label in LABELS), item.paused] for item in judged]
    true, said = (np.array(rows, dtype=np.bool_).reshape(-1, decisions) for rows in (gold, found))
    return np.stack([true & said, said & ~true, true & ~said], axis=2)


def fitting(labels: Iterable[Label], *, action: Action, defensible: Iterable[frozenset[Label]]) -> bool:
    """Whether a labelled story got a label of a set that readers would defend, or went to a person."""
    return action is Action.REVIEW or bool(frozenset(labels).intersection(frozenset().union(*defensible)))


def _rate(pairs: Sequence[tuple[bool, bool]]) -> Rate:
    return rate(
        right=sum(gold and found for gold, found in pairs),
        wrong=sum(found and not gold for gold, found in pairs),
        missed=sum(gold and not found for gold, found in pairs),
    )


def rate(*, right: int, wrong: int, missed: int) -> Rate:
    """Precision, recall and F1 from the counts; of nothing, all."""
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


def _shares(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """``_share`` of each pair; arrays of one shape."""
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)


def _evidence_overlap(judged: Sequence[Judged]) -> float | None:
    hits = [
        any(q.label == quote.label and q.span.overlaps(_span(quote)) for q in item.labelled.evidence)
        for item in judged
        for quote in item.evidence
        if quote.label in item.gold
    ]
    return _share(sum(hits), len(hits)) if hits else None


def _span(quote: Evidence) -> Span:
    return Span(quote.field, quote.start, quote.end)
