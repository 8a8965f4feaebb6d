"""What operators do with artefacts: bring firmware, take uploads home, withdraw."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from starlette.requests import Request

from adapters.http.artefact_desk import give_artefact, take_firmware, withdraw_artefact
from adapters.http.problems import Problem
from adapters.http.uploads import FORM_OVERHEAD
from domain.artefacts.events import Stored
from tests.adapters.http.artefact_world import World
from tests.adapters.http.test_artefact_uploads import FORM, form


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Empty."""
    return World(tmp_path / "artefacts")


async def test_html_is_kept_and_given_as_opaque_bytes(world: World) -> None:
    link, html = await world.upload(), b"<script>alert(1)</script>"
    headers = {"Content-Type": "text/html", "Content-Disposition": 'attachment; filename="a.html"'}
    async with world.client() as charger:
        assert (await charger.put(link.url, content=html, headers=headers)).status_code == 201
    (stored,) = world.facts(Stored)
    assert (stored.name, stored.media_type) == ("a.html", "application/octet-stream")
    scope = {"type": "http", "method": "GET", "headers": []}
    messages: list[dict[str, object]] = []

    async def send(message: object) -> None:
        messages.append(message)  # type: ignore[arg-type]

    await (await give_artefact(world.artefacts, link.artefact))(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
    given_headers = dict(messages[0]["headers"])  # type: ignore[call-overload]
    assert given_headers[b"content-type"] == b"application/octet-stream"
    assert given_headers[b"content-disposition"].startswith(b"attachment;")
    assert messages[1]["body"] == html


async def test_operators_bring_firmware_in_the_same_ways(world: World) -> None:
    def request(body: bytes, headers: dict[str, str]) -> Request:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return Request({"type": "http", "method": "POST", "headers": pairs}, receive)

    right = hashlib.sha256(b"new").hexdigest().upper()
    kept = await take_firmware(
        world.artefacts, request(form(b"new", "v2.bin"), FORM), actor="user:ann", sha256=right
    )
    assert (kept.name, kept.size_bytes) == ("v2.bin", 3)
    assert await world.bytes_of(kept.artefact) == b"new"
    for body, headers, code in (
        (b"new", {}, "validation"),
        (b"x", {"Content-Length": str(2_000_001 + FORM_OVERHEAD)}, "too_large"),
        (bytes(2_000_001), {}, "too_large"),
    ):
        with pytest.raises(Problem) as refused:
            await take_firmware(world.artefacts, request(body, headers), actor="user:ann", sha256="0" * 64)
        assert refused.value.code == code
    await withdraw_artefact(world.artefacts, kept.artefact, "old", actor="user:ann")
    for name in (kept.artefact, "../../etc", "0" * 22):
        with pytest.raises(Problem) as refused:
            await give_artefact(world.artefacts, name)
        assert refused.value.code == "not_found"
    assert world.files() == []
