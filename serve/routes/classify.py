"""``POST /v1/classify``: stories in, assessments out, in the same order."""

from fastapi import APIRouter, Request, Response

from classifier.assessment import to_json
from serve.batcher import Urgency
from serve.body import JSON
from serve.contract import faults
from serve.dependencies import assessor_of, settings_of
from serve.envelope import Refused
from serve.problems import failed
from serve.routes.stories import BODY, FAULTS, Priority, Read, read_stories, results, story_error
from serve.schemas import ClassifyResponse
from serve.security.roles import Role, require
from serve.shield import log_place

router = APIRouter(tags=["stories"])

_ANSWER = {"model": ClassifyResponse, "description": "One result for each story, in the same order."}


@router.post(
    "/v1/classify",
    summary="Assess stories",
    responses={200: _ANSWER, **faults(FAULTS)},
    dependencies=[require(Role.CLASSIFY)],
    openapi_extra=BODY,
)
async def classify(request: Request, priority: Priority = Urgency.LIVE) -> Response:
    """Assess 1 to 64 stories.

    A story that cannot be read gets an `error` in its place; the others get their assessments, and the
    status is 200. On any other status, on a time-out and on an `error`, give the story to a person: never
    publish it unread.
    """
    found = await read_stories(request, assessor_of(request), settings_of(request), urgency=priority)
    return Response(results([_result(story) for story in found]), media_type=JSON)


def _result(story: Read | Refused) -> str:
    if isinstance(story, Refused):
        return story_error(story.id, story.problem)
    if isinstance(story.outcome, Exception):
        log_place(story.outcome)
        return story_error(story.received.story.id, failed())
    return to_json(story.outcome.to_dict())
