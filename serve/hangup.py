"""A client that hangs up: what is done for it ends, so that it costs nobody else anything."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


async def unless_hung_up(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns or raises; the request's body must have been read to its end.

    Raises:
        ClientDisconnect: the client is gone, and ``work`` was cancelled.
    """
    gone = asyncio.ensure_future(_gone(request))
    try:
        # A time-out without a time: a task of its own for the work would cost more than some stories do.
        async with asyncio.timeout(None) as patience:
            gone.add_done_callback(partial(_end, patience))
            return await work
    except TimeoutError:
        if patience.expired():
            raise ClientDisconnect from None
        raise
    finally:
        gone.cancel()


def _end(patience: asyncio.Timeout, _: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the work has just ended by itself
        patience.reschedule(asyncio.get_running_loop().time())


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # an empty rest of the body
