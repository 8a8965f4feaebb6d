"""An artefact as an HTTP answer: opaque bytes to be saved, whole or a range of them, never to be rendered."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from adapters.http.problems import Problem
from adapters.http.ranges import RangeUnsatisfiable, Span, span_of
from application.artefact_names import url_name
from application.artefacts import Artefacts, Content
from application.blobs import BlobMissing
from domain.artefacts.events import MEDIA_TYPE

PATIENCE_S = 60.0
"""How long a client may take nothing, or send nothing, before it is given up."""


class FileAnswer:
    """Answers GET and HEAD. What goes over a charger's link is recorded before its last piece leaves."""

    def __init__(
        self, artefacts: Artefacts, content: Content, *, remote: str = "", patience_s: float = PATIENCE_S
    ) -> None:
        self._artefacts = artefacts
        self._content = content
        self._remote = remote
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises a 416 Problem, and StoreUnavailable or BlobMissing where the answer must break off."""
        asked = self._span(Headers(scope=scope))
        span = asked or Span(0, self._content.size_bytes)
        headers = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in self._headers(asked).items()
        ]
        status = 206 if asked else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        gone = asyncio.create_task(_gone(receive))
        try:
            await self._send(span, send, gone)
        finally:
            gone.cancel()

    async def _send(self, span: Span, send: Send, gone: "asyncio.Task[None]") -> None:
        sent, noted = 0, False
        try:
            async with aclosing(self._artefacts.bytes_of(self._content, *span)) as pieces:
                async for piece in pieces:
                    if gone.done():
                        break
                    last = sent + len(piece) == span.length
                    if last:
                        noted = True
                        await self._note(span, span.length)
                    await self._hand_over(piece, send, more=not last)
                    sent += len(piece)
            if sent < span.length and not gone.done():
                raise BlobMissing("the bytes ended early")
        finally:
            if not noted:
                await self._note(span, sent)

    async def _hand_over(self, piece: bytes, send: Send, *, more: bool) -> None:
        """Raises TimeoutError where the client takes nothing more; the server then hangs up."""
        async with asyncio.timeout(self._patience_s):
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _note(self, span: Span, sent: int) -> None:
        await self._artefacts.note_sent(self._content, span.offset, sent, self._remote)

    def _span(self, headers: Headers) -> Span | None:
        """What is asked for. `If-Range` with another file's tag asks for all of this one (RFC 9110 §13.1.5)."""
        if headers.get("if-range", self._tag) != self._tag:
            return None
        try:
            return span_of(headers.get("range", ""), self._content.size_bytes)
        except RangeUnsatisfiable as error:
            headers_ = {"Content-Range": f"bytes */{self._content.size_bytes}", "Accept-Ranges": "bytes"}
            raise Problem("range", f"It has {self._content.size_bytes} bytes.", headers=headers_) from error

    def _headers(self, asked: Span | None) -> Mapping[str, str]:
        size, name = self._content.size_bytes, self._content.name
        span, spelled = asked or Span(0, size), f"filename*=UTF-8''{quote(name, safe='')}"
        found = {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(span.length),
            "Content-Disposition": f'attachment; filename="{url_name(name)}"; {spelled}',
            "Accept-Ranges": "bytes",
            "ETag": self._tag,
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        if asked:
            found["Content-Range"] = f"bytes {span.offset}-{span.offset + span.length - 1}/{size}"
        return found

    @property
    def _tag(self) -> str:
        return f'"{self._content.sha256}"'


async def _gone(receive: Receive) -> None:
    """Returns when the client has hung up; whatever else it sends meanwhile does not matter."""
    while (await receive())["type"] != "http.disconnect":
        pass
