"""``/cases/{id}/erase``: asks whether a case is to be forgotten, then forgets it."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from serve.console.form import TheForm
from serve.console.page import page, see_other
from serve.dependencies import TheCases
from serve.security.roles import Caller, Role, require

router = APIRouter(include_in_schema=False)

Admin = Annotated[Caller, require(Role.ADMIN)]


@router.get("/cases/{id}/erase")
async def ask(id: str, request: Request, caller: Admin, cases: TheCases) -> Response:
    """The question."""
    case = await to_thread.run_sync(cases.get, id)
    return page(request, "erase.html", caller=caller, case=case)


@router.post("/cases/{id}/erase")
async def erase(id: str, caller: Admin, cases: TheCases, _: TheForm) -> Response:
    """Forgets the case and shows the queue."""
    await to_thread.run_sync(cases.erase, id, caller.name)
    return see_other("/?done=erased")
