"""Artefacts behind their routes: on a disk, over a log in memory, with a clock that stands until it is moved."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from adapters.artefacts.local_disk import LocalDisk
from adapters.http.artefacts import artefact_routes
from adapters.http.problems import Problem, answer_http_exception, answer_problem
from adapters.http.traffic import Border, Traffic
from application.artefacts import Artefacts, ArtefactSettings, Content, SignedUrl
from domain.event import Fact
from tests.fakes.event_store import InMemoryEventStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = "t"
ORIGIN = "http://zeus.test"


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """As they come."""
    for chunk in chunks:
        yield chunk


class World:
    """What a test may touch."""

    def __init__(self, directory: Path, disk: type[LocalDisk] = LocalDisk, **choices: Any) -> None:
        """`choices` go to `artefact_routes`."""
        self.now = NOON
        self.directory = directory
        self.store = InMemoryEventStore()
        self.blobs = disk(directory)
        self.artefacts = self.another()
        self.app = Starlette(
            routes=artefact_routes(lambda _: self.artefacts, **choices),
            middleware=[Middleware(Border, traffic=Traffic())],
            exception_handlers={Problem: answer_problem, HTTPException: answer_http_exception},
        )

    def another(self, secret: bytes = b"secret", tenant: str = TENANT, origin: str = ORIGIN) -> Artefacts:
        """The use cases as another process has them."""
        settings = ArtefactSettings(
            tenant=tenant, public_url=origin, firmware_bytes=2_000_000, upload_bytes=1_000_000
        )
        return Artefacts(self.store, self.blobs, secret, settings, lambda: self.now)

    def client(self) -> httpx.AsyncClient:
        """A charger."""
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 1234))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async def firmware(self, body: bytes, name: str = "fw.bin") -> Content:
        """Stored by Ann."""
        return await self.artefacts.store_firmware(pieces(body), lambda: name, actor="user:ann")

    async def download(self, artefact: str, fetches: int = 1) -> SignedUrl:
        """A link for CP1, good for an hour."""
        return await self.artefacts.link_for_download(
            artefact, "CP1", expires_at=self.now + timedelta(hours=1), fetches=fetches
        )

    async def upload(self, max_bytes: int | None = None, name: str = "") -> SignedUrl:
        """A link for CP1, good for an hour."""
        return await self.artefacts.link_for_upload(
            "CP1",
            expires_at=self.now + timedelta(hours=1),
            command="cmd1",
            max_bytes=max_bytes,
            name=name,
        )

    async def bytes_of(self, artefact: str) -> bytes:
        """As an operator reads it."""
        content = await self.artefacts.read(artefact)
        found = self.artefacts.bytes_of(content, 0, content.size_bytes)
        return b"".join([piece async for piece in found])

    def facts(self, kind: type[Fact]) -> list[Any]:
        """All of this kind, in order."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, kind)]

    def files(self) -> list[bytes]:
        """Everything on the disk, finished or not."""
        return [path.read_bytes() for path in self.directory.rglob("*") if path.is_file()]
