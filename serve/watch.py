"""A request as a whole once it is answered: how long it took, what came of it. No path, no word of a body.

``Watch`` is the outermost layer of the app but for request ids. The kinds of problems come from
``serve.problems``, which notes them as they go into an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.problems import noted_problems

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"
_CLIENT_LEFT = 499
"""For a client that hung up before its answer began; nobody ever receives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request, once its answer is complete or its client is gone.

    ``route`` is the template, e.g. ``/v1/cases/{id}``, and ``other`` where no route took the address;
    ``problems`` are the kinds of the faults in the answer; ``caller`` is the name of a key.
    """

    route: str
    method: str
    status: int
    duration_s: float
    problems: tuple[str, ...]
    caller: str | None


class Watch:
    """ASGI middleware that tells ``listeners`` of every request once it is answered."""

    def __init__(self, app: ASGIApp, *, listeners: tuple[Callable[[Answered], None], ...]) -> None:
        self._app = app
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and looks at the status that goes by."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = _CLIENT_LEFT, perf_counter()
        found: list[str] = []

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with noted_problems() as found:
                await self._app(scope, receive, send_on)
        finally:
            answered = _answered(scope, status, found, duration_s=perf_counter() - begun)
            for listener in self._listeners:
                listener(answered)


def _answered(scope: Scope, status: int, problems: list[str], *, duration_s: float) -> Answered:
    caller: Any = scope.get("state", {}).get("caller")
    return Answered(
        route=getattr(scope.get("route"), "path_format", _OTHER),
        method=scope["method"] if scope["method"] in _METHODS else _OTHER,
        status=status,
        duration_s=duration_s,
        problems=tuple(problems),
        caller=getattr(caller, "name", None),
    )
