"""``POST /v1/classify``: stories in, assessments out, in the same order."""

import asyncio

from fastapi import APIRouter, Request, Response

from classifier.backlog.sinks import to_json
from serve.assessor import Assessor
from serve.body import JSON, read_body
from serve.contract import component, faults
from serve.dependencies import TheAssessor, TheSettings
from serve.envelope import Received, Refused, open_envelope
from serve.problems import ProblemError, failed
from serve.schemas import ClassifyRequest, ClassifyResponse
from serve.shield import log_place

router = APIRouter(tags=["stories"])

_BODY = {"required": True, "content": {JSON: {"schema": component(ClassifyRequest)}}}
_ANSWER = {"model": ClassifyResponse, "description": "One result for each story, in the same order."}
_FAULTS = {
    400: "The body is not UTF-8 or not JSON.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "The body has the wrong shape, or there are too many stories.",
    503: "The model is not ready.",
}


@router.post(
    "/v1/classify",
    summary="Assess stories",
    responses={200: _ANSWER, **faults(_FAULTS)},
    openapi_extra={"requestBody": _BODY},
)
async def classify(request: Request, assessor: TheAssessor, settings: TheSettings) -> Response:
    """Assess 1 to 64 stories.

    A story that cannot be read gets an `error` in its place; the others get their assessments, and the
    status is 200. On any other status, on a time-out and on an `error`, give the story to a person: never
    publish it unread.
    """
    assessor.classifier  # noqa: B018 - refuses before a long body is read
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    places = open_envelope(content, max_stories=settings.max_stories)
    results = await asyncio.gather(*(_result(place, assessor) for place in places))
    return Response(f'{{"results":[{",".join(results)}]}}', media_type=JSON)


async def _result(place: Received | Refused, assessor: Assessor) -> str:
    if isinstance(place, Refused):
        return _error(place.id, place.problem)
    try:
        assessment = await assessor.assess(place.story, author_confirmed=place.author_confirmed)
    except Exception as error:  # one story's fault is not the others'
        log_place(error)
        return _error(place.story.id, failed())
    return to_json(assessment.to_dict())


def _error(id: str | None, problem: ProblemError) -> str:
    return to_json({"id": id, "error": problem.to_dict()})
