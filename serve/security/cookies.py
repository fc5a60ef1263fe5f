"""Our two cookies: the console's session, and the visitor to whom a form's token is bound.

Both are for the server alone (HttpOnly), are never sent along from another site (SameSite=Strict), and over
https carry the ``__Host-`` prefix, with which no other host can set them.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

SESSION = "complaint-context-session"
VISITOR = "complaint-context-visitor"


def cookie_of(request: Request, name: str) -> str | None:
    """The value of one of our cookies, or None."""
    return request.cookies.get(_full(name, request.scope)) or None


def set_cookie(request: Request, response: Response, *, name: str, value: str, max_age_s: int) -> None:
    """Sets a cookie of ours with the answer; an age of 0 removes it."""
    response.set_cookie(
        _full(name, request.scope),
        value,
        max_age=max_age_s,
        path="/",
        secure=_is_https(request.scope),
        httponly=True,
        samesite="strict",
    )


def visitor_header(scope: Mapping[str, Any], value: str) -> str:
    """The ``Set-Cookie`` header of a visitor whose cookie lasts as long as the browser is open."""
    secure = "; Secure" if _is_https(scope) else ""
    return f"{_full(VISITOR, scope)}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"


def _full(name: str, scope: Mapping[str, Any]) -> str:
    return f"__Host-{name}" if _is_https(scope) else name


def _is_https(scope: Mapping[str, Any]) -> bool:
    return scope["scheme"] == "https"
