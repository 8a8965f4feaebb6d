"""A charger sends its log: once, in whatever way it knows, and never more than allowed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from adapters.http.uploads import FORM_OVERHEAD, Upload, UploadUnreadable
from domain.artefacts.events import Kind, Stored
from tests.adapters.http.artefact_world import ORIGIN, World, pieces
from tests.adapters.http.test_served import served

LOG = b"2026-03-01 relay welded\n" * 9_000
BOUNDARY = b"----zeus"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Empty."""
    return World(tmp_path / "artefacts")


@pytest.fixture
async def charger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Its HTTP client."""
    async with world.client() as client:
        yield client


async def chunked(body: bytes) -> AsyncIterator[bytes]:
    """Without a length told before."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


def form(file: bytes, name: str = "diag.zip") -> bytes:
    """A form with a field, the file and another file."""
    return (
        b'--%b\r\nContent-Disposition: form-data; name="id"\r\n\r\nCP1\r\n'
        b'--%b\r\nContent-Disposition: form-data; name="f"; filename="%b"\r\nContent-Type: text/html\r\n\r\n%b\r\n'
        b'--%b\r\nContent-Disposition: form-data; name="g"; filename="other"\r\n\r\nnot this\r\n--%b--\r\n'
    ) % (BOUNDARY, BOUNDARY, name.encode(), file, BOUNDARY, BOUNDARY)


FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("chunks", [False, True])
async def test_a_raw_body_is_kept_as_it_is(
    world: World, charger: httpx.AsyncClient, method: str, chunks: bool
) -> None:
    link = await world.upload()
    assert link.url.endswith("/")
    content = chunked(LOG) if chunks else LOG
    answer = await charger.request(method, link.url + "CP1_diag.log", content=content)
    assert (answer.status_code, answer.content) == (201, b"")
    assert await world.bytes_of(link.artefact) == LOG
    (stored,) = world.facts(Stored)
    assert stored == Stored(
        name="CP1_diag.log",
        kind=Kind.UPLOAD,
        size_bytes=len(LOG),
        sha256=hashlib.sha256(LOG).hexdigest(),
        blob=stored.blob,
        charger="CP1",
        command="cmd1",
        link=link.link,
        remote="192.0.2.7",
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_the_first_file_of_a_form_is_kept_however_it_is_cut(
    tmp_path: Path, data: st.DataObject
) -> None:
    world = World(tmp_path / "artefacts")
    file = data.draw(
        st.binary(min_size=1, max_size=300) | st.just(b"\r\n--" + BOUNDARY[:-1]) | st.just(b"\r\n" * 5)
    )
    body = form(file, "Diag é.zip")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    link = await world.upload()
    async with world.client() as charger:
        answer = await charger.post(link.url, content=pieces(*chunks), headers=FORM)
    assert answer.status_code == 201
    assert await world.bytes_of(link.artefact) == file
    assert [fact.name for fact in world.facts(Stored)] == ["Diag é.zip"]


@pytest.mark.parametrize("url", ["{}", "{}diag.log", "{}sub/dir/diag.log"])
async def test_it_may_be_sent_to_the_directory_or_below_it(
    world: World, charger: httpx.AsyncClient, url: str
) -> None:
    link = await world.upload()
    for address in (url.format(link.url), link.url.rstrip("/")):
        answer = await charger.put(address, content=LOG)
        assert answer.status_code == (201 if address != link.url.rstrip("/") else 404)
    name = "diag.log" if url.endswith("log") else "upload"
    assert [fact.name for fact in world.facts(Stored)] == [name]


async def test_the_second_upload_is_refused_and_the_first_stays(
    world: World, charger: httpx.AsyncClient
) -> None:
    link = await world.upload()
    assert (await charger.put(link.url, content=LOG)).status_code == 201
    assert (await charger.put(link.url, content=b"other")).status_code == 404
    assert await world.bytes_of(link.artefact) == LOG
    assert world.files() == [LOG]


async def test_of_two_at_once_the_first_complete_one_wins(world: World, charger: httpx.AsyncClient) -> None:
    link, half, go_on = await world.upload(), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        half.set()
        await go_on.wait()

    first = asyncio.create_task(charger.put(link.url, content=slow()))
    await half.wait()
    assert (await charger.put(link.url, content=b"quick")).status_code == 201
    go_on.set()
    assert (await first).status_code == 404
    assert world.files() == [b"quick"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_too_much_is_refused_unread_and_the_link_stays_good(
    world: World, charger: httpx.AsyncClient, method: str
) -> None:
    link, taken = await world.upload(max_bytes=1000), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 600
            yield bytes(600)

    announced = {"Content-Length": str(1001 + FORM_OVERHEAD)}
    answer = await charger.request(method, link.url, content=endless(), headers=announced)
    assert (answer.status_code, answer.headers["connection"], taken) == (413, "close", 0)
    answer = await charger.request(method, link.url, content=endless())
    assert (answer.status_code, taken) == (413, 1200)
    assert world.files() == []
    assert (await charger.request(method, link.url, content=bytes(1000))).status_code == 201


async def test_a_link_never_takes_more_than_the_installation(
    world: World, charger: httpx.AsyncClient
) -> None:
    link = await world.upload(max_bytes=10**12)
    answer = await charger.put(link.url, content=b"x", headers={"Content-Length": "1000001"})
    assert answer.status_code == 413


async def test_nothing_at_all_is_no_upload(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.upload()
    assert (await charger.put(link.url)).status_code == 400
    assert world.files() == []
    assert (await charger.put(link.url, content=b"x")).status_code == 201


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("multipart/form-data", form(b"x"), "boundary"),
        ("multipart/form-data; boundary=" + "x" * 999, form(b"x"), "oundary"),
        (FORM["Content-Type"], b"rubbish", "oundary"),
        (FORM["Content-Type"], form(b"0123456789").partition(b"6")[0], "within its file"),
        (FORM["Content-Type"], form(b"x").replace(b"filename", b"filname"), "no file"),
        (FORM["Content-Type"], form(b"x").replace(b"CP1", b"x" * FORM_OVERHEAD), "too much"),
        (FORM["Content-Type"], form(b""), "single byte"),
    ],
)
async def test_a_form_that_cannot_be_read_keeps_nothing(
    world: World, charger: httpx.AsyncClient, kind: str, body: bytes, words: str
) -> None:
    link = await world.upload()
    answer = await charger.post(link.url, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert words in answer.json()["detail"]
    assert world.files() == []
    assert (await charger.post(link.url, content=form(b"x"), headers=FORM)).status_code == 201


@given(
    body=st.binary(max_size=400), start=st.sampled_from([b"", b"--" + BOUNDARY + b"\r\n", form(b"x")[:150]])
)
async def test_whatever_a_form_holds_it_is_read_or_refused(body: bytes, start: bytes) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": start + body}

    headers = [(b"content-type", FORM["Content-Type"].encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    try:
        found = b"".join([chunk async for chunk in Upload(request, 9)])
    except UploadUnreadable:
        return
    assert found in start + body


async def test_a_charger_that_goes_away_or_falls_silent_leaves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "artefacts", patience_s=0.2)
    link = await world.upload()
    async with served(world.app) as port:  # type: ignore[arg-type]
        path = link.url.removeprefix(ORIGIN)
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + bytes(5000))
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + bytes(5000))
        await writer.drain()
        writer.transport.abort()
        async with httpx.AsyncClient() as charger:
            url = f"http://127.0.0.1:{port}{path}"
            assert (await charger.put(url, content=b"whole")).status_code == 201
    assert world.files() == [b"whole"]


async def test_too_many_at_once_are_told_to_come_again(tmp_path: Path) -> None:
    world = World(tmp_path / "artefacts", most_uploads=1)
    one, two, half, go_on = await world.upload(), await world.upload(), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        half.set()
        await go_on.wait()

    async with world.client() as charger:
        first = asyncio.create_task(charger.put(one.url, content=slow()))
        await half.wait()
        answer = await charger.put(two.url, content=b"x")
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        go_on.set()
        assert (await first).status_code == 201
        assert (await charger.put(two.url, content=b"x")).status_code == 201


async def test_a_log_that_is_away_tells_nobody_that_it_is_stored(
    world: World, charger: httpx.AsyncClient
) -> None:
    link = await world.upload()

    async def away() -> AsyncIterator[bytes]:
        yield b"half"
        world.store.unavailable = True

    assert (await charger.put(link.url, content=away())).json()["code"] == "database_unavailable"
    world.store.unavailable = False
    assert (await charger.put(link.url, content=b"again")).status_code == 201
    assert await world.bytes_of(link.artefact) == b"again"


async def test_an_upload_begun_in_time_may_end_late(world: World, charger: httpx.AsyncClient) -> None:
    link = await world.upload()

    async def late() -> AsyncIterator[bytes]:
        yield b"first"
        world.now = world.now.replace(hour=20)
        yield b"last"

    assert (await charger.put(link.url, content=late())).status_code == 201
