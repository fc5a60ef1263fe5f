"""Keeps an unexpected error's words, which may hold a story's, out of answers and logs."""

import asyncio
import logging
import traceback

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.problems import FAILED, STOPPING, ProblemError, problem_response

logger = logging.getLogger(__name__)

LEFT_OUT = "The message is left out as it may hold a story."
_DETAIL = "service: failed on this request. Give its stories to a person, and tell the operator."


class Shield:
    """ASGI middleware: whatever no handler caught becomes a bare 500 and a line that names the place."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; answers for it if that fails before the answer began."""
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return  # nobody is left to answer
        except asyncio.CancelledError:  # the time that a stop leaves to requests under way is over
            if scope["type"] == "http" and not begun:
                detail = "service: has stopped. Give the request's stories to a person, or ask another one."
                await problem_response(ProblemError(STOPPING, detail))(scope, receive, send)
            raise
        except Exception as error:  # the last line of defence
            log_place(error)
            if scope["type"] == "http" and not begun:
                await problem_response(ProblemError(FAILED, _DETAIL))(scope, receive, send)


def log_place(error: Exception) -> None:
    """Logs an error's type and where it was raised, without its message or any value."""
    logger.error("%s", place_of(error))


def place_of(error: BaseException) -> str:
    """Where ``error`` was raised, and its type; without its message or any value."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown place"
    return f"{place}: {type(error).__name__}. {LEFT_OUT}"
