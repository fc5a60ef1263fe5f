"""Work goes on while its client waits, and ends when it has hung up."""

import asyncio

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from serve.hangup import unless_hung_up


def _request(*messages):
    """A request whose connection says ``messages`` and then nothing more."""
    said = list(messages)

    async def receive():
        return {"type": said.pop(0)} if said else await asyncio.Event().wait()

    return Request({"type": "http", "headers": []}, receive)


def test_client_that_waits_gets_what_the_work_returns():
    async def run():
        return await unless_hung_up(_request("http.request"), asyncio.sleep(0, "done"))

    assert asyncio.run(run()) == "done"


def test_client_that_waits_gets_what_the_work_raises():
    async def work():
        raise ValueError("broken")

    async def run():
        await unless_hung_up(_request(), work())

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(run())


def test_work_ends_when_the_client_hangs_up():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def run():
        with pytest.raises(ClientDisconnect):
            await unless_hung_up(_request("http.request", "http.disconnect"), work())
        await asyncio.sleep(0)

    asyncio.run(run())
    assert ended == ["work"]


def test_client_that_hangs_up_as_the_work_ends_gets_what_it_returned():
    async def run():
        caught = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: caught.append(context))
        done = await unless_hung_up(_request("http.disconnect"), asyncio.sleep(0, "done"))
        for _ in range(3):
            await asyncio.sleep(0)
        return done, caught

    assert asyncio.run(run()) == ("done", [])


def test_time_out_of_the_work_itself_is_not_taken_for_a_client_that_hung_up():
    async def work():
        raise TimeoutError("late")

    async def run():
        await unless_hung_up(_request(), work())

    with pytest.raises(TimeoutError, match="late"):
        asyncio.run(run())
