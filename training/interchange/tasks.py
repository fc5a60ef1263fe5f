"""Label Studio's tasks, written: stories with an annotation or a prediction.

The controls that they name are those of data/label_studio.xml.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from classifier.assessment import Assessment, Nation
from classifier.labels import Label
from classifier.story import Field, Span, Story
from training.stories import LabelledStory, Quote

NONE = "none"
"""The choice that says: no label holds. Without it, a task left blank would look labelled."""
MARKS: dict[Field, str] = {"text": "evidence", "title": "title_evidence"}
"""The control that marks words in each field."""


def to_task(labelled: LabelledStory) -> dict[str, Any]:
    """A task with one annotation that says all that is said of the story."""
    result = [
        *_result(labelled.story, labels=labelled.labels, quotes=labelled.evidence, nation=labelled.nation),
        *([_choices("borderline", ["borderline"])] if labelled.borderline else []),
        *(
            [_region("phenomena", "text", "textarea", text=list(labelled.phenomena))]
            if labelled.phenomena
            else []
        ),
    ]
    return {
        "data": _data(labelled.story),
        "annotations": [{"result": _numbered(result), "was_cancelled": False}],
    }


def to_prediction(story: Story, *, assessment: Assessment, more: Mapping[str, str]) -> dict[str, Any]:
    """A task to label, with what a model says of it as a prediction.

    Args:
        more: further columns for the list of tasks.
    """
    quotes = [
        Quote(quote.label, Span(quote.field, quote.start, quote.end))
        for quote in assessment.evidence
        if quote.label in assessment.labels
    ]
    result = _result(story, labels=assessment.labels, quotes=quotes, nation=assessment.nation)
    return {
        "data": {**_data(story), **more},
        "predictions": [
            {
                "model_version": assessment.model,
                "score": max(assessment.scores.values()),
                "result": _numbered(result),
            }
        ],
    }


def _data(story: Story) -> dict[str, str]:
    return {"id": story.id, "title": story.title, "text": story.text}


def _result(
    story: Story, *, labels: Sequence[Label], quotes: Iterable[Quote], nation: Nation
) -> list[dict[str, Any]]:
    return [
        _choices("labels", [str(label) for label in labels] or [NONE]),
        *(_mark(quote, story) for quote in quotes),
        _choices("nation", [str(nation)]),
    ]


def _choices(control: str, chosen: list[str]) -> dict[str, Any]:
    return _region(control, "text", "choices", choices=chosen)


def _mark(quote: Quote, story: Story) -> dict[str, Any]:
    span = quote.span
    return _region(
        MARKS[span.field],
        span.field,
        "labels",
        start=span.start,
        end=span.end,
        text=story.quote(span),
        labels=[str(quote.label)],
    )


def _region(control: str, field: Field, kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": control, "to_name": field, "type": kind, "value": value}


def _numbered(result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Label Studio tells regions of a task apart by an id."""
    return [{"id": f"r{number}", **item} for number, item in enumerate(result, start=1)]
