"""Artefacts when others write too, when the log falls silent, and when somebody makes up tokens and names."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.artefacts.local_disk import LocalDisk
from application.artefact_links import LinkId, LinkSigner
from application.artefact_names import LONGEST, display_name, url_name
from application.artefact_shelf import REMEMBERED, Shelf
from application.artefacts import Artefacts, ArtefactSettings, Content, ExpiryPassed, SignedUrl
from application.blobs import BlobStoreUnavailable
from application.ports import StoreUnavailable
from domain.artefacts.artefact import ArtefactUnknown, LinkUnusable
from domain.artefacts.events import Fetched, Kind, Purpose, Released, Stored, Withdrawn
from domain.event import Told
from tests.fakes.staged_store import StagedEventStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = NOON + timedelta(hours=1)
TOLD = Told(recorded_at=NOON)

ids = st.binary(min_size=11, max_size=11).map(bytes.hex)
links = st.builds(LinkId, ids, ids)


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.fixture
def store() -> StagedEventStore:
    """Empty."""
    return StagedEventStore()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalDisk:
    """Empty."""
    return LocalDisk(tmp_path)


@pytest.fixture
def artefacts(store: StagedEventStore, blobs: LocalDisk) -> Artefacts:
    """Of tenant `t`, at noon."""
    settings = ArtefactSettings(tenant="t", public_url="https://zeus.example/")
    return Artefacts(store, blobs, b"secret", settings, lambda: NOON)


def token_of(link: SignedUrl) -> str:
    return urlsplit(link.url).path.split("/")[2]


def stream_of(link: SignedUrl | Content) -> str:
    return f"artefact/t/{link.artefact}"


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


async def stored(artefacts: Artefacts, body: bytes = b"0123456789") -> Content:
    return await artefacts.store_firmware(chunks(body), lambda: "fw.bin", actor="user:ann")


async def test_another_process_may_take_the_upload_first(
    artefacts: Artefacts, store: StagedEventStore, tmp_path: Path
) -> None:
    link = await artefacts.link_for_upload("CP1", expires_at=SOON)
    slot = await artefacts.open_upload(token_of(link))
    theirs = Stored(name="x", kind=Kind.UPLOAD, size_bytes=1, sha256="", blob="b", link=link.link)
    store.before.append(lambda: store.intrude(stream_of(link), theirs, TOLD))
    with pytest.raises(LinkUnusable):
        await artefacts.take_upload(slot, chunks(b"ours"), name=lambda: "log")
    assert files(tmp_path) == []


async def test_pieces_noted_elsewhere_at_the_same_moment_all_count(
    artefacts: Artefacts, store: StagedEventStore
) -> None:
    firmware = await stored(artefacts)
    link = await artefacts.link_for_download(firmware.artefact, "CP1", expires_at=SOON)
    content = await artefacts.open_download(token_of(link))
    theirs = Fetched(link=link.link, offset=0, length=6)
    store.before.append(lambda: store.intrude(stream_of(link), theirs, TOLD))
    await artefacts.note_sent(content, 6, 4, "")
    assert store.log[-1].event.fact == Fetched(link=link.link, offset=6, length=4, complete=True)
    with pytest.raises(LinkUnusable):
        await artefacts.open_download(token_of(link))


async def test_what_was_stored_although_nobody_heard_it_is_found_again(
    artefacts: Artefacts, store: StagedEventStore
) -> None:
    link = await artefacts.link_for_upload("CP1", expires_at=SOON)
    slot = await artefacts.open_upload(token_of(link))
    store.answers_lost = 1
    with pytest.raises(StoreUnavailable):
        await artefacts.take_upload(slot, chunks(b"log"), name=lambda: "log")
    content = await artefacts.read(link.artefact)
    assert b"".join([piece async for piece in artefacts.bytes_of(content, 0, 3)]) == b"log"


async def test_a_file_withdrawn_while_it_is_fetched_breaks_off(
    artefacts: Artefacts, store: StagedEventStore
) -> None:
    firmware = await stored(artefacts)
    link = await artefacts.link_for_download(firmware.artefact, "CP1", expires_at=SOON)
    content = await artefacts.open_download(token_of(link))
    await store.intrude(stream_of(link), Withdrawn("faulty"), TOLD)
    with pytest.raises(ArtefactUnknown):
        await artefacts.note_sent(content, 0, 10, "")


async def test_withdrawing_what_could_not_be_deleted_is_done_by_withdrawing_again(
    artefacts: Artefacts, blobs: LocalDisk, tmp_path: Path
) -> None:
    firmware = await stored(artefacts)
    (file,) = files(tmp_path)
    moved = file.rename(tmp_path / "moved")
    file.mkdir()
    with pytest.raises(BlobStoreUnavailable):
        await artefacts.withdraw(firmware.artefact, "old", actor="user:ann")
    file.rmdir()
    moved.rename(file)
    await artefacts.withdraw(firmware.artefact, "old", actor="user:ann")
    assert files(tmp_path) == []


async def test_links_are_for_the_future_and_for_something(artefacts: Artefacts) -> None:
    firmware = await stored(artefacts)
    for moment in (NOON, NOON - timedelta(days=1), SOON.replace(tzinfo=None)):
        with pytest.raises(ExpiryPassed):
            await artefacts.link_for_download(firmware.artefact, "CP1", expires_at=moment)
        with pytest.raises(ExpiryPassed):
            await artefacts.link_for_upload("CP1", expires_at=moment)
    with pytest.raises(ExpiryPassed):
        await artefacts.link_for_download(firmware.artefact, "CP1", expires_at=SOON, fetches=0)
    upload = await artefacts.link_for_upload("CP1", expires_at=SOON, name="a b.log")
    assert upload.url.startswith("https://zeus.example/artefacts/")
    assert upload.url.endswith("/a_b.log")
    for nothing in (upload.artefact, "0" * 22, "../x", ""):
        with pytest.raises(ArtefactUnknown):
            await artefacts.link_for_download(nothing, "CP1", expires_at=SOON)


async def test_a_url_is_not_shown_by_accident(artefacts: Artefacts, store: StagedEventStore) -> None:
    link = await artefacts.link_for_upload("CP1", expires_at=SOON)
    assert token_of(link) not in f"{link} {link!r} {store.log}"
    assert link.link in repr(link)


async def test_memory_holds_the_artefacts_in_use_alone(store: StagedEventStore) -> None:
    shelf = Shelf(store, "t")
    fact = Released(link="l", charger="C", purpose=Purpose.UPLOAD, expires_at=SOON)
    names = [f"{n:022x}" for n in range(REMEMBERED + 5)]
    for name in names:
        await shelf.change(name, lambda state: state.release(fact), TOLD)
        assert (await shelf.artefact(name)).version == 1
    assert (await shelf.artefact(names[0])).version == 1
    assert len(shelf) == REMEMBERED


@given(what=links)
def test_a_token_opens_what_it_was_made_for(what: LinkId) -> None:
    assert LinkSigner(b"s", "t").read(LinkSigner(b"s", "t").token(what)) == what
    for other in (LinkSigner(b"other", "t"), LinkSigner(b"s", "u")):
        with pytest.raises(LinkUnusable):
            other.read(LinkSigner(b"s", "t").token(what))


@given(what=links, at=st.integers(0, 65), sign=st.characters())
def test_a_token_with_one_sign_changed_opens_nothing(what: LinkId, at: int, sign: str) -> None:
    signer = LinkSigner(b"s", "t")
    token = signer.token(what)
    changed = token[:at] + sign + token[at + 1 :]
    if changed != token:
        with pytest.raises(LinkUnusable):
            signer.read(changed)


@given(text=st.text())
def test_any_text_opens_nothing(text: str) -> None:
    with pytest.raises(LinkUnusable):
        LinkSigner(b"s", "t").read(text)


@given(told=st.text() | st.text(alphabet="./\\ab \x00é"))
def test_names_are_never_paths(told: str) -> None:
    shown = display_name(told)
    assert 0 < len(shown) <= LONGEST
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    assert shown.strip(".")
    name = url_name(told)
    assert name.strip("._")
    assert len(name) <= LONGEST
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
