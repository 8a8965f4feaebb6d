"""A charger fetches its firmware: whole, in pieces, resumed; and a link is used up when it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from domain.artefacts.events import Fetched, Purpose, Released, Stored
from tests.adapters.http.artefact_world import NOON, ORIGIN, World, pieces
from tests.adapters.http.test_served import served

BODY = bytes(range(256)) * 2_000
"""Half a megabyte: several pieces of the disk's reading."""
HTML = b"<!doctype html><script>alert(document.cookie)</script>"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Empty."""
    return World(tmp_path / "artefacts")


@pytest.fixture
async def charger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Its HTTP client."""
    async with world.client() as client:
        yield client


async def test_a_firmware_is_fetched_once(world: World, charger: httpx.AsyncClient) -> None:
    firmware = await world.firmware(BODY, "../../Rel 1.2/fw 1.2é.bin")
    link = await world.download(firmware.artefact)
    assert link.url.startswith(f"{ORIGIN}/artefacts/")
    assert link.url.endswith("/fw_1.2_.bin")
    head = await charger.head(link.url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(BODY)), b"")
    got = await charger.get(link.url)
    assert got.content == BODY
    assert got.headers["etag"] == f'"{firmware.sha256}"'
    assert got.headers["accept-ranges"] == "bytes"
    assert (await charger.get(link.url)).status_code == 404
    assert (await charger.head(link.url)).status_code == 404
    assert world.facts(Fetched) == [
        Fetched(link=link.link, length=len(BODY), complete=True, remote="192.0.2.7")
    ]
    (released,) = world.facts(Released)
    assert (released.charger, released.purpose, released.uses) == ("CP1", Purpose.DOWNLOAD, 1)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_sequence_of_ranges_reassembles_the_bytes(tmp_path: Path, data: st.DataObject) -> None:
    world = World(tmp_path / "artefacts")
    size = data.draw(st.integers(1, 400_000))
    body = (BODY * 2)[:size]
    link = await world.download((await world.firmware(body)).artefact)
    found, missing, asked = bytearray(size), [(0, size)], 0
    async with world.client() as charger:
        while missing:
            begin, end = missing.pop(data.draw(st.integers(0, len(missing) - 1)))
            start = data.draw(st.integers(begin, end - 1))
            stop = data.draw(st.integers(start + 1, end))
            header = f"bytes=-{size - start}" if stop == size else f"bytes={start}-{stop - 1}"
            answer = await charger.get(link.url, headers={"Range": header})
            assert answer.status_code == 206
            assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
            found[start:stop] = answer.content
            missing += [span for span in ((begin, start), (stop, end)) if span[0] < span[1]]
            asked += 1
            if len(missing) > 4 or asked == 20:  # enough holes: the rest comes whole
                for begin, end in missing:
                    answer = await charger.get(link.url, headers={"Range": f"bytes={begin}-{end - 1}"})
                    found[begin:end] = answer.content
                break
        assert bytes(found) == body
        assert (await charger.get(link.url)).status_code == 404
    assert [fact.complete for fact in world.facts(Fetched)].count(True) == 1


