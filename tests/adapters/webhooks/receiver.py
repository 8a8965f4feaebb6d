"""Somebody who takes webhooks: checks every signature, and answers as it is told."""

import asyncio
import hmac
import json
from collections import deque
from typing import Any

SILENT = 0
"""In place of a status: no answer at all."""


class Receiver:
    """An HTTP server on a port of its own."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = secrets
        """One of them has to fit."""
        self.answers: deque[int] = deque()
        """Statuses of the next answers; then 200."""
        self.deliveries: list[dict[str, Any]] = []
        """Bodies that were taken, in order."""
        self.tries: list[tuple[str, int, int]] = []
        """(delivery, attempt, status) of all."""
        self.forged = 0
        self.location = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._over = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._over.set()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it is."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook?a=1"

    def messages(self) -> list[dict[str, Any]]:
        """Of all deliveries; a delivery that came twice counts once, as a receiver should do it."""
        seen, found = set(), []
        for one in self.deliveries:
            if one["delivery"] not in seen:
                seen.add(one["delivery"])
                found += one["messages"]
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(
                line.lower().split(": ", 1) if ": " in line else (line, "")
                for line in head.split("\r\n")[1:]
                if line
            )
            body = await reader.readexactly(int(headers["content-length"]))
            status = self._take(headers, body)
            if status == SILENT:
                await self._over.wait()
            more = f"Location: {self.location}\r\n" if self.location else ""
            writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: 2\r\n\r\nok".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            self._serving.discard(task)
            writer.close()

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        parts = [part.split("=", 1) for part in headers["zeus-signature"].split(",")]
        stamp = next(value for name, value in parts if name == "t")
        marks = [value for name, value in parts if name == "v1"]
        fits = any(
            hmac.compare_digest(
                hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest(), mark
            )
            for secret in self.secrets
            for mark in marks
        )
        if not fits:
            self.forged += 1
        status = self.answers.popleft() if self.answers else 200
        self.tries.append((headers["zeus-delivery"], int(headers["zeus-attempt"]), status))
        if 200 <= status < 300:
            self.deliveries.append(json.loads(body))
        return status
