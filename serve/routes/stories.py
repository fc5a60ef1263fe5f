"""What the routes that take stories share: their body, its faults, and what became of each story."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request

from classifier.assessment import Assessment, to_json
from serve.assessor import Assessor
from serve.batcher import Urgency
from serve.body import JSON, read_body
from serve.contract import component
from serve.envelope import Received, Refused, open_envelope
from serve.hangup import unless_hung_up
from serve.problems import ProblemError, note_problem
from serve.schemas import ClassifyRequest
from serve.settings import Settings

Priority = Annotated[Urgency, Query(description="Bulk stories let live ones go first.")]

BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON: {"schema": component(ClassifyRequest)}}}
}
FAULTS = {
    400: "The body is not UTF-8 or not JSON.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "The body has the wrong shape, or there are too many stories.",
    503: "The model is not ready, too many stories wait, or the service is stopping.",
    504: "The time for an answer is over.",
}


@dataclass(frozen=True, slots=True)
class Read:
    """A story that was received, with its assessment or what the classifier raised on it."""

    received: Received
    outcome: Assessment | Exception


async def read_stories(
    request: Request, assessor: Assessor, settings: Settings, *, urgency: Urgency
) -> list[Read | Refused]:
    """What became of each story in the body, in its order.

    Raises:
        ProblemError: the request as a whole cannot be answered.
    """
    assessor.check_ready()  # refuses before a long body is read
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    places = open_envelope(
        content, max_stories=settings.max_stories, max_story_chars=settings.max_story_chars
    )
    readable = [place for place in places if isinstance(place, Received)]
    outcomes = iter(await unless_hung_up(request, assessor.assess_many(readable, urgency=urgency)))
    return [place if isinstance(place, Refused) else Read(place, next(outcomes)) for place in places]


def story_error(id: str | None, problem: ProblemError) -> str:
    """The result, as JSON, of a story that was not assessed."""
    note_problem(problem)
    return to_json({"id": id, "error": problem.to_dict()})


def results(found: list[str]) -> str:
    """The body of the answer, from each story's result as JSON."""
    return f'{{"results":[{",".join(found)}]}}'
