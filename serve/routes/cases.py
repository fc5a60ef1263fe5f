"""``/v1/cases``: held stories, what moderators do with them, and what comes of it for training.

How a story becomes a case: ``serve.routes.moderate``.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from classifier.assessment import Action, to_json
from classifier.labels import Label
from serve.body import JSON, read_body, read_json
from serve.cases.case import Case, CaseQuery, State
from serve.cases.shapes import (
    CaseDocument,
    CasesPage,
    EventsDocument,
    StepRequest,
    VerdictRequest,
    case_document,
    cases_page,
    event_document,
    verdict,
)
from serve.cases.store import CaseStore
from serve.cases.verdicts import export
from serve.contract import component, faults
from serve.dependencies import TheCases, TheSettings
from serve.problems import BAD_REQUEST, ProblemError
from serve.routes.stories import FAULTS
from serve.security.roles import Caller, Role, require

router = APIRouter(prefix="/v1/cases", tags=["cases"])

JSONL = "application/jsonl"
WITHOUT_TEXT = "complaint-context-without-text"
WITHOUT_WORDS = "complaint-context-without-words"

Moderator = Annotated[Caller, require(Role.MODERATE)]
Administrator = Annotated[Caller, require(Role.ADMIN)]

_STEP_OR_VERDICT: TypeAdapter[StepRequest | VerdictRequest] = TypeAdapter(StepRequest | VerdictRequest)
_AWAY = {503: "The database does not answer, or the keys cannot be read."}
_NO_CASE = {404: "There is no such case, or it was erased."}
_BODY = {"anyOf": [component(StepRequest), component(VerdictRequest)]}
_BAD_BODY = {status: FAULTS[status] for status in (400, 413, 415)}


@router.get(
    "",
    summary="Cases",
    responses={200: {"model": CasesPage}, **faults(_AWAY | {422: "A part of the query is wrong."})},
)
async def list_cases(
    _: Moderator,
    cases: TheCases,
    state: Annotated[State | None, Query()] = None,
    action: Annotated[Action | None, Query()] = None,
    label: Annotated[Label | None, Query(description="Clear or possible in the story.")] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 25,
) -> Response:
    """Open cases first, the longest waiting on top; then closed ones, the latest on top."""
    query = CaseQuery(state=state, action=action, label=label, page=page, size=size)
    found, counts = await run_in_threadpool(lambda: (cases.find(query), cases.counts()))
    return _json(cases_page(found, counts))


@router.get(
    "/verdicts",
    summary="Moderators' verdicts as training records",
    response_class=Response,
    responses={
        200: {
            "description": "Labelled records, one a line. The headers tell how many verdicts made none.",
            "content": {JSONL: {"schema": {"type": "string"}}},
            "headers": {
                WITHOUT_TEXT: {
                    "description": "Verdicts whose story was dropped, edited or withdrawn since.",
                    "schema": {"type": "integer"},
                },
                WITHOUT_WORDS: {
                    "description": "Verdicts with a label that no words are marked for.",
                    "schema": {"type": "integer"},
                },
            },
        },
        **faults(_AWAY),
    },
)
async def export_verdicts(_: Administrator, cases: TheCases) -> Response:
    """The latest verdict on each case whose text is still there, for whoever trains the next model.

    Text is dropped when a case is closed unless the operator keeps that of verdicts (`keep_verdict_text`).
    """
    found = await run_in_threadpool(lambda: export(cases.verdicts()))
    return Response(
        "".join(f"{to_json(record)}\n" for record in found.records),
        media_type=JSONL,
        headers={WITHOUT_TEXT: str(found.without_text), WITHOUT_WORDS: str(found.without_words)},
    )


@router.get(
    "/{id}",
    summary="A case",
    responses={200: {"model": CaseDocument}, **faults(_AWAY | _NO_CASE)},
)
async def show_case(id: str, _: Moderator, cases: TheCases) -> Response:
    """The case with its story and assessment."""
    return _json(case_document(await run_in_threadpool(cases.get, id)))


@router.delete(
    "/{id}",
    summary="Erase a case",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "The case is erased."}, **faults(_AWAY | _NO_CASE)},
)
async def erase_case(id: str, caller: Administrator, cases: TheCases) -> Response:
    """Forget the story and all that happened to it; that something was erased, when and by whom is kept."""
    await run_in_threadpool(cases.erase, id, caller.name)
    return Response(status_code=204)


@router.get(
    "/{id}/events",
    summary="What happened to a case",
    responses={200: {"model": EventsDocument}, **faults(_AWAY | _NO_CASE)},
)
async def list_events(id: str, _: Moderator, cases: TheCases) -> Response:
    """All events in order; of an erased case the bare fact."""
    found = await run_in_threadpool(cases.events, id)
    return _json({"events": [event_document(event) for event in found]})


@router.post(
    "/{id}/events",
    summary="Take a step, or record a verdict",
    responses={
        200: {"model": CaseDocument, "description": "The case after it."},
        **faults(
            _AWAY
            | _BAD_BODY
            | _NO_CASE
            | {
                409: "The step does not start here, needs a note, or the case has changed since you looked.",
                422: "The body has the wrong shape, or a quote is not in the story.",
            }
        ),
    },
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": _BODY}}}},
)
async def add_event(
    id: str, request: Request, caller: Moderator, cases: TheCases, settings: TheSettings
) -> Response:
    """Move the case on (`pause`, `ask`, `confirm`, `resume`, `withdraw`), or say which labels really hold."""
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    wanted = _read_event(content)
    return _json(case_document(await run_in_threadpool(_apply, wanted, id, cases, caller)))


def _apply(wanted: StepRequest | VerdictRequest, id: str, cases: CaseStore, caller: Caller) -> Case:
    if isinstance(wanted, VerdictRequest):
        return cases.record_verdict(
            id, verdict(wanted.verdict), caller.name, expected_event=wanted.expected_event
        )
    return cases.take(id, wanted.step, caller.name, note=wanted.note, expected_event=wanted.expected_event)


def _read_event(content: bytes) -> StepRequest | VerdictRequest:
    read_json(content)  # stricter than pydantic, and says what is wrong with the JSON
    try:
        return _STEP_OR_VERDICT.validate_json(content, strict=True)
    except ValidationError:
        raise ProblemError(
            BAD_REQUEST,
            'body: is neither a step nor a verdict. Send {"step": "ask"} or {"verdict": {"labels": []}}; '
            "see /docs.",
        ) from None


def _json(document: dict[str, Any]) -> Response:
    return Response(to_json(document), media_type=JSON)
