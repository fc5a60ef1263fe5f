"""What of a connection becomes a request, and what is refused before it is one."""

import asyncio
import logging

import pytest
import uvicorn
from uvicorn.server import ServerState

from serve.protocol import MAX_HEAD_BYTES, Protocol

HEAD = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
ANSWERED, REFUSED = (b"HTTP/1.1 204", False), (b"HTTP/1.1 400", True)


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


async def _app(scope, receive, send):
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def _answer(*parts):
    """The beginning of what is answered to ``parts``, and whether the connection is closed then."""

    async def run():
        config = uvicorn.Config(_app, http=Protocol, lifespan="off", log_config=None)
        config.load()
        wire = Wire()
        protocol = Protocol(config, ServerState(), {})
        protocol.connection_made(wire)
        for part in parts:
            if not wire.closed:
                protocol.data_received(part)
        while not wire.written:
            await asyncio.sleep(0)
        closed = wire.closed
        protocol.connection_lost(None)
        await asyncio.sleep(0)
        return wire.written[:12], closed

    return asyncio.run(run())


def test_request_is_answered_and_the_connection_kept():
    assert _answer(HEAD + b"content-length: 2\r\n\r\n", b"{}") == ANSWERED


@pytest.mark.parametrize(
    "begun",
    [b"GET /", HEAD, HEAD + b"x-endless: ", CHUNKED + b"1;", CHUNKED + b"0\r\nx-trailer: "],
    ids=["address", "headers", "header", "chunk", "trailer"],
)
def test_what_never_comes_to_an_end_is_refused(begun, caplog):
    part = b"a" * 1000 + (b": b\r\n" if begun == HEAD else b"")
    with caplog.at_level(logging.WARNING):
        assert _answer(begun, *[part] * (MAX_HEAD_BYTES // 1000 + 1)) == REFUSED
    assert "aaa" not in caplog.text


@pytest.mark.parametrize(("over", "answer"), [(0, ANSWERED), (1, REFUSED)])
def test_head_may_be_as_long_as_the_limit(over, answer):
    begun = HEAD + b"content-length: 0\r\nx-long: "
    assert _answer(begun, b"a" * (MAX_HEAD_BYTES - len(begun) + over), b"\r\n\r\n") == answer


def test_body_may_be_far_longer_than_the_head():
    size = 3 * MAX_HEAD_BYTES
    parts = [b"a" * 1024] * (size // 1024)
    assert _answer(HEAD + b"content-length: %d\r\n\r\n" % size, *parts) == ANSWERED


def test_limit_is_for_each_request_of_a_connection():
    one = HEAD + b"x-long: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\ncontent-length: 0\r\n\r\n"
    assert _answer(one, one, one) == ANSWERED
