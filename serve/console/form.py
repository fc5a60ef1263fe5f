"""A form of ours that came back: read within its limit, and shown to be ours."""

from typing import Annotated

from fastapi import Depends, Request

from serve.body import FORM, read_body, read_form
from serve.security import csrf

_MAX_BYTES = 64_000
"""Far more than a note that somebody types."""


async def _form(request: Request) -> dict[str, str]:
    form = read_form(await read_body(request, media_type=FORM, max_bytes=_MAX_BYTES))
    csrf.check(request, form)
    return form


TheForm = Annotated[dict[str, str], Depends(_form)]
"""Its fields. Name it after the caller, so that nothing is read from somebody who may not send it."""
