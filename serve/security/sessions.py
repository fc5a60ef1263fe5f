"""The console's sessions: a moderator shows a key once and then carries a signed cookie.

The cookie holds the key's id, a random number and the time it ends, signed with a secret from the keys file,
so every worker knows it and nothing is stored. It is worth no more than its key: revoked, the key takes its
sessions with it. The key itself is never in the cookie.
"""

import secrets
from collections.abc import Callable
from hashlib import sha256

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeSerializer

from serve.problems import KEY_NEEDED, NOT_ALLOWED, ProblemError
from serve.security.caller import Role
from serve.security.cookies import SESSION, cookie_of, set_cookie
from serve.security.keys import Key, KeyRing
from serve.security.roles import guard_of

_SALT = "complaint-context console session"


def sign_in(request: Request, response: Response, *, key: str) -> None:
    """Begins a session for the holder of ``key``, whose role must be moderate or more.

    Raises:
        ProblemError: no such key (401), a role below moderate (403), too many wrong keys from the same
            address (429).
    """
    guard = guard_of(request)
    found = guard.recognise_sign_in(request, key.strip())
    if not found.role.includes(Role.MODERATE):
        raise ProblemError(
            NOT_ALLOWED,
            f"key: has the role {found.role}, which the console is not for. Use a moderator's key.",
        )
    max_age_s = guard.session_s
    value = write_session(found, guard.keys(), ends_s=guard.clock() + max_age_s)
    set_cookie(request, response, name=SESSION, value=value, max_age_s=max_age_s)


def sign_out(request: Request, response: Response) -> None:
    """Has the browser forget its session."""
    set_cookie(request, response, name=SESSION, value="", max_age_s=0)


def write_session(key: Key, ring: KeyRing, *, ends_s: float) -> str:
    """The cookie's value for a session with ``key`` until ``ends_s`` (seconds since 1970)."""
    return _serializer(ring).dumps([key.id, secrets.token_hex(16), int(ends_s)])


def session_key(request: Request, ring: KeyRing, *, clock: Callable[[], float]) -> Key | None:
    """The key behind the request's session, if that is ours, has not ended, and its key is in force."""
    value = cookie_of(request, SESSION)
    if value is None or not ring.session_secret:
        return None
    try:
        id, _, ends_s = _serializer(ring).loads(value)
    except BadData:
        return None
    return ring.by_id(id) if clock() < ends_s else None


def no_key(detail: str) -> ProblemError:
    """The problem of a caller whom we do not know."""
    return ProblemError(KEY_NEEDED, detail, headers={"www-authenticate": "Bearer"})


def _serializer(ring: KeyRing) -> URLSafeSerializer:
    return URLSafeSerializer(
        ring.session_secret, salt=_SALT, signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
    )
