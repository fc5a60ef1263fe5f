"""What routes ask the app for."""

from typing import Annotated

from fastapi import Depends, Request

from serve.assessor import Assessor
from serve.cases.store import CaseStore
from serve.settings import Settings


async def _assessor(request: Request) -> Assessor:
    return request.app.state.assessor


async def _cases(request: Request) -> CaseStore:
    return request.app.state.cases


async def _settings(request: Request) -> Settings:
    return request.app.state.settings


TheAssessor = Annotated[Assessor, Depends(_assessor)]
TheCases = Annotated[CaseStore, Depends(_cases)]
TheSettings = Annotated[Settings, Depends(_settings)]
