"""The OpenAPI document: the framework's, completed with the bodies that we read ourselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from serve.body import JSON
from serve.cases.shapes import StepRequest, VerdictRequest
from serve.illustrate import illustrate
from serve.label_studio.shapes import Notice, PredictRequest
from serve.problems import MEDIA_TYPE
from serve.schemas import ClassifyRequest, Problem

_READ_BY_US = (ClassifyRequest, StepRequest, VerdictRequest, PredictRequest, Notice, Problem)
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
"""Of answers that ``serve.problems`` replaces."""
_DOOR = {
    401: "No key, or none that is in force.",
    403: "The key's role is not enough, or the request comes from another site's page.",
    421: "The service does not answer to the name in Host.",
    429: "The key has sent too many requests.",
}
_COMPONENT = "#/components/schemas/{model}"


def component(model: type) -> dict[str, str]:
    """A reference to ``model`` among the document's components."""
    return {"$ref": _COMPONENT.format(model=model.__name__)}


def faults(reasons: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """The documented faults of a route, from each status and when it is given."""
    content = {MEDIA_TYPE: {"schema": component(Problem)}}
    return {status: {"description": text, "content": content} for status, text in reasons.items()}


def publish(app: FastAPI) -> None:
    """Has ``app`` answer /openapi.json with the completed document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, schemas = models_json_schema([(model, "validation") for model in _READ_BY_US], ref_template=_COMPONENT)
    document["components"]["schemas"].update(schemas["$defs"])
    for unused in _FRAMEWORKS_OWN:
        document["components"]["schemas"].pop(unused, None)
    illustrate(document["components"]["schemas"])
    for path in document["paths"].values():
        for operation in path.values():
            _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    """Adds the faults of the door, which every route behind it shares, and our body for the framework's."""
    answers = operation["responses"]
    if "security" in operation:
        for status, answer in faults(_DOOR).items():
            answers.setdefault(str(status), answer)
    if JSON in answers.get("422", {}).get("content", {}):
        answers["422"] = faults({422: "A part of the address is missing or wrong."})[422]
    operation["responses"] = dict(sorted(answers.items()))
