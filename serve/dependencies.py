"""What routes ask the app for."""

from typing import Annotated

from fastapi import Depends, Request

from serve.assessor import Assessor
from serve.cases.store import CaseStore
from serve.settings import Settings


def assessor_of(request: Request) -> Assessor:
    """The assessor of the app that ``request`` came to, for a route in a hurry: a dependency takes longer."""
    return request.app.state.assessor


def settings_of(request: Request) -> Settings:
    """The settings of that app, for the same."""
    return request.app.state.settings


async def _assessor(request: Request) -> Assessor:
    return assessor_of(request)


async def _cases(request: Request) -> CaseStore:
    return request.app.state.cases


async def _settings(request: Request) -> Settings:
    return settings_of(request)


TheAssessor = Annotated[Assessor, Depends(_assessor)]
TheCases = Annotated[CaseStore, Depends(_cases)]
TheSettings = Annotated[Settings, Depends(_settings)]
