"""``GET /metrics``, for Prometheus."""

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from serve.contract import faults
from serve.dependencies import TheSettings
from serve.problems import METRICS_ELSEWHERE, ProblemError
from serve.security.guard import came_through_proxy
from serve.security.roles import Role, admit
from serve.settings import is_loopback

router = APIRouter(tags=["health"])

_TEXT = {"text/plain": {"schema": {"type": "string"}, "example": "complaint_context_ready 1.0\n"}}
_FAULTS = faults(
    {
        401: "A key is needed beyond loopback, and through a proxy.",
        403: "This key may not do that.",
        404: "Several workers run; each has metrics of its own.",
        429: "There are too many requests.",
        503: "The keys cannot be read.",
    }
)


async def _may_read(request: Request, settings: TheSettings) -> None:
    # Counts are no secret on the machine itself; where keys are required, a silent proxy may stand before it.
    if not is_loopback(settings.host) or settings.require_keys or came_through_proxy(request):
        admit(request, Role.CLASSIFY)


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    dependencies=[Depends(_may_read)],
    response_class=Response,
    responses={200: {"content": _TEXT, "description": "Prometheus's text format."}, **_FAULTS},
)
async def metrics(request: Request, settings: TheSettings) -> Response:
    """Never a word, an id or an address of anybody.

    Where several workers run, each answers on a port of its own (setting `metrics_port`) and none here.
    """
    if settings.workers > 1:
        detail = "metrics: each worker has its own. Set metrics_port and ask 127.0.0.1, from that port on."
        raise ProblemError(METRICS_ELSEWHERE, detail)
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)
