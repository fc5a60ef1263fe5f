"""Which request is being answered: its id, and the trace of which it is a part.

    x-request-id    the client's, if it is 1 to 128 of A-Z a-z 0-9 . _ -; else a new one
    traceparent     W3C Trace Context; passed on if it is valid, else left out

Both stand on every answer, whether well or faulty, and ``current_trace`` gives them to the log.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Trace:
    """The request's id; ``traceparent`` is None where the client sent none that is valid."""

    request_id: str
    traceparent: str | None


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """The trace of the request that is being answered here; None outside of one."""
    return _current.get()


class Tracing:
    """ASGI middleware: finds or makes the trace of each request and marks the answer with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under its trace."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = _read(scope["headers"])
        marks = _marks(trace)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *marks]}
            await send(message)

        token = _current.set(trace)
        try:
            await self._app(scope, receive, send_marked)
        finally:
            _current.reset(token)


def _read(headers: list[tuple[bytes, bytes]]) -> Trace:
    request_id = _first(headers, b"x-request-id", _REQUEST_ID)
    return Trace(request_id or uuid4().hex, _first(headers, b"traceparent", _TRACEPARENT))


def _first(headers: list[tuple[bytes, bytes]], name: bytes, shape: re.Pattern[bytes]) -> str | None:
    """The value of the header ``name``; None unless it stands there once and has the right shape."""
    values = [value for key, value in headers if key == name]
    return values[0].decode("ascii") if len(values) == 1 and shape.fullmatch(values[0]) else None


def _marks(trace: Trace) -> list[tuple[bytes, bytes]]:
    marks = [(b"x-request-id", trace.request_id.encode())]
    if trace.traceparent is not None:
        marks.append((b"traceparent", trace.traceparent.encode()))
    return marks
