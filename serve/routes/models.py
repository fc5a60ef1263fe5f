"""``POST /v1/model/reload`` and ``GET /v1/model/shadow``: a newer model in service, or one on trial."""

from dataclasses import asdict

from fastapi import APIRouter, Response

from classifier.assessment import to_json
from serve import workers
from serve.body import JSON
from serve.contract import faults
from serve.dependencies import TheAssessor, TheSettings
from serve.schemas import ReloadDocument, ShadowDocument
from serve.security.roles import Role, require

router = APIRouter(tags=["models"])

_RELOAD_FAULTS = faults(
    {
        422: "The bundle or the policy cannot be loaded; the old ones stay in service.",
        503: "The first model is not ready.",
    }
)
_SHADOW_FAULTS = faults({404: "No challenger reads along."})


@router.post(
    "/v1/model/reload",
    summary="Put the bundle on disk in service",
    dependencies=[require(Role.ADMIN)],
    responses={200: {"model": ReloadDocument}, **_RELOAD_FAULTS},
)
async def reload(assessor: TheAssessor, settings: TheSettings) -> Response:
    """Read the bundle and the policy again and use them from the next story on.

    No request is dropped. Where several workers run, the others follow within seconds.
    """
    exchange = await assessor.reload()
    if settings.workers > 1:
        workers.ask_for_reload()
    return Response(to_json(asdict(exchange)), media_type=JSON)


@router.get(
    "/v1/model/shadow",
    summary="How the challenger does",
    dependencies=[require(Role.MODERATE)],
    responses={200: {"model": ShadowDocument}, **_SHADOW_FAULTS},
)
async def shadow(assessor: TheAssessor) -> Response:
    """Stories on which a challenger differs from the model in service, in labels or action.

    Where several workers run, each counts for itself and one of them answers.
    """
    return Response(to_json(asdict(assessor.shadow.report())), media_type=JSON)
