"""An assessment in the words of a page: what to do, why, in which words, and what to tell whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.assessment import Action, Evidence, Nation
from classifier.bundle import Thresholds
from classifier.labels import LABELS, Label
from classifier.story import Field, Story
from serve.assessor import Assessor
from serve.console.words import ACTIONS, FOUND, NATIONS
from serve.highlight import Stretch, highlight
from serve.problems import ProblemError

ByLabel = Mapping[Label, Thresholds]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of labels; ``found`` is clear, possible or no, ``score`` is in 0..1.

    ``review`` and ``clear`` are the thresholds; None where they are not known any more.
    """

    label: Label
    found: str
    score: float
    review: float | None
    clear: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a page shows of an assessment. ``title`` and ``text`` are empty once the words are gone."""

    action: str
    nation: str
    rows: tuple[Row, ...]
    title: tuple[Stretch, ...]
    text: tuple[Stretch, ...]
    signals: list[dict[str, Any]]
    for_moderator: list[dict[str, Any]]
    for_author: list[dict[str, Any]]
    model: str
    policy: str


def read(assessment: Mapping[str, Any], *, story: Story | None, thresholds: ByLabel | None) -> Reading:
    """The reading of an assessment's plain dict.

    Args:
        story: the words it is about; None once they are gone.
        thresholds: those of the model that made it; None if that model is not in service.
    """
    title, text = ((), ()) if story is None else _words(story, assessment)
    return Reading(
        action=ACTIONS[Action(assessment["action"])],
        nation=NATIONS[Nation(assessment["nation"])],
        rows=tuple(_row(label, assessment, thresholds) for label in LABELS),
        title=title,
        text=text,
        signals=assessment["signals"] if story else [],
        for_moderator=_guidance(assessment, "moderator"),
        for_author=_guidance(assessment, "author"),
        model=assessment["model"],
        policy=assessment["policy"],
    )


def thresholds_of(assessor: Assessor, model: str) -> ByLabel | None:
    """The thresholds of ``model`` if it is the one in service: another's would not explain its decisions."""
    try:
        bundle = assessor.classifier.bundle
    except ProblemError:  # a case can be read while there is no model
        return None
    return bundle.thresholds if bundle.name == model else None


def _words(story: Story, assessment: Mapping[str, Any]) -> tuple[tuple[Stretch, ...], ...]:
    evidence = tuple(
        Evidence(**(quote | {"label": Label(quote["label"])})) for quote in assessment["evidence"]
    )
    fields: tuple[Field, Field] = ("title", "text")
    return tuple(highlight(story, field=field, evidence=evidence) for field in fields)


def _row(label: Label, assessment: Mapping[str, Any], thresholds: ByLabel | None) -> Row:
    reason = next((reason for reason in assessment["reasons"] if reason["label"] == label), None)
    clear = reason["clear"] if reason else None
    score = assessment["scores"][label]
    if thresholds is not None:
        return Row(label, FOUND[clear], score, thresholds[label].review, thresholds[label].clear)
    reached = reason["threshold"] if reason else None  # a reason keeps the one threshold that it reached
    return Row(label, FOUND[clear], score, None if clear else reached, reached if clear else None)


def _guidance(assessment: Mapping[str, Any], audience: str) -> list[dict[str, Any]]:
    return [item for item in assessment["guidance"] if item["audience"] == audience]
