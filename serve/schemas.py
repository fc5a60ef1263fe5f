"""The shapes that travel over HTTP, for the contract at /docs.

Assessment and policy are the classifier's own dataclasses, so the contract cannot drift from them.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from classifier.assessment import Assessment
from classifier.bundle import Bundle, Calibration, Thresholds
from classifier.labels import LABELS, Label
from classifier.policy.parts import Confirmation, Difference, Messages, Note, Ombudsman, Point, Rule
from classifier.windows import WindowSize
from serve import examples
from serve.shadow import Disagreement

MAX_ID_CHARS = 500


class Shape(BaseModel):
    """A body with exactly the keys named."""

    model_config = ConfigDict(extra="forbid")


class StoryRequest(Shape):
    """One story as its author sent it; title or text must hold words."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.STORY]})

    id: str = Field(
        max_length=MAX_ID_CHARS,
        description="Your name for the story, sent back with its answer; each once in a request.",
    )
    title: str = Field(default="", description="The story's title.")
    text: str = Field(description="The story, of any length.")
    author_confirmed: bool = Field(
        default=False, description="The author has read the guidance and wishes to go ahead."
    )


class ClassifyRequest(Shape):
    """Stories to assess."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stories": [examples.STORY]}]})

    stories: list[StoryRequest] = Field(min_length=1, max_length=64)


class Problem(BaseModel):
    """RFC 9457: what is wrong and what to do. It never repeats what was sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PROBLEM]})

    type: str = Field(description="A URI that names the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status; for one story, the one it would have had alone.")
    detail: str = Field(description="Place: fact. What to do.")


class StoryProblem(Shape):
    """Stands in the place of a story that was not assessed: give that story to a person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "s-2", "error": examples.PROBLEM}]})

    id: str | None = Field(description="The story's id; null where it had none that can be sent back.")
    error: Problem


class ClassifyResponse(Shape):
    """One result for each story, in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"results": [examples.ASSESSMENT]}]})

    results: list[Annotated[Assessment, Field(examples=[examples.ASSESSMENT])] | StoryProblem]


class ModelDocument(Shape):
    """The model in service: what it finds, and the numbers that its decisions rest on."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.MODEL]})

    name: str
    version: int | str
    format: int = Field(description="Format number of the bundle.")
    labels: list[Label] = Field(description="In the order of every score.")
    thresholds: dict[Label, Thresholds]
    calibration: dict[Label, Calibration]
    window: WindowSize
    base: str | None = Field(description="The encoder that training began with.")
    data: dict[str, Any] = Field(description="The training stories: their fingerprint (SHA-256), counts.")
    figures: dict[str, Any] = Field(
        description="How good the model was on held-out stories. `profile`, where it is stated: the rates of "
        "actions, labels, signals and lengths among them, against which /metrics shows drift."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRule(Rule):
    """A rule, with the message that an author would get where the nation is unknown."""

    message: str


class PolicyDocument(Shape):
    """The policy in force: rules, guidance, messages, ombudsmen."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.POLICY]})

    version: str
    title: str
    source: str
    purpose: str
    messages: Messages
    confirmed: Confirmation
    rules: list[PublishedRule]
    points: list[Point]
    ombudsmen: list[Ombudsman]
    differences: list[Difference]
    notes: list[Note]


class ReloadDocument(Shape):
    """The models before and after a reload; the same name twice where nothing had changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.RELOAD]})

    old: str
    new: str


class ShadowDocument(Shape):
    """What a challenger made of the stories that the model in service answered since it was loaded."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SHADOW]})

    in_service: str
    challenger: str
    read: int = Field(description="Stories that both have read.")
    failed: int = Field(description="Stories that the challenger could not read.")
    dropped: int = Field(description="Stories that the challenger had no time for.")
    disagreed: int = Field(description="Stories on which labels or action differ.")
    disagreements: list[Disagreement] = Field(description="The newest of them first, at most 100.")


class Health(Shape):
    """How the service is: ``alive`` or ``ready``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "alive"}]})

    status: str


def model_document(bundle: Bundle) -> dict[str, Any]:
    """The body of ``GET /v1/model``: the manifest's documented fields, in a fixed order."""
    manifest = bundle.manifest
    by_label = {
        field: {label: manifest[field][label] for label in LABELS} for field in ("thresholds", "calibration")
    }
    found = {name: manifest.get(name) for name in ModelDocument.model_fields} | by_label
    return found | {field: manifest.get(field) or {} for field in ("data", "figures")}
