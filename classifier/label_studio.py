"""What Label Studio shows of a story: choices and marked words, in the controls of data/label_studio.xml.

Annotations (training) and predictions (training, serve) are written alike, so that a prediction which an
annotator accepts can be read as the annotator's own.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from classifier.assessment import Assessment, Nation
from classifier.labels import Label
from classifier.story import Field, Span, Story

NONE = "none"
"""The choice that says: no label holds. Without it, a task left blank would look labelled."""
MARKS: dict[Field, str] = {"text": "evidence", "title": "title_evidence"}
"""The control that marks words in each field."""

Region = dict[str, Any]


def prediction(story: Story, *, assessment: Assessment) -> dict[str, Any]:
    """What a model says of a story, as Label Studio's prediction: its labels, their evidence, the nation.

    A label that may hold and is not clear is no choice of it. ``score`` is the highest of the four, in 0..1.
    """
    marks = [
        (quote.label, Span(quote.field, quote.start, quote.end))
        for quote in assessment.evidence
        if quote.label in assessment.labels
    ]
    found = regions(story, labels=assessment.labels, marks=marks, nation=assessment.nation)
    return {
        "model_version": version(model=assessment.model, policy=assessment.policy),
        "score": max(assessment.scores.values()),
        "result": numbered(found),
    }


def version(*, model: str, policy: str) -> str:
    """The name under which Label Studio keeps predictions; those of another name count as another's.

    Example: "complaint-context/7 care-opinion-uk/2"
    """
    return f"{model} {policy}"


def regions(
    story: Story, *, labels: Sequence[Label], marks: Iterable[tuple[Label, Span]], nation: Nation
) -> list[Region]:
    """The choices and marks that every labelled story has."""
    return [
        choices("labels", [str(label) for label in labels] or [NONE]),
        *(_mark(label, span, story) for label, span in marks),
        choices("nation", [str(nation)]),
    ]


def choices(control: str, chosen: list[str]) -> Region:
    """What is chosen in a control."""
    return region(control, "text", "choices", choices=chosen)


def region(control: str, field: Field, kind: str, **value: Any) -> Region:
    """What is said with a control of a field."""
    return {"from_name": control, "to_name": field, "type": kind, "value": value}


def numbered(found: list[Region]) -> list[Region]:
    """The regions of a task, each with the id by which Label Studio tells them apart."""
    return [{"id": f"r{number}", **item} for number, item in enumerate(found, start=1)]


def _mark(label: Label, span: Span, story: Story) -> Region:
    words = story.quote(span)
    place = {"start": span.start, "end": span.end, "text": words}
    return region(MARKS[span.field], span.field, "labels", **place, labels=[str(label)])
