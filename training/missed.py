"""The stories on which a model and careful readers differ, with the words that each points at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from classifier.assessment import Action
from classifier.labels import Label, in_order
from training.evaluate import Judged


class Fault(StrEnum):
    """What went wrong with a story, gravest first."""

    PAUSE_MISSED = "pause missed"
    FALSE_PAUSE = "false pause"
    LEFT_TO_A_PERSON = "left to a person"
    LABELS_DIFFER = "labels differ"


@dataclass(frozen=True, slots=True)
class Said:
    """Words that show a label."""

    label: Label
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A story on which the model and careful readers differ; ``probabilities`` in 0..1 by label."""

    id: str
    fault: Fault
    gold: tuple[Label, ...]
    found: tuple[Label, ...]
    action: Action
    probabilities: dict[Label, float]
    readers_quotes: tuple[Said, ...]
    model_quotes: tuple[Said, ...]

    @property
    def surprise(self) -> float:
        """How sure the model was of its worst mistake, in 0..1."""
        return max((abs((k in self.gold) - p) for k, p in self.probabilities.items()), default=0.0)


def find_missed(judged: Sequence[Judged]) -> tuple[Missed, ...]:
    """Stories with a fault: gravest first, within a fault those of which the model was surest."""
    order = list(Fault)
    faults = [(fault, item) for item in judged if (fault := find_fault(item)) is not None]
    found = [_missed(item, fault) for fault, item in faults]
    return tuple(sorted(found, key=lambda m: (order.index(m.fault), -m.surprise, m.id)))


def find_fault(item: Judged) -> Fault | None:
    """The gravest fault, or None where action and labels are right."""
    if item.should_pause and not item.paused:
        return Fault.LEFT_TO_A_PERSON if item.action is Action.REVIEW else Fault.PAUSE_MISSED
    if item.paused and not item.should_pause:
        return Fault.FALSE_PAUSE
    return None if item.exact else Fault.LABELS_DIFFER


def _missed(item: Judged, fault: Fault) -> Missed:
    labelled, answer = item.labelled, item.assessment
    scores: Mapping[Label, float] = answer.scores if answer else {}
    quotes = answer.evidence if answer else item.evidence
    return Missed(
        id=labelled.id,
        fault=fault,
        gold=labelled.labels,
        found=in_order(item.labels),
        action=item.action,
        probabilities=dict(scores),
        readers_quotes=tuple(Said(q.label, labelled.story.quote(q.span)) for q in labelled.evidence),
        model_quotes=tuple(Said(quote.label, quote.text) for quote in quotes),
    )
