"""Gives every schema of the contract an example, cut out of the example of a schema that holds it.

So an example is written once, for the whole body, and its parts cannot say something else.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"


def illustrate(schemas: dict[str, Schema]) -> None:
    """Adds ``examples`` to each of ``schemas`` that has none and stands in one that has, or lists words."""
    pending = [(name, example) for name in schemas for example in schemas[name].get("examples", ())]
    while pending:
        name, example = pending.pop(0)
        if "examples" not in schemas[name]:
            schemas[name]["examples"] = [example]
        pending += [
            (part, value)
            for part, value in _parts(schemas[name], example, schemas)
            if "examples" not in schemas[part]
        ]
    for schema in schemas.values():
        if "enum" in schema:
            schema.setdefault("examples", schema["enum"][:1])


def _parts(schema: Schema, value: Any, schemas: dict[str, Schema]) -> Iterator[tuple[str, Any]]:
    """The named schemas that ``value`` is made of, each with its share of it."""
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(_PREFIX), value
        return
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        if _fits(option, value, schemas):
            yield from _parts(option, value, schemas)
    if isinstance(value, dict):
        for key, held in value.items():
            yield from _parts(schema.get("propertyNames", {}), key, schemas)
            yield from _parts(_of_key(schema, key), held, schemas)
    if isinstance(value, list):
        for held in value:
            yield from _parts(schema.get("items", {}), held, schemas)


def _of_key(schema: Schema, key: str) -> Schema:
    others = schema.get("additionalProperties")
    found: Schema = schema.get("properties", {}).get(key) or (others if isinstance(others, dict) else {})
    return found


def _fits(schema: Schema, value: Any, schemas: dict[str, Schema]) -> bool:
    """Enough of a check to tell the options of a body apart."""
    if "$ref" in schema:
        return _fits(schemas[schema["$ref"].removeprefix(_PREFIX)], value, schemas)
    if "enum" in schema:
        return value in schema["enum"]
    if value is None:
        return schema.get("type") == "null"
    return not isinstance(value, dict) or value.keys() >= set(schema.get("required", ()))
