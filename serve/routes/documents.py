"""``GET /v1/model`` and ``GET /v1/policy``: what the decisions rest on."""

from fastapi import APIRouter, Response

from classifier.assessment import to_json
from serve.body import JSON
from serve.contract import faults
from serve.dependencies import TheAssessor
from serve.schemas import ModelDocument, PolicyDocument, model_document
from serve.security.roles import Role, require

router = APIRouter(tags=["documents"], dependencies=[require(Role.CLASSIFY)])

_FAULTS = faults({503: "The model is not ready."})


@router.get("/v1/model", summary="The model in service", responses={200: {"model": ModelDocument}, **_FAULTS})
async def model(assessor: TheAssessor) -> Response:
    """Its version, the thresholds and calibration in force, and how good it was on held-out stories."""
    return Response(to_json(model_document(assessor.classifier.bundle)), media_type=JSON)


@router.get(
    "/v1/policy", summary="The policy in force", responses={200: {"model": PolicyDocument}, **_FAULTS}
)
async def policy(assessor: TheAssessor) -> Response:
    """Its rules with guidance and messages, its points, and the ombudsmen."""
    return Response(to_json(assessor.classifier.policy.to_dict()), media_type=JSON)
