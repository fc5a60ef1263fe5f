"""``POST /v1/cases``: stories in, assessments out, and a case for each story that is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from classifier.assessment import Assessment
from classifier.backlog.sinks import to_json
from serve.batcher import Urgency
from serve.body import JSON, read_body
from serve.cases.faults import AWAY, away
from serve.cases.shapes import ModerateResponse, case_summary
from serve.cases.store import CaseStore
from serve.contract import component, faults
from serve.dependencies import TheAssessor, TheCases, TheSettings
from serve.envelope import Received, Refused, open_envelope
from serve.hangup import unless_hung_up
from serve.problems import ProblemError, failed, note_problem
from serve.schemas import ClassifyRequest
from serve.security.roles import Caller, Role, require
from serve.shield import log_place

router = APIRouter(tags=["cases"])

_BODY = {"required": True, "content": {JSON: {"schema": component(ClassifyRequest)}}}
_ANSWER = {"model": ModerateResponse, "description": "One result for each story, in the same order."}
_FAULTS = {
    400: "The body is not UTF-8 or not JSON.",
    401: "A key is needed.",
    403: "This key may not do that.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "The body has the wrong shape, or there are too many stories.",
    429: "There are too many requests.",
    503: "The model is not ready, too many stories wait, or the service is stopping.",
    504: "The time for an answer is over.",
}

Place = Received | Refused
Outcome = Assessment | Exception


@router.post(
    "/v1/cases",
    summary="Assess stories and open their cases",
    responses={200: _ANSWER, **faults(_FAULTS)},
    openapi_extra={"requestBody": _BODY},
)
async def moderate(
    request: Request,
    caller: Annotated[Caller, Depends(require(Role.CLASSIFY))],
    assessor: TheAssessor,
    cases: TheCases,
    settings: TheSettings,
    priority: Annotated[Urgency, Query(description="Bulk stories let live ones go first.")] = Urgency.LIVE,
) -> Response:
    """Assess 1 to 64 stories; those with action `pause` or `review` become cases.

    A story is known by its id. Sent again unchanged, it has the case it had. Sent again with another title or
    text, or with `author_confirmed`, its case is judged again. A story that its author has confirmed opens
    none. What is said of errors at `/v1/classify` holds here too: give those stories to a person.
    """
    assessor.check_ready()  # refuses before a long body is read
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    places = open_envelope(
        content, max_stories=settings.max_stories, max_story_chars=settings.max_story_chars
    )
    readable = [place for place in places if isinstance(place, Received)]
    found = await unless_hung_up(request, assessor.assess_many(readable, urgency=priority))
    results = await run_in_threadpool(_results, places, found, cases, caller)
    return Response(f'{{"results":[{",".join(results)}]}}', media_type=JSON)


def _results(
    places: Sequence[Place], found: Sequence[Outcome], cases: CaseStore, caller: Caller
) -> list[str]:
    outcomes, opening = iter(found), _Opening(cases, caller)
    return [
        _error(place.id, place.problem)
        if isinstance(place, Refused)
        else opening.result(place, next(outcomes))
        for place in places
    ]


@dataclass(slots=True)
class _Opening:
    """Opens a request's cases. A database that is away is asked once: each story would wait for it anew."""

    cases: CaseStore
    caller: Caller
    is_away: bool = False

    def result(self, place: Received, outcome: Outcome) -> str:
        try:
            if isinstance(outcome, Exception):
                raise outcome
            if self.is_away:
                return _error(place.story.id, away())
            case = self.cases.open(
                place.story, outcome, self.caller.name, author_confirmed=place.author_confirmed
            )
        except AWAY as error:
            self.is_away = True
            log_place(error)
            return _error(place.story.id, away())
        except Exception as error:  # one story's fault is not the others'
            log_place(error)
            return _error(place.story.id, failed())
        return to_json({"assessment": outcome.to_dict(), "case": case and case_summary(case)})


def _error(id: str | None, problem: ProblemError) -> str:
    note_problem(problem)
    return to_json({"id": id, "error": problem.to_dict()})