async def test_retries_are_complete_fetches(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.download((await world.firmware(BODY)).artefact, fetches=2)
    for part in ("bytes=0-9", "bytes=100000-", "bytes=5-99999"):
        assert (await charger.get(link.url, headers={"Range": part})).status_code == 206
    assert (await charger.get(link.url)).content == BODY
    assert (await charger.get(link.url)).status_code == 404
    assert [fact.complete for fact in world.facts(Fetched)] == [False, False, True, True]


async def test_ranges_that_cannot_be(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.download((await world.firmware(b"0123456789")).artefact, fetches=9)
    beyond = await charger.get(link.url, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    several = await charger.get(link.url, headers={"Range": "bytes=0-1,3-4"})
    assert (several.status_code, several.content) == (200, b"0123456789")
    other = await charger.get(link.url, headers={"Range": "bytes=0-1", "If-Range": '"another file"'})
    assert (other.status_code, other.content) == (200, b"0123456789")
    same = await charger.get(link.url, headers={"Range": "bytes=0-1", "If-Range": other.headers["etag"]})
    assert (same.status_code, same.content) == (206, b"01")


async def test_whatever_it_is_it_is_an_opaque_attachment(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.download((await world.firmware(HTML, 'x";\r\nSet-Cookie: a=b;.html')).artefact)
    got = await charger.get(link.url)
    assert got.content == HTML
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith('attachment; filename="x_Set-Cookie_a_b_.html"')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "set-cookie" not in got.headers
    assert got.headers["cache-control"] == "private, no-store"


async def test_a_link_that_does_not_open_never_says_why(world: World, charger: httpx.AsyncClient) -> None:
    firmware = await world.firmware(BODY)
    link, upload = await world.download(firmware.artefact), await world.upload()
    token = link.url.split("/")[4]
    flipped = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    stranger = world.another(secret=b"other")
    made_up = await stranger.link_for_download(firmware.artefact, "CP1", expires_at=NOON + timedelta(hours=1))
    elsewhere = await world.another(tenant="x").link_for_upload("CP1", expires_at=NOON + timedelta(hours=1))
    paths = [f"/artefacts/{bad}" for bad in (*flipped, token + "=", token[:-1], token + "A", "%00", "é" * 51)]
    asked = [await charger.get(path) for path in paths]
    asked += [await charger.get(one.url) for one in (made_up, elsewhere, upload)]
    asked += [await charger.put(one.url, content=b"x") for one in (link, made_up)]
    world.now += timedelta(hours=1)
    asked += [await charger.get(link.url), await charger.put(upload.url, content=b"x")]
    assert {(answer.status_code, answer.content) for answer in asked} == {(404, asked[0].content)}
    assert world.facts(Fetched) == []


async def test_a_withdrawn_firmware_is_gone(world: World, charger: httpx.AsyncClient) -> None:
    firmware = await world.firmware(BODY)
    link = await world.download(firmware.artefact)
    for _ in range(2):
        await world.artefacts.withdraw(firmware.artefact, "faulty", actor="user:ann")
    assert (await charger.get(link.url)).status_code == 404
    assert world.files() == []


async def test_what_was_used_up_here_is_used_up_in_every_process(world: World) -> None:
    link = await world.download((await world.firmware(BODY)).artefact)
    token = link.url.split("/")[4]
    other = world.another()
    content = await other.open_download(token)
    await world.artefacts.note_sent(content, 0, 300_000, "")
    await other.note_sent(content, 200_000, len(BODY) - 200_000, "")
    with pytest.raises(LookupError):
        await world.artefacts.open_download(token)


async def test_bytes_that_somebody_deleted_are_our_fault(
    world: World, charger: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    firmware = await world.firmware(BODY)
    link = await world.download(firmware.artefact)
    await world.blobs.delete(world.facts(Stored)[0].blob)
    answer = await charger.get(link.url)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert firmware.artefact in caplog.text


async def test_a_log_that_is_away_lets_nothing_out_uncounted(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = await world.download((await world.firmware(BODY)).artefact)
    async with served(world.app) as port, httpx.AsyncClient() as charger:  # type: ignore[arg-type]
        url = link.url.replace(ORIGIN, f"http://127.0.0.1:{port}")
        async with charger.stream("GET", url) as answer:
            assert answer.status_code == 200
            world.store.unavailable = True
            with pytest.raises(httpx.RemoteProtocolError):
                await answer.aread()
        assert (await charger.get(url)).json()["code"] == "database_unavailable"
        world.store.unavailable = False
        assert (await charger.get(url)).content == BODY
    assert "failed" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("zeus")]
    assert url.split("/")[4] not in "\n".join(ours)  # what is logged opens nothing


async def test_a_client_that_goes_away_may_resume(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.download((await world.firmware(BODY)).artefact)
    gone, sent = asyncio.Event(), bytearray()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.extend(message.get("body", b""))
        if sent:
            gone.set()
            await asyncio.sleep(0)  # lets the server hear of it

    path = link.url.removeprefix(ORIGIN)
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await world.app(scope, receive, send)
    assert 0 < len(sent) < len(BODY)
    assert world.facts(Fetched) == [Fetched(link=link.link, length=len(sent))]
    rest = await charger.get(link.url, headers={"Range": f"bytes={len(sent)}-"})
    assert bytes(sent) + rest.content == BODY
    assert (await charger.get(link.url)).status_code == 404


async def test_a_client_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    world = World(tmp_path / "artefacts", patience_s=0.05)
    link = await world.download((await world.firmware(BODY)).artefact)
    stuck = asyncio.Event()

    async def send(message: Message) -> None:
        if "body" in message:
            await stuck.wait()

    async def receive() -> Message:
        await stuck.wait()
        return {"type": "http.disconnect"}

    path = link.url.removeprefix(ORIGIN)
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await asyncio.wait_for(world.app(scope, receive, send), 10)
    assert world.facts(Fetched) == []


async def test_only_a_trusted_proxy_tells_who_asked(tmp_path: Path) -> None:
    for trusted, seen in ((), "192.0.2.7"), (("192.0.2.7",), "198.51.100.4"):
        world = World(tmp_path / "artefacts", trusted_proxies=trusted)
        link = await world.download((await world.firmware(b"x")).artefact)
        async with world.client() as charger:
            await charger.get(link.url, headers={"X-Forwarded-For": "10.0.0.1, 198.51.100.4"})
        assert [fact.remote for fact in world.facts(Fetched)] == [seen]


async def test_other_methods_are_told_which_ones_there_are(charger: httpx.AsyncClient) -> None:
    assert (await charger.delete("/artefacts/x")).headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert (await charger.options("/artefacts/x/y")).status_code == 204


async def test_a_checksum_that_differs_keeps_nothing(world: World) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        await world.artefacts.store_firmware(pieces(b"x"), lambda: "f", actor="a", sha256="0" * 64)
    with pytest.raises(ValueError):  # noqa: PT011 - not a byte
        await world.artefacts.store_firmware(pieces(), lambda: "f", actor="a")
    assert world.files() == []
    assert world.store.log == []
