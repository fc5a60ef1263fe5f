"""``/label-studio/…``: an ML backend for Label Studio, whose annotators see what the model says."""

from typing import Any

from fastapi import APIRouter, Request, Response

from classifier.assess import ComplaintClassifier
from classifier.assessment import to_json
from classifier.label_studio import prediction, version
from serve.assessor import Assessor
from serve.batcher import Urgency
from serve.body import JSON, read_body
from serve.contract import component, faults
from serve.dependencies import TheAssessor, TheSettings
from serve.envelope import Received, Refused
from serve.hangup import unless_hung_up
from serve.label_studio.shapes import (
    BackendHealth,
    Notice,
    PredictRequest,
    PredictResponse,
    SetupResponse,
    WebhookResponse,
)
from serve.label_studio.tasks import open_tasks, read_object
from serve.problems import ProblemError, failed, note_problem
from serve.routes.stories import FAULTS, Read
from serve.security.roles import Role, require
from serve.settings import Settings
from serve.shield import log_place

router = APIRouter(prefix="/label-studio", tags=["Label Studio"])

_UP = {"status": "UP", "model_class": "ComplaintClassifier"}
_HEARD = (
    "Nothing is learnt here. Export the annotations from Label Studio as JSON, and read them with: "
    "complaint-context data import"
)
_KNOWN = [require(Role.CLASSIFY)]
_BAD_BODY = {status: FAULTS[status] for status in (400, 413, 415)} | {422: "The body is not an object."}
_NOT_READY = {503: "The model is not ready."}


def _body(shape: type) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": component(shape)}}}}


@router.get(
    "/health",
    summary="Label Studio asks: are you there?",
    responses={200: {"model": BackendHealth}, **faults({503: "No story can be read now."})},
)
async def health(assessor: TheAssessor) -> Response:
    """Answers once the model is ready."""
    assessor.check_ready()
    return Response(to_json(_UP), media_type=JSON)


@router.post(
    "/setup",
    summary="Label Studio asks: which version are you?",
    dependencies=_KNOWN,
    responses={200: {"model": SetupResponse}, **faults(_BAD_BODY | _NOT_READY)},
    openapi_extra=_body(Notice),
)
async def setup(request: Request, assessor: TheAssessor, settings: TheSettings) -> Response:
    """Names model and policy; what is told of the project is not kept."""
    read_object(await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes))
    return Response(to_json({"model_version": _version(assessor.classifier)}), media_type=JSON)


@router.post(
    "/predict",
    summary="Predict tasks",
    dependencies=_KNOWN,
    responses={200: {"model": PredictResponse}, **faults(FAULTS)},
    openapi_extra=_body(PredictRequest),
)
async def predict(request: Request, assessor: TheAssessor, settings: TheSettings) -> Response:
    """What the model says of each task, in the controls of `data/label_studio.xml`.

    A task without a story that can be read gets an empty prediction with an `error`. Live stories go first.
    """
    assessor.check_ready()  # refuses before a long body is read
    content = await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes)
    places = open_tasks(content, max_story_chars=settings.max_story_chars)
    found = await unless_hung_up(request, _read(places, assessor, settings))
    named = _version(assessor.classifier)
    results = [_prediction(place, named) for place in found]
    return Response(to_json({"results": results, "model_version": named}), media_type=JSON)


@router.post(
    "/webhook",
    summary="Label Studio tells of an event",
    dependencies=_KNOWN,
    responses={200: {"model": WebhookResponse}, **faults(_BAD_BODY)},
    openapi_extra=_body(Notice),
)
async def webhook(request: Request, settings: TheSettings) -> Response:
    """Nothing is learnt of annotations here: a model is trained on an export, and a person promotes it."""
    read_object(await read_body(request, media_type=JSON, max_bytes=settings.max_body_bytes))
    return Response(to_json({"status": "ok", "result": _HEARD}), media_type=JSON)


async def _read(
    places: tuple[Received | Refused, ...], assessor: Assessor, settings: Settings
) -> list[Read | Refused]:
    """What became of each task's story; no more of them wait at a time than one request may send."""
    readable = [place for place in places if isinstance(place, Received)]
    outcomes = []
    for first in range(0, len(readable), settings.max_stories):
        batch = readable[first : first + settings.max_stories]
        outcomes += await assessor.assess_many(batch, urgency=Urgency.BULK)
    rest = iter(outcomes)
    return [place if isinstance(place, Refused) else Read(place, next(rest)) for place in places]


def _prediction(place: Read | Refused, named: str) -> dict[str, Any]:
    if isinstance(place, Refused):
        return _empty(place.problem, named)
    if isinstance(place.outcome, Exception):
        log_place(place.outcome)
        return _empty(failed(), named)
    return prediction(place.received.story, assessment=place.outcome)


def _empty(problem: ProblemError, named: str) -> dict[str, Any]:
    note_problem(problem)
    return {"model_version": named, "score": 0.0, "result": [], "error": problem.to_dict()}


def _version(classifier: ComplaintClassifier) -> str:
    return version(model=classifier.bundle.name, policy=classifier.policy.version)
