"""The shapes of Label Studio's ML backend protocol, for the contract at /docs."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serve import examples
from serve.label_studio.tasks import MAX_TASKS
from serve.schemas import Problem, Shape


class Sent(BaseModel):
    """A body of Label Studio's, of which only the keys named are looked at."""

    model_config = ConfigDict(extra="allow")


class TaskData(Sent):
    """The story of a task, in the columns of `data/label_studio.xml`."""

    id: str
    title: str | None = None
    text: str


class Task(Sent):
    """A task of a project that is set up with `data/label_studio.xml`."""

    data: TaskData


class PredictRequest(Sent):
    """Tasks to predict."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREDICT]})

    tasks: list[Task] = Field(min_length=1, max_length=MAX_TASKS)


class Region(Shape):
    """A choice, or marked words: `start` and `end` are code points, half-open."""

    id: str
    from_name: str
    to_name: str
    type: str
    value: dict[str, Any]


class Prediction(Shape):
    """What the model says of a task; empty, with an `error`, where its story cannot be read."""

    model_version: str = Field(description="Model and policy. Label Studio keeps it beside the annotation.")
    score: float = Field(description="The highest of the four scores, in 0..1.")
    result: list[Region]
    error: Problem | None = None


class PredictResponse(Shape):
    """One prediction for each task, in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREDICTIONS]})

    results: list[Prediction]
    model_version: str


class Notice(Sent):
    """What Label Studio tells of a project. Nothing of it is needed, and nothing is kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"project": "1.1764158400"}]})


class SetupResponse(Shape):
    """The version under which predictions will come."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model_version": examples.PREDICTED_BY}]})

    model_version: str


class BackendHealth(Shape):
    """Label Studio's word for ready is ``UP``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "UP", "model_class": "ComplaintClassifier"}]}
    )

    status: str
    model_class: str


class WebhookResponse(Shape):
    """That the event was heard, and what comes of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "result": "Nothing is learnt here."}]}
    )

    status: str
    result: str
