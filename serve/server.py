"""Runs the service on a socket until it is told to stop."""

import asyncio
import math
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import uvicorn
from fastapi import FastAPI

from classifier.errors import ComplaintContextError
from classifier.sentences import sentences
from classifier.story import Story
from serve import logs
from serve.app import create_app
from serve.assessor import Assessor, ClassifierSource
from serve.problems import ProblemError
from serve.protocol import Protocol
from serve.security.guard import check_exposure
from serve.settings import Settings
from serve.workers import supervise

_GRACE_S = 5
"""At a stop, requests under way have their own time-out and so much longer."""


class ServerError(ComplaintContextError):
    """The service cannot listen."""


def run(classifier_source: ClassifierSource, *, settings: Settings) -> bool:
    """Serves until SIGINT or SIGTERM; says on stderr where, once every worker's model is ready.

    SIGHUP has the model loaded again.

    Returns:
        False if the model or the policy could not be loaded; the log says why.

    Raises:
        ServerError: the port is taken.
        SettingsError: other machines could reach the service and there is no key.
    """
    check_exposure(settings)
    logs.configure(settings.log_format)  # workers configure it anew, with metrics of their own
    listener = _bind(settings.host, settings.port)
    say_ready = partial(_say_ready, listener, settings)
    if settings.workers == 1:
        return _serve(classifier_source, settings, listener, on_ready=say_ready)
    sentences(Story(id="first", text="Hello."))  # what this has to import, all workers share
    return supervise(
        lambda parent: _serve(
            classifier_source, settings, listener, on_ready=parent.say_ready, life=parent.life
        ),
        count=settings.workers,
        on_ready=say_ready,
        on_stop=listener.close,  # else the kernel would take connections that nobody answers
    )


def _serve(
    source: ClassifierSource,
    settings: Settings,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
    life: int | None = None,
) -> bool:
    app = create_app(source, settings)
    logs.configure(settings.log_format, count=app.state.metrics.logged)
    config = uvicorn.Config(
        app,
        http=Protocol,
        loop="uvloop",
        access_log=False,  # addresses can hold words
        log_config=None,  # all goes through serve.logs
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.timeout_s) + _GRACE_S,
        ws="none",
    )
    with suppress(KeyboardInterrupt):
        _Server(config, app, on_ready=on_ready, life=life).run(sockets=[listener])
    return not _assessor(app).failed


class _Server(uvicorn.Server):
    """Uvicorn that stops if the model will not load, loads it again on SIGHUP, and ends with its parent."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, *, on_ready: Callable[[], None], life: int | None
    ) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready
        self._life = life
        self._reloads: set[asyncio.Task[None]] = set()  # the event loop alone would let go of them

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the socket at once, so that /healthz answers while the model loads."""
        await super().startup(sockets)
        self._listen_to_signals()
        await _assessor(self._app).settled()
        if _assessor(self._app).failed:
            self.should_exit = True
        else:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuses new stories, answers those that were taken, then ends."""
        _assessor(self._app).stop()
        await super().shutdown(sockets)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._reload)
        if self._life is not None:
            loop.add_reader(self._life, self._follow_parent, self._life)

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._try_reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _try_reload(self) -> None:
        assessor = _assessor(self._app)
        await assessor.settled()  # what is being loaded may be the old one
        with suppress(ProblemError):  # it was logged, and nobody waits for an answer
            await assessor.reload()

    def _follow_parent(self, life: int) -> None:
        asyncio.get_running_loop().remove_reader(life)
        self.should_exit = True


def _say_ready(listener: socket.socket, settings: Settings) -> None:
    shared = f" (workers: {settings.workers}, threads of each: {settings.threads})"
    line = f"complaint-context is ready: {_address(listener)}{shared if settings.workers > 1 else ''}"
    print(line, file=sys.stderr, flush=True)


def _assessor(app: FastAPI) -> Assessor:
    return app.state.assessor


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()  # the error's own words repeat the address
        raise ServerError(f"{host}:{port}: {reason}. Choose another --port; 0 takes a free one.") from None
    # Connections inherit it. asyncio would set it only where the socket names its protocol, which this one
    # does not; without it an answer's second packet may wait some 40 ms for an acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
