"""The headers on every answer, faults and static files too. A route's own header comes first.

The policy lets a page load styles, scripts and pictures from this service alone, lets none of it stand in the
page itself, sends forms only back here, and lets no other site frame it. So even words of a story that were
taken for HTML by mistake could run nothing and call nobody.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.security.cookies import visitor_header

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # "no-referrer" would have browsers send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",  # a story must not stay in a browser's or a proxy's cache
}

_Header = tuple[bytes, bytes]
_ENCODED: list[_Header] = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class SecurityHeaders:
    """ASGI middleware that completes every answer, and gives a new visitor the cookie for our forms."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})  # here, so that what ``csrf`` puts there is seen below

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message["headers"], state.get("new_visitor"), scope)
            await send(message)

        await self._app(scope, receive, send_on)


def _complete(headers: list[_Header], new_visitor: str | None, scope: Scope) -> None:
    set_by_route = {name for name, _ in headers}  # ASGI has them in lower case
    headers += [header for header in _ENCODED if header[0] not in set_by_route]
    if new_visitor is not None:
        headers.append((b"set-cookie", visitor_header(scope, new_visitor).encode("latin-1")))
