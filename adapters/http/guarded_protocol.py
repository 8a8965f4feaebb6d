"""uvicorn's HTTP protocol, bounded: a request has to be said within a time, and its head within a size.

uvicorn alone waits for the rest of a request for ever, and keeps whatever comes of its head: connections that say half
a request, one byte after the other, would take every file descriptor and any memory (Slowloris).
"""

import asyncio
from collections import defaultdict
from typing import Any, ClassVar, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState


class GuardedHttp(HttpToolsProtocol):
    """One connection, until it turns into a WebSocket."""

    HEAD_S: ClassVar[float] = 60.0
    """From the connection, or the answer before, to the end of a head; a fleet that returns at once waits long."""
    HEAD_BYTES: ClassVar[int] = 32 * 1024
    """Of the request line and the headers together; a proxy's headers with a certificate in them are a tenth."""
    FIELDS: ClassVar[int] = 100
    """Headers of one request."""
    cut: ClassVar[defaultdict[str, int]] = defaultdict(int)
    """Connections of this process that were cut, by why: `head_size`, `head_time`, `silence`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """From now on it has to say something."""
        super().connection_made(transport)
        self._expect_a_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not complete yet: a read is at most 256 KB."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, "The head of the request is too large.", "head_size")

    def on_header(self, name: bytes, value: bytes) -> None:
        """So many and no more."""
        super().on_header(name, value)
        if len(self.headers) > self.FIELDS:
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        """The head is said; what follows is a body, or frames."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.HEAD_BYTES:
            raise HeadTooLarge
        self._in_head = False
        self._head_bytes = 0
        if not self._answering:
            self._expect_nothing()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request begins with a head."""
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0

    def on_response_complete(self) -> None:
        """The next request has its time, whatever is still to come of a body that nobody reads."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._expect_a_head()

    def handle_websocket_upgrade(self) -> None:
        """From now on it is not ours to watch."""
        self._expect_nothing()
        super().handle_websocket_upgrade()

    @property
    def _answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _expect_a_head(self) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(self.HEAD_S, self._too_slow)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._head_bytes:
            self._refuse(408, "The request stopped coming.", "head_time")
        else:
            self._cut("silence")

    def _refuse(self, status: int, words: str, why: str) -> None:
        """Say it where nothing else is being said, and go."""
        if not self._answering:
            body = words.encode()
            head = (
                b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
            )
            self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self._cut(why)

    def _cut(self, why: str) -> None:
        """A client that does not read must not keep us waiting: what it has not taken by now is dropped."""
        self.cut[why] += 1
        self.transport.close()
        self.loop.call_later(1.0, self.transport.abort)


class HeadTooLarge(ValueError):
    """More headers than anybody needs; the parser's answer to it is 400."""
