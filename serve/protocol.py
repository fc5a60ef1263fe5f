"""How bytes of a connection become requests: uvicorn's fast parser, with a limit that it lacks."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
"""About as long the line and the headers of a request may be, and what stands between parts of its body."""


class Protocol(HttpToolsProtocol):
    """Refuses a request that sends on and on without coming to its body or its end.

    The parser holds what belongs to an unfinished header, so one without an end would fill the memory.
    """

    _unfinished = 0

    def data_received(self, data: bytes) -> None:
        """Parses ``data``; answers with 400 and hangs up where too much of it is still unfinished."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > MAX_HEAD_BYTES and not self._transport.is_closing():
            fact = "Invalid HTTP request received."  # as for all that cannot be parsed
            self.logger.warning(fact)
            self.send_400_response(fact)

    def on_headers_complete(self) -> None:
        """The headers came to their end."""
        self._unfinished = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body came; how long it may be, ``serve.body`` knows."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request came to its end."""
        self._unfinished = 0
        super().on_message_complete()

    @property
    def _transport(self) -> asyncio.Transport:
        return self.transport
