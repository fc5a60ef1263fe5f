"""Faults as RFC 9457 problems. They say what to do and never repeat what was sent.

    ProblemError    a fault with its kind; a route raises it, ``install`` turns it into an answer

The framework's own answers are replaced: its 422 body holds the input, and a story may be private.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from classifier.assessment import to_json
from classifier.errors import ComplaintContextError

MEDIA_TYPE = "application/problem+json"

_noted: ContextVar[list[str] | None] = ContextVar("problems", default=None)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem; its ``type`` and ``title`` are part of the contract."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The URI that names this kind."""
        return f"urn:problem-type:complaint-context:{self.name}"


NOT_UTF8 = Kind("not-utf-8", 400, "The body is not UTF-8")
NOT_JSON = Kind("not-json", 400, "The body is not JSON")
NOT_A_FORM = Kind("not-a-form", 400, "The body is not a form")
KEY_NEEDED = Kind("key-needed", 401, "A key is needed")
NOT_ALLOWED = Kind("not-allowed", 403, "This key may not do that")
CROSS_SITE = Kind("cross-site", 403, "The request comes from a page of another site")
FORGED = Kind("forged-form", 403, "The form is not one of ours")
NOT_FOUND = Kind("not-found", 404, "There is nothing at this address")
METRICS_ELSEWHERE = Kind("metrics-elsewhere", 404, "Each worker has metrics of its own")
NO_SHADOW = Kind("no-shadow", 404, "No challenger reads along")
NO_CASE = Kind("no-case", 404, "There is no such case")
WRONG_METHOD = Kind("wrong-method", 405, "This address does not take this method")
WRONG_STEP = Kind("wrong-step", 409, "The case cannot take this step")
STALE_CASE = Kind("stale-case", 409, "The case has changed")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
WRONG_MEDIA_TYPE = Kind("wrong-media-type", 415, "The body is of the wrong media type")
WRONG_HOST = Kind("wrong-host", 421, "The service does not answer to this name")
BAD_REQUEST = Kind("bad-request", 422, "The request does not have the right shape")
TOO_MANY_STORIES = Kind("too-many-stories", 422, "There are too many stories in the request")
BAD_STORY = Kind("bad-story", 422, "This story cannot be read")
REPEATED_ID = Kind("repeated-id", 422, "Two stories have the same id")
TOO_OFTEN = Kind("too-often", 429, "There are too many requests")
BAD_MODEL = Kind("bad-model", 422, "The model cannot be loaded")
FAILED = Kind("failed", 500, "The service failed")
NOT_READY = Kind("not-ready", 503, "The service is not ready")
QUEUE_FULL = Kind("queue-full", 503, "Too many stories wait")
DATABASE_AWAY = Kind("database-away", 503, "The database does not answer")
STOPPING = Kind("stopping", 503, "The service is stopping")
TIMED_OUT = Kind("timed-out", 504, "The time for an answer is over")
KEYS_UNREADABLE = Kind("keys-unreadable", 503, "The keys cannot be read")


class ProblemError(ComplaintContextError):
    """A request, or one story of it, cannot be answered; ``detail`` reads *place: fact. What to do.*"""

    def __init__(self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})

    def to_dict(self) -> dict[str, Any]:
        """The members of the problem, ready for JSON."""
        kind = self.kind
        return {"type": kind.type, "title": kind.title, "status": kind.status, "detail": self.detail}


def failed() -> ProblemError:
    """The problem for a story on which we failed."""
    return ProblemError(FAILED, "story: was not assessed. Give it to a person, and tell the operator.")


@contextmanager
def noted_problems() -> Iterator[list[str]]:
    """The kinds of the problems that are answered with meanwhile, for metrics and log (``serve.watch``)."""
    found: list[str] = []
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note_problem(problem: ProblemError) -> None:
    """Notes a problem that is answered with: a request's (done in ``problem_response``), or one story's."""
    found = _noted.get()
    if found is not None:
        found.append(problem.kind.name)


class _ProblemResponse(Response):
    def __init__(self, problem: ProblemError) -> None:
        super().__init__(
            to_json(problem.to_dict()),
            status_code=problem.kind.status,
            headers=problem.headers,
            media_type=MEDIA_TYPE,
        )
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note_problem(self._problem)
        await super().__call__(scope, receive, send)


def problem_response(problem: ProblemError) -> Response:
    """The answer that carries ``problem``."""
    return _ProblemResponse(problem)


def install(app: FastAPI) -> None:
    """Answers every fault of ``app`` with a problem."""

    @app.exception_handler(ProblemError)
    async def answer(_: Request, problem: ProblemError) -> Response:
        return problem_response(problem)

    @app.exception_handler(HTTPException)
    async def answer_http(request: Request, error: HTTPException) -> Response:
        return problem_response(_from_http(error, request))

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(_: Request, __: RequestValidationError) -> Response:
        return problem_response(ProblemError(BAD_REQUEST, "request: a part is missing or wrong. See /docs."))


def _from_http(error: HTTPException, request: Request) -> ProblemError:
    if error.status_code == NOT_FOUND.status:
        return ProblemError(NOT_FOUND, "address: there is nothing here. See /docs for those there are.")
    if error.status_code == WRONG_METHOD.status:
        methods = ", ".join(_methods(request))
        detail = f"method: is not one of this address. Use {methods}."
        return ProblemError(WRONG_METHOD, detail, headers={"allow": methods})
    phrase = HTTPStatus(error.status_code).phrase
    kind = Kind(phrase.lower().replace(" ", "-"), error.status_code, phrase)
    return ProblemError(kind, "request: cannot be answered. See /docs.", headers=error.headers)


def _methods(request: Request) -> list[str]:
    """What the address takes by all routes of its template; the framework's answer knows of one alone."""
    contexts = iter_route_contexts(request.app.router.routes)
    routes = [found for context in contexts if isinstance(found := context.original_route, Route)]
    at_address = (route.path for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    template = next(at_address, None)
    return sorted({method for route in routes if route.path == template for method in route.methods or ()})
