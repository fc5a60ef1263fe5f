"""Tokens that show that a form came from one of our own pages.

    <input type="hidden" name="csrf" value="{{ csrf }}">     csrf = issue(request)
    check(request, form)                                     first thing in the route that takes the form

A token is keyed by the visitor's cookie, which no page can read: the session's once signed in, else one of
its own, made here and set with the answer. So workers agree on tokens without sharing a secret for them, and
a token dies with its session. That the request was sent by one of our pages at all is checked for every
address in ``serve.security.gate``.
"""

import hmac
import secrets
from collections.abc import Mapping

from fastapi import Request

from serve.problems import FORGED, ProblemError
from serve.security.cookies import SESSION, VISITOR, cookie_of

FIELD = "csrf"
"""Name of the form's field."""


def issue(request: Request) -> str:
    """The token for a form on the page that answers ``request``."""
    return _token(_binding(request) or _new_visitor(request))


def check(request: Request, form: Mapping[str, str]) -> None:
    """Passes if ``form`` carries the token of whoever sends it.

    Raises:
        ProblemError: it does not (403).
    """
    binding, sent = _binding(request), form.get(FIELD, "")
    if binding is None or not hmac.compare_digest(_token(binding).encode(), sent.encode()):
        raise ProblemError(
            FORGED, "csrf: the form is not from this page, or the page is old. Open the page again."
        )


def _token(binding: str) -> str:
    return hmac.new(binding.encode(), b"complaint-context csrf", "sha256").hexdigest()


def _binding(request: Request) -> str | None:
    return cookie_of(request, SESSION) or cookie_of(request, VISITOR)


def _new_visitor(request: Request) -> str:
    """Kept for the rest of this request, so that several forms of a page share it."""
    if not hasattr(request.state, "new_visitor"):
        request.state.new_visitor = secrets.token_urlsafe(32)
    return request.state.new_visitor
