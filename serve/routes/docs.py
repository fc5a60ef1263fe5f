"""``/docs``: the contract as a page, made here from the OpenAPI document, so that it needs no script and
nothing from elsewhere."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from serve.console.page import page

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")
_PREFIX = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter of an address or a key of a body; ``kind`` is its type in words."""

    name: str
    kind: str
    needed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status means; ``shapes`` are the names of the bodies it may have."""

    status: str
    text: str
    shapes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked at an address; ``role`` is None where no key is needed."""

    method: str
    path: str
    summary: str
    text: str
    role: str | None
    parameters: tuple[Part, ...]
    body: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A body or a part of one, with an example as JSON."""

    name: str
    text: str
    parts: tuple[Part, ...]
    example: str


@router.get("/docs")
async def show_contract(request: Request) -> Response:
    """Every address, every body, each with an example."""
    document = request.app.openapi()
    return page(
        request,
        "docs.html",
        caller=None,
        info=document["info"],
        operations=[
            _operation(method, path, found)
            for path, operations in document["paths"].items()
            for method, found in operations.items()
            if method in _METHODS
        ],
        shapes=[_shape(name, found) for name, found in document["components"]["schemas"].items()],
    )


def _operation(method: str, path: str, found: dict[str, Any]) -> Operation:
    roles = [role for scheme in found.get("security", ()) for role in scheme.get("key", ())]
    return Operation(
        method=method.upper(),
        path=path,
        summary=found.get("summary", ""),
        text=found.get("description", ""),
        role=roles[0] if roles else None,
        parameters=tuple(
            Part(
                part["name"], _kind(part["schema"]), part.get("required", False), part.get("description", "")
            )
            for part in found.get("parameters", ())
        ),
        body=_shapes(found.get("requestBody", {})),
        answers=tuple(
            Answer(status, answer["description"], _shapes(answer))
            for status, answer in found["responses"].items()
        ),
    )


def _shapes(body: dict[str, Any]) -> tuple[str, ...]:
    references = (media.get("schema", {}).get("$ref") for media in body.get("content", {}).values())
    return tuple(reference.removeprefix(_PREFIX) for reference in references if reference)


def _shape(name: str, schema: dict[str, Any]) -> Shape:
    needed = schema.get("required", ())
    parts = tuple(
        Part(key, _kind(part), key in needed, part.get("description", ""))
        for key, part in schema.get("properties", {}).items()
    )
    example = json.dumps(schema["examples"][0], indent=2, ensure_ascii=False)
    return Shape(name, schema.get("description", ""), parts, example)


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words.

    Example: ``{"type": "array", "items": {"type": "string"}}`` is "list of string".
    """
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_PREFIX)
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(_kind(option) for option in options)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    return str(schema.get("type", "anything"))
