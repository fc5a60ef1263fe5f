"""A page of the console: a template with its values. Its headers come with those of every answer."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from serve.console import assets
from serve.security import csrf
from serve.security.caller import Caller, Role


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a form; ``field`` is the id of the control that it is about."""

    field: str
    text: str


def page(
    request: Request,
    template: str,
    *,
    caller: Caller | None,
    status: int = 200,
    faults: tuple[Fault, ...] = (),
    **values: Any,
) -> Response:
    """The answer that shows ``template`` to ``caller`` (None: nobody is signed in)."""
    values |= {"caller": caller, "faults": faults, "csrf": csrf.issue(request), "path": request.url.path}
    values["challenger"] = (
        caller is not None
        and caller.role.includes(Role.MODERATE)
        and request.app.state.assessor.shadow.reads_along
    )
    return HTMLResponse(render(template, **values), status_code=status)


def render(template: str, **values: Any) -> str:
    """The words of a page."""
    return _environment().get_template(template).render(values)


def see_other(address: str) -> Response:
    """What follows a form that was taken: the page to look at next."""
    return RedirectResponse(address, status_code=303)


def _moment(at: datetime) -> str:
    """In words, to the minute, as UTC: 3 May 2026, 14:05."""
    return f"{at.day} {at:%B %Y, %H:%M}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("serve.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = assets.url
    environment.filters["moment"] = _moment
    return environment
