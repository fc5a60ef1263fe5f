"""Problems as pages, for people: who asked for HTML gets a page of the console's look.

A caller of the API, and whoever calls an address under ``/v1/``, gets the problem itself. Who is not signed
in is sent to the sign-in page.
"""

import json
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.console.page import render, see_other
from serve.console.sign_in import PATH as SIGN_IN
from serve.problems import KEY_NEEDED, MEDIA_TYPE

_KEPT = ("allow", "retry-after")
"""Headers of a problem that its page has too; a challenge would open the browser's own box for a password."""


class FaultPages:
    """ASGI middleware that turns the problems of what it wraps into pages where a person asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; holds a problem back until all of it is there."""
        if scope["type"] != "http" or not _is_person(scope):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        content = b""

        async def send_on(message: Message) -> None:
            nonlocal start, content
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                content += message.get("body", b"")
                if not message.get("more_body", False):
                    await _answer(scope, start, content)(scope, receive, send)

        await self._app(scope, receive, send_on)


def _is_person(scope: Scope) -> bool:
    return not scope["path"].startswith("/v1/") and "text/html" in Headers(scope=scope).get("accept", "")


def _is_problem(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return kind.split(";")[0] == MEDIA_TYPE


def _answer(scope: Scope, start: Message, content: bytes) -> Response:
    problem = json.loads(content)
    if problem["status"] == KEY_NEEDED.status:
        return see_other(_sign_in_address(scope))
    headers = Headers(raw=start["headers"])
    values = {"caller": None, "challenger": False, "faults": (), "csrf": None}
    words = render("fault.html", path=Request(scope).url.path, problem=problem, **values)
    kept = {name: headers[name] for name in _KEPT if name in headers}
    return HTMLResponse(words, status_code=problem["status"], headers=kept)


def _sign_in_address(scope: Scope) -> str:
    """With the page to go on with afterwards, if looking at it is all that was asked for."""
    if scope["method"] != "GET":
        return SIGN_IN
    asked = scope["raw_path"].decode("latin-1")
    if query := scope["query_string"].decode("latin-1"):
        asked += f"?{query}"
    return SIGN_IN if asked == "/" else f"{SIGN_IN}?next={quote(asked, safe='/')}"
