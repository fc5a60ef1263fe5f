"""A small app behind the real door: a route for each role, a form, sign-in and sign-out."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.testclient import TestClient

from serve import problems
from serve.body import FORM, read_body, read_form
from serve.security import csrf, wiring
from serve.security.key_file import KeyFile
from serve.security.roles import Caller, Role, require
from serve.security.sessions import sign_in, sign_out
from serve.settings import Settings

Opened = Callable[..., TestClient]


async def _form(request: Request) -> dict[str, str]:
    return read_form(await read_body(request, media_type=FORM, max_bytes=10_000))


def _add_routes(app: FastAPI) -> None:
    for role in Role:

        @app.get(f"/{role}")
        async def who(caller: Annotated[Caller, require(role)]) -> dict[str, Any]:
            return asdict(caller)

    @app.get("/form")
    async def form(request: Request) -> dict[str, str]:
        assert csrf.issue(request) == csrf.issue(request)
        return {"csrf": csrf.issue(request)}

    @app.post("/form")
    async def take(request: Request) -> dict[str, bool]:
        csrf.check(request, await _form(request))
        return {"taken": True}

    @app.post("/sign-in")
    async def begin(request: Request, response: Response) -> None:
        sign_in(request, response, key=(await _form(request))["key"])

    @app.post("/sign-out")
    async def end(request: Request, response: Response) -> None:
        sign_out(request, response)


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    """The keys of the app; no key at first."""
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def opened(key_file: KeyFile) -> Opened:
    """A new client of the app; options are settings, ``at`` is the address that it asks."""

    def open_client(*, at: str = "http://127.0.0.1:8000", **settings: Any) -> TestClient:
        chosen = Settings(keys_file=key_file.path, **settings)
        app = FastAPI()
        problems.install(app)
        wiring.install(app, chosen)
        _add_routes(app)
        return TestClient(app, base_url=at)

    return open_client
