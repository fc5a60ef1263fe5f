"""``POST /v1/classify``: stories in, assessments out, in the same order."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from classifier.assessment import Assessment
from classifier.backlog.sinks import to_json
from serve.batcher import Urgency
from serve.body import JSON, read_body
from serve.contract import component, faults
from serve.dependencies import TheAssessor, TheSettings
from serve.envelope import Received, Refused, open_envelope
from serve.hangup import unless_hung_up
from serve.problems import ProblemError, failed, note_problem
from serve.schemas import ClassifyRequest, ClassifyResponse
from serve.security.roles import Role, require
from serve.shield import log_place

router = APIRouter(tags=["stories"])

_BODY = {"required": True, "content": {JSON: {"schema": component(ClassifyRequest)}}}
_ANSWER = {"model": ClassifyResponse, "description": "One result for each story, in the same order."}
_FAULTS = {
    400: "The body is not UTF-8 or not JSON.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "The body has the wrong shape, or there are too many stories.",
    503: "The model is not ready, too many stories wait, or the service is stopping.",
    504: "The time for an answer is over.",
}


@router.post(
    "/v1/classify",
    summary="Assess stories",
    responses={200: _ANSWER, **faults(_FAULTS)},
    dependencies=[Depends(require(Role.CLASSIFY))],
    openapi_extra={"requestBody": _BODY},
)
async def classify(
    request: Request,
    assessor: TheAssessor,
    settings: TheSettings,
    priority: Annotated[Urgency, Query(description="Bulk stories let live ones go first.")] = Urgency.LIVE,
) -> Response:
    """Assess 1 to 64 stories.

    A story that cannot be read gets an `error` in its place; the others get their assessments, and the
    status is 200. On any other status, on a time-out and on an `error`, give the story to a person: never
    publish it unread.
    """
    assessor.check_ready()  # refuses before a long body is read
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    places = open_envelope(
        content, max_stories=settings.max_stories, max_story_chars=settings.max_story_chars
    )
    readable = [place for place in places if isinstance(place, Received)]
    found = iter(await unless_hung_up(request, assessor.assess_many(readable, urgency=priority)))
    results = [_result(place, found) for place in places]
    return Response(f'{{"results":[{",".join(results)}]}}', media_type=JSON)


def _result(place: Received | Refused, found: Iterator[Assessment | Exception]) -> str:
    if isinstance(place, Refused):
        return _error(place.id, place.problem)
    outcome = next(found)
    if isinstance(outcome, Exception):
        log_place(outcome)
        return _error(place.story.id, failed())
    return to_json(outcome.to_dict())


def _error(id: str | None, problem: ProblemError) -> str:
    note_problem(problem)
    return to_json({"id": id, "error": problem.to_dict()})
