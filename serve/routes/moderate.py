"""``POST /v1/cases``: stories in, assessments out, and a case for each story that is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from classifier.assessment import to_json
from serve.batcher import Urgency
from serve.body import JSON
from serve.cases.faults import AWAY, away
from serve.cases.shapes import ModerateResponse, case_summary
from serve.cases.store import CaseStore
from serve.contract import faults
from serve.dependencies import TheAssessor, TheCases, TheSettings
from serve.envelope import Refused
from serve.problems import failed
from serve.routes.stories import BODY, FAULTS, Priority, Read, read_stories, results, story_error
from serve.security.roles import Caller, Role, require
from serve.shield import log_place

router = APIRouter(tags=["cases"])

_ANSWER = {"model": ModerateResponse, "description": "One result for each story, in the same order."}


@router.post(
    "/v1/cases",
    summary="Assess stories and open their cases",
    responses={200: _ANSWER, **faults(FAULTS)},
    openapi_extra=BODY,
)
async def moderate(
    request: Request,
    caller: Annotated[Caller, require(Role.CLASSIFY)],
    assessor: TheAssessor,
    cases: TheCases,
    settings: TheSettings,
    priority: Priority = Urgency.LIVE,
) -> Response:
    """Assess 1 to 64 stories; those with action `pause` or `review` become cases.

    A story is known by its id. Sent again unchanged, it has the case it had. Sent again with another title or
    text, or with `author_confirmed`, its case is judged again. A story that its author has confirmed opens
    none. What is said of errors at `/v1/classify` holds here too: give those stories to a person.
    """
    found = await read_stories(request, assessor, settings, urgency=priority)
    opened = await run_in_threadpool(_Opening(cases, caller).results, found)
    return Response(results(opened), media_type=JSON)


@dataclass(slots=True)
class _Opening:
    """Opens a request's cases. A database that is away is asked once: each story would wait for it anew."""

    cases: CaseStore
    caller: Caller
    is_away: bool = False

    def results(self, found: Sequence[Read | Refused]) -> list[str]:
        return [
            story_error(story.id, story.problem) if isinstance(story, Refused) else self._result(story)
            for story in found
        ]

    def _result(self, read: Read) -> str:
        story, outcome = read.received.story, read.outcome
        try:
            if isinstance(outcome, Exception):
                raise outcome
            if self.is_away:
                return story_error(story.id, away())
            confirmed = read.received.author_confirmed
            case = self.cases.open(story, outcome, self.caller.name, author_confirmed=confirmed)
        except AWAY as error:
            self.is_away = True
            log_place(error)
            return story_error(story.id, away())
        except Exception as error:  # one story's fault is not the others'
            log_place(error)
            return story_error(story.id, failed())
        return to_json({"assessment": outcome.to_dict(), "case": case and case_summary(case)})
