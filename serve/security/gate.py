"""What is checked of every request before any route sees it: the name it came to, the page it came from.

A web page anywhere can have a visitor's browser send requests to this machine. Two things give it away: the
name in ``Host`` (a page that points its own name at 127.0.0.1, "DNS rebinding", sends that name) and, on
whatever may change something, ``Sec-Fetch-Site`` or ``Origin``, which a page cannot forge. Programs send
neither and are held by their keys.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.problems import CROSS_SITE, WRONG_HOST, ProblemError, problem_response
from serve.settings import Settings, is_loopback

_HARMLESS = {"GET", "HEAD", "OPTIONS", "TRACE"}
_OWN = {"same-origin", "none"}
"""``none``: no page sent it, somebody typed the address."""
_KNOWN_HOSTS = 64
"""So many names are taken apart once only; a flood of others cannot fill the memory."""


class Gate:
    """ASGI middleware: turns away a wrong host (421) and another site's page (403)."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._allowed = settings.allowed_hosts
        self._any_name = not settings.allowed_hosts and not is_loopback(settings.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers for the app."""
        try:
            if scope["type"] == "http":
                self._check(scope["method"], Headers(scope=scope))
        except ProblemError as problem:
            await problem_response(problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, method: str, headers: Mapping[str, str]) -> None:
        host = headers.get("host", "")
        if not self._any_name and not self._is_ours(host):
            raise ProblemError(
                WRONG_HOST,
                "host: is no name of this service. Use 127.0.0.1, or set COMPLAINT_CONTEXT_ALLOWED_HOSTS.",
            )
        if method not in _HARMLESS and not _from_own_page(host, headers):
            raise ProblemError(
                CROSS_SITE, "origin: is another site, or a proxy changed Host. Use the service's own pages."
            )

    def _is_ours(self, host: str) -> bool:
        name = _name(host)
        return name in self._allowed or is_loopback(name)


def _from_own_page(host: str, headers: Mapping[str, str]) -> bool:
    """Browsers tell the site of the sending page; where one does not (plain http), the origin has to do."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN
    origin = headers.get("origin")
    return origin is None or (host != "" and _netloc(origin) == host.lower())


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


@lru_cache(maxsize=_KNOWN_HOSTS)
def _name(host: str) -> str:
    """The host without its port and brackets, "" if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
