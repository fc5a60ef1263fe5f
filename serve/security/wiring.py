"""Puts the security of the service around an app."""

from fastapi import FastAPI

from serve.security.gate import Gate
from serve.security.guard import Guard
from serve.security.headers import SecurityHeaders
from serve.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Gives ``app`` its guard, its gate and the headers, around all middleware that it has so far."""
    app.state.guard = Guard(settings)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SecurityHeaders)
