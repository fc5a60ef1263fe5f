"""The OpenAPI document: the framework's, completed with the bodies that we read ourselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from serve.problems import MEDIA_TYPE
from serve.schemas import ClassifyRequest, Problem

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
    _, schemas = models_json_schema(
        [(ClassifyRequest, "validation"), (Problem, "validation")], ref_template=_COMPONENT
    )
    document["components"]["schemas"].update(schemas["$defs"])
    return document
