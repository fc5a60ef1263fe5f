"""What a route asks of its caller: a key (or a console session) whose role is enough.

@router.get("/v1/model", dependencies=[require(Role.CLASSIFY)])        only the check
async def cases(caller: Annotated[Caller, require(Role.MODERATE)])     who it is, too
caller = admit(request, Role.MODERATE)                                 in a function of our own
"""

from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.params import Security
from fastapi.security.base import SecurityBase

from serve.security.caller import Caller, Role

if TYPE_CHECKING:
    from serve.security.guard import Guard

__all__ = ["Caller", "Role", "admit", "guard_of", "require"]

_ABOUT_KEYS = (
    "A key made by `complaint-context keys create NAME --role ROLE`. None is needed on loopback "
    "while no key exists, unless the operator requires keys."
)


class _Door(SecurityBase):
    """What the contract says of keys and who looks at them, in one: the framework has less to solve."""

    def __init__(self, role: Role) -> None:
        self.model = HTTPBearer(description=_ABOUT_KEYS)
        self.scheme_name = "key"
        self._role = role

    async def __call__(self, request: Request) -> Caller:
        return admit(request, self._role)


def require(role: Role) -> Security:
    """A dependency that answers 401, 403 or 429, or gives the route its caller."""
    return Security(_Door(role), scopes=[str(role)])


def admit(request: Request, role: Role) -> Caller:
    """Who sent ``request``.

    Raises:
        ProblemError: nobody whom we know (401), not allowed to do this (403), too often (429).
    """
    return guard_of(request).admit(request, role)


def guard_of(request: Request) -> "Guard":
    """The guard of the app that ``request`` came to."""
    return request.app.state.guard
