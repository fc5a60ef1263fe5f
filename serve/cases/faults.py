"""What goes wrong with a case, as problems: for the API and the console alike."""

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from serve.cases.case import CaseError, NoCaseError, StaleCaseError
from serve.cases.machine import WrongStepError
from serve.problems import (
    BAD_REQUEST,
    DATABASE_AWAY,
    NO_CASE,
    STALE_CASE,
    WRONG_STEP,
    Kind,
    ProblemError,
    problem_response,
)
from serve.shield import log_place

AWAY = (DBAPIError, PoolTimeoutError)
"""What is raised where the database does not answer, or all connections to it stay taken."""

_KINDS: dict[type[CaseError], Kind] = {
    NoCaseError: NO_CASE,
    StaleCaseError: STALE_CASE,
    WrongStepError: WRONG_STEP,
}
_RETRY_AFTER_S = "5"


def install(app: FastAPI) -> None:
    """Answers the faults of cases and of their database with problems."""

    @app.exception_handler(CaseError)
    async def answer(_: Request, error: CaseError) -> Response:
        return problem_response(ProblemError(_KINDS.get(type(error), BAD_REQUEST), str(error)))

    async def answer_away(_: Request, error: Exception) -> Response:
        log_place(error)
        return problem_response(away())

    for kind in AWAY:
        app.add_exception_handler(kind, answer_away)


def away() -> ProblemError:
    """The problem for a database that does not answer as it should."""
    return ProblemError(
        DATABASE_AWAY,
        "database: cannot be used now. Try again soon; until then a person takes the story.",
        headers={"retry-after": _RETRY_AFTER_S},
    )
