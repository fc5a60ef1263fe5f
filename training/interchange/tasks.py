"""Label Studio's tasks, written: stories with an annotation or a prediction."""

from collections.abc import Mapping
from typing import Any

from classifier.assessment import Assessment
from classifier.label_studio import choices, numbered, prediction, region, regions
from classifier.story import Story
from training.stories import LabelledStory


def to_task(labelled: LabelledStory) -> dict[str, Any]:
    """A task with one annotation that says all that is said of the story."""
    marks = [(quote.label, quote.span) for quote in labelled.evidence]
    result = [
        *regions(labelled.story, labels=labelled.labels, marks=marks, nation=labelled.nation),
        *([choices("borderline", ["borderline"])] if labelled.borderline else []),
        *(
            [region("phenomena", "text", "textarea", text=list(labelled.phenomena))]
            if labelled.phenomena
            else []
        ),
    ]
    return {
        "data": _data(labelled.story),
        "annotations": [{"result": numbered(result), "was_cancelled": False}],
    }


def to_prediction(story: Story, *, assessment: Assessment, more: Mapping[str, str]) -> dict[str, Any]:
    """A task to label, with what a model says of it as a prediction.

    Args:
        more: further columns for the list of tasks.
    """
    return {"data": {**_data(story), **more}, "predictions": [prediction(story, assessment=assessment)]}


def _data(story: Story) -> dict[str, str]:
    return {"id": story.id, "title": story.title, "text": story.text}
