"""A request's body, read within its limit and taken apart strictly."""

import json
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from fastapi import Request

from serve.problems import (
    BAD_REQUEST,
    BODY_TOO_LARGE,
    NOT_A_FORM,
    NOT_JSON,
    NOT_UTF8,
    WRONG_MEDIA_TYPE,
    ProblemError,
)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_MAX_FIELDS = 16
_PATIENCE = 4
"""A body up to so many times its limit is read to its end and thrown away: most clients look for an
answer only when they have sent all, and would else see a broken connection."""


async def read_body(request: Request, *, media_type: str, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        ProblemError: it is of another media type, or longer than ``max_bytes``.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != media_type:
        raise ProblemError(WRONG_MEDIA_TYPE, f"content-type: is not {media_type}. Send it as {media_type}.")
    content, seen = bytearray(), 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen <= max_bytes:
            content += chunk
        elif seen > _PATIENCE * max_bytes:
            break
    if seen > max_bytes:
        raise ProblemError(
            BODY_TOO_LARGE, f"body: is longer than {max_bytes:,} bytes. Send less in one request."
        )
    return bytes(content)


def read_json(content: bytes) -> Any:
    """The value in ``content``.

    Raises:
        ProblemError: not UTF-8, not JSON (NaN is none), or an object with the same key twice.
    """
    text = _decode(content)
    try:
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        raise ProblemError(NOT_JSON, "body: is not JSON. Send one JSON object in UTF-8.") from None


def read_form(content: bytes) -> dict[str, str]:
    """The fields of an urlencoded form; of a repeated field the last one counts.

    Raises:
        ProblemError: not UTF-8, or far too many fields.
    """
    try:
        fields = parse_qsl(
            _decode(content), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise ProblemError(NOT_UTF8, "form: is not UTF-8. Send it in UTF-8.") from None
    except ValueError:
        raise ProblemError(NOT_A_FORM, "form: has too many fields. Use the form at /.") from None
    return dict(fields)


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(
            NOT_UTF8, f"body: byte {error.start} is not UTF-8. Send the body in UTF-8."
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ProblemError(BAD_REQUEST, "body: an object has the same key twice. Keep one of the two.")
    return found


def _no_constant(_: str) -> NoReturn:
    raise ValueError


_STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_object)
