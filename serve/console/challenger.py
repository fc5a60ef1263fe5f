"""``/shadow``: the stories of which a challenger that reads along makes something else."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from serve.console.page import page
from serve.dependencies import TheAssessor, TheSettings
from serve.security.roles import Caller, Role, require

router = APIRouter(include_in_schema=False)


@router.get("/shadow")
async def show_challenger(
    request: Request,
    assessor: TheAssessor,
    settings: TheSettings,
    caller: Annotated[Caller, require(Role.MODERATE)],
) -> Response:
    """The newest disagreements; a problem where no challenger reads along."""
    report = assessor.shadow.report()
    return page(request, "challenger.html", caller=caller, report=report, workers=settings.workers)
