"""What a route asks of its caller: a key (or a console session) whose role is enough.

@router.get("/v1/model", dependencies=[Depends(require(Role.CLASSIFY))])        only the check
async def cases(caller: Annotated[Caller, Depends(require(Role.MODERATE))])     who it is, too
caller = admit(request, Role.MODERATE)                                          in a function of our own
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serve.security.caller import Caller, Role

if TYPE_CHECKING:
    from serve.security.guard import Guard

__all__ = ["Caller", "Role", "admit", "guard_of", "require"]

_SCHEME = HTTPBearer(
    scheme_name="key",
    auto_error=False,  # it only tells the contract; the guard reads the header and answers with a problem
    description="A key made by `complaint-context keys create NAME --role ROLE`. None is needed on loopback "
    "while no key exists, unless the operator requires keys.",
)


def require(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that answers 401, 403 or 429, or gives the route its caller."""

    async def caller(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME, scopes=[str(role)])],
    ) -> Caller:
        return admit(request, role)

    return caller


def admit(request: Request, role: Role) -> Caller:
    """Who sent ``request``.

    Raises:
        ProblemError: nobody whom we know (401), not allowed to do this (403), too often (429).
    """
    return guard_of(request).admit(request, role)


def guard_of(request: Request) -> "Guard":
    """The guard of the app that ``request`` came to."""
    return request.app.state.guard
