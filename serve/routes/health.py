"""``GET /healthz`` and ``GET /readyz``, for whoever keeps the service running."""

from fastapi import APIRouter

from serve.contract import faults
from serve.dependencies import TheAssessor
from serve.schemas import Health

router = APIRouter(tags=["health"])

_FAULTS = faults({503: "The model is not loaded and warm, or cannot be, or the service is stopping."})


@router.get("/healthz", summary="Is the service alive?")
async def healthz() -> Health:
    """Answers at once, whatever the model is doing."""
    return Health(status="alive")


@router.get("/readyz", summary="Can the service assess stories?", responses=_FAULTS)
async def readyz(assessor: TheAssessor) -> Health:
    """200 once the model is loaded and warm: it has read a story as long as its window."""
    assessor.check_ready()  # raises the 503
    return Health(status="ready")
