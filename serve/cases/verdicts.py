"""Moderators' verdicts as labelled training records (data/LABELLING.md).

A record needs the story's words and a quote for each label. A verdict whose story lost its text, was edited
or withdrawn since, or whose label nobody showed the words for, makes no record; how many there were is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from classifier.assessment import Nation
from classifier.labels import Label, in_order
from serve.cases.case import Case, CaseError, Event, State, Verdict

GUIDE = "labelling-guide/1"
"""The guide that moderators judge by. A test holds it against the text of data/LABELLING.md."""


class VerdictError(CaseError):
    """A verdict does not fit its story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Labelled records, and how many verdicts made none: their text is gone, or no words show a label.

    A text that was edited or withdrawn since counts as gone.
    """

    records: tuple[dict[str, Any], ...]
    without_text: int
    without_words: int


def check(verdict: Verdict, case: Case) -> None:
    """Passes if the verdict's quotes stand in the story.

    Raises:
        VerdictError: a quote is outside the story, blank, or for a label that the verdict does not give.
    """
    for quote in verdict.quotes:
        if quote.label not in verdict.labels:
            raise VerdictError(f"quotes: {quote.label} is not among the verdict's labels. Add it there.")
        if not _cut(case, field=quote.span.field, start=quote.span.start, end=quote.span.end).strip():
            raise VerdictError("quotes: there are no words at this place. Mark words of title or text.")


def details(verdict: Verdict, case: Case) -> dict[str, Any]:
    """What the event of a verdict keeps: places instead of words, and what it was passed on."""
    return {
        "labels": [str(label) for label in in_order(verdict.labels)],
        "borderline": verdict.borderline,
        "note": verdict.note,
        "quotes": [
            {"label": str(q.label), "field": q.span.field, "start": q.span.start, "end": q.span.end}
            for q in verdict.quotes
        ],
        "found": [str(label) for label in case.labels],
        "story_hash": case.story_hash,
        "model": case.model,
        "policy": case.policy,
        "guide": GUIDE,
    }


def export(verdicts: Iterable[tuple[Case, Event]]) -> Export:
    """The records of the given verdicts, one for each case."""
    records, without_text, without_words = [], 0, 0
    for case, event in verdicts:
        if not _may_be_read(case, event):
            without_text += 1
        elif record := _record(case, event.details):
            records.append(record)
        else:
            without_words += 1
    return Export(records=tuple(records), without_text=without_text, without_words=without_words)


def _may_be_read(case: Case, event: Event) -> bool:
    """Whether the words that the verdict is about are still there, and their author has left them to us."""
    edited = event.details["story_hash"] != case.story_hash
    return case.text is not None and case.state is not State.WITHDRAWN and not edited


def _record(case: Case, verdict: dict[str, Any]) -> dict[str, Any] | None:
    evidence = [quote for label in verdict["labels"] for quote in _quotes(case, verdict, label)]
    if {quote["label"] for quote in evidence} != set(verdict["labels"]):
        return None
    return {
        "id": f"moderator-{case.id}",  # not the site's own id: a record must not lead back to its author
        "title": case.title,
        "text": case.text,
        "labels": verdict["labels"],
        "evidence": evidence,
        "nation": case.assessment.get("nation", Nation.UNKNOWN),
        "borderline": verdict["borderline"],
        "phenomena": ["moderator_verdict", f"model={verdict['model']}", f"guide={verdict['guide']}"],
    }


def _quotes(case: Case, verdict: dict[str, Any], label: str) -> list[dict[str, str]]:
    """The words for ``label``: the moderator's if any are marked, else the model's."""
    shown = [item for item in verdict["quotes"] if item["label"] == label]
    places = shown or [item for item in case.assessment["evidence"] if item["label"] == label]
    words = [_cut(case, field=item["field"], start=item["start"], end=item["end"]) for item in places]
    return [{"label": str(Label(label)), "quote": quote} for quote in words]


def _cut(case: Case, *, field: str, start: int, end: int) -> str:
    return (getattr(case, field) or "")[start:end]
