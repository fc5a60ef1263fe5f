"""Runs the service on a socket until it is told to stop."""

import os
import socket
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from classifier.errors import ComplaintContextError
from serve.app import create_app
from serve.assessor import Assessor, ClassifierSource
from serve.settings import Settings

_SHUTDOWN_S = 120
"""The longest story a request may hold takes half a minute on an idle machine."""


class ServerError(ComplaintContextError):
    """The service cannot listen."""


def run(classifier_source: ClassifierSource, *, settings: Settings) -> bool:
    """Serves until SIGINT or SIGTERM; says on stderr where, once the model is ready.

    Returns:
        False if the model or the policy could not be loaded; the log says why.

    Raises:
        ServerError: the port is taken.
    """
    listener = _bind(settings.host, settings.port)
    app = create_app(classifier_source, settings)
    with suppress(KeyboardInterrupt):
        _Server(app, listener).run(sockets=[listener])
    return not _assessor(app).failed


class _Server(uvicorn.Server):
    """Uvicorn without its access log (addresses can hold words) that stops if the model will not load."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_S,
                ws="none",
            )
        )
        self._app = app
        self._address = _address(listener)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the socket at once, so that /healthz answers while the model loads."""
        await super().startup(sockets)
        await _assessor(self._app).settled()
        if _assessor(self._app).failed:
            self.should_exit = True
        else:
            print(f"complaint-context is ready: {self._address}", file=sys.stderr, flush=True)


def _assessor(app: FastAPI) -> Assessor:
    return app.state.assessor


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()  # the error's own words repeat the address
        raise ServerError(f"{host}:{port}: {reason}. Choose another --port; 0 takes a free one.") from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
