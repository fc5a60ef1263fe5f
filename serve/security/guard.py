"""The door: from a request to its caller, or to the problem that keeps it out.

a bearer key      Authorization: Bearer cc_...
a password        Authorization: Basic ..., any name, the key as password; for callers that can do no other
a session         the console's cookie
neither           "anyone on this machine", only while there is no key, none is required, and the service
                  listens on loopback
"""

import base64
import ipaddress
import logging
import math
import time
from collections.abc import Callable

from fastapi import Request

from serve.problems import KEYS_UNREADABLE, NOT_ALLOWED, TOO_OFTEN, ProblemError
from serve.security.caller import ANYONE, Caller, Role
from serve.security.key_file import KeyFile
from serve.security.keys import Key, KeyRing, KeysError
from serve.security.limits import Limit
from serve.security.sessions import no_key, session_key
from serve.settings import Settings, SettingsError, is_loopback

logger = logging.getLogger(__name__)

_MAKE_ONE = "complaint-context keys create NAME --role classify"
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_BURST_S = 10.0
"""A key may send at once what it may send in so many seconds."""
_WRONG_KEYS = 10
"""So many wrong keys an address may try at the sign-in page before it has to wait, then two a minute."""


def check_exposure(settings: Settings) -> None:
    """Passes if the service may listen where ``settings`` say.

    Raises:
        SettingsError: other machines could reach it, or a key is required, and there is no key in force.
        KeysError: the keys cannot be read.
    """
    if KeyFile(settings.keys_file).read().in_force:
        return
    if not is_loopback(settings.host):
        raise SettingsError(
            "host: other machines could reach the service and there is no key. "
            f"Make one with: {_MAKE_ONE}, or listen on 127.0.0.1."
        )
    if settings.require_keys:
        raise SettingsError(f"require_keys: is set and there is no key. Make one with: {_MAKE_ONE}")


def came_through_proxy(request: Request) -> bool:
    """Whether a proxy says that it passed ``request`` on: then it may come from anywhere in the network."""
    return any(name in request.headers for name in _FORWARDED)


class Guard:
    """Knows the keys, counts the requests."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.session_s = settings.session_hours * 3600
        self._file = KeyFile(settings.keys_file)
        self._may_open = is_loopback(settings.host) and not settings.require_keys
        self._seen_keys = False
        per_minute = settings.requests_per_minute
        self._requests = Limit(per_minute=per_minute, burst=max(1.0, per_minute * _BURST_S / 60))
        self._wrong_keys = Limit(per_minute=2, burst=_WRONG_KEYS)

    def keys(self) -> KeyRing:
        """The keys as they stand now.

        Raises:
            ProblemError: they cannot be read (503); nobody is let in then.
        """
        try:
            ring = self._file.read()
        except KeysError as error:
            logger.error("%s", error)  # names the file and what is wrong with it
            detail = "keys: cannot be read. Ask the operator to run: complaint-context keys list"
            raise ProblemError(KEYS_UNREADABLE, detail) from None
        self._seen_keys = self._seen_keys or bool(ring.keys)
        return ring

    def admit(self, request: Request, role: Role) -> Caller:
        """The caller of ``request``, who may do what ``role`` may.

        Raises:
            ProblemError: see ``serve.security.roles.admit``.
        """
        caller = self._caller(request)
        if not caller.role.includes(role):
            raise ProblemError(
                NOT_ALLOWED, f"key: has the role {caller.role}. Use a key with the role {role}."
            )
        return caller

    def recognise_sign_in(self, request: Request, text: str) -> Key:
        """The key that is shown at the sign-in page.

        Raises:
            ProblemError: there is none such (401), or this address has shown too many wrong ones (429).
        """
        address = _address(request)
        _refuse_if(self._wrong_keys.wait_s(address), "sign-in: too many wrong keys came from your address.")
        key = self.keys().recognise(text)
        if key is None:
            self._wrong_keys.take(address)
            raise no_key("key: is not known, or was revoked. Ask the operator for a new one.")
        return key

    def _caller(self, request: Request) -> Caller:
        """Found and counted once for each request, whoever asks again."""
        known: Caller | None = getattr(request.state, "caller", None)
        if known is None:
            known = self._identify(request)
            if known.key_id is not None:
                _refuse_if(self._requests.take(known.key_id), "key: has sent too many requests.")
            request.state.caller = known
        return known

    def _identify(self, request: Request) -> Caller:
        ring = self.keys()
        if self._may_open and not self._seen_keys:
            return _anyone(request)
        authorization = request.headers.get("authorization")
        if authorization is None:
            key = session_key(request, ring, clock=self.clock)
            if key is None:
                raise no_key("authorization: is missing. Send: Authorization: Bearer cc_...")
            return key.caller
        key = ring.recognise(_shown(authorization))
        if key is None:
            raise no_key("authorization: is no key that is in force. Send: Authorization: Bearer cc_...")
        return key.caller


def _shown(authorization: str) -> str:
    """The text that is shown as a key; "" if none is."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8").partition(":")[2]
    except ValueError:  # not base64, or not UTF-8
        return ""


def _anyone(request: Request) -> Caller:
    # A proxy on this machine would let the whole network in under the name of this machine.
    if came_through_proxy(request):
        raise no_key(f"request: came through a proxy, and there is no key. Make one with: {_MAKE_ONE}")
    return ANYONE


def _refuse_if(wait_s: float, fact: str) -> None:
    if wait_s > 0:
        seconds = math.ceil(wait_s)
        raise ProblemError(TOO_OFTEN, f"{fact} Wait {seconds} s.", headers={"retry-after": str(seconds)})


def _address(request: Request) -> str:
    """Who shares a limit: an IPv4 address, or the /64 network that an IPv6 address has to itself."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
