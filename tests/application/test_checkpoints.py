"""When a checkpoint is made, by which keys, where it goes, and when none is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.audit.publishing import DirectoryPlace
from adapters.audit.signing import (
    KeyFiles,
    SigningKey,
    SigningKeyWrong,
    make_key,
    read_signing_key,
    verify_ed25519,
)
from application import clock
from application.audit import (
    Checkpoints,
    Head,
    LogRewritten,
    NoSigningKey,
    NotPublished,
    Published,
    change_keys,
)
from domain.audit.checkpoint import Checkpoint, read_checkpoint
from domain.audit.events import CheckpointPublished
from domain.audit.keys import KeyUnknown, LastKey
from domain.audit.notes import NoteUnreadable, read_key, read_note
from tests.fakes.event_store import InMemoryEventStore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Log:
    """A log of which only the tree is known."""

    def __init__(self, store: InMemoryEventStore) -> None:
        self._store = store
        self.rewritten = False

    def newest(self) -> Published | None:
        found = [one for one in self._store.log if isinstance(one.event.fact, CheckpointPublished)]
        if not found:
            return None
        event = found[-1].event
        fact = event.fact
        assert isinstance(fact, CheckpointPublished)
        return Published(found[-1].position, event.originator_version, event.told.recorded_at, fact)

    def head(self, before: int) -> Head:
        size = len(self._store.log)
        return Head(size, self.root(size), bytes(32) if self.rewritten else self.root(before))

    @staticmethod
    def root(size: int) -> bytes:
        return size.to_bytes(32, "big")


class Broken:
    """A place that takes nothing."""

    name = "nowhere"

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        raise NotPublished("the disk is full")


class Office:
    """An installation, its clock and its keys."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = InMemoryEventStore()
        self.log = Log(self.store)
        self.key = make_key("zeus.example/log")
        self.keys: list[SigningKey] = [self.key]
        self.directory = directory
        self.now = NOON
        monkeypatch.setattr(clock, "now", lambda: self.now)

    async def publish(self, every: timedelta | None = None) -> CheckpointPublished | None:
        signers = [key.signer for key in self.keys]
        maker = Checkpoints(self.store, "t", self.log, signers, [DirectoryPlace(self.directory), Broken()])
        return await maker.publish("job:audit", every=every)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Nothing in the log."""
    return Office(tmp_path / "out", monkeypatch)


async def test_a_checkpoint_is_signed_recorded_and_given_away(office: Office) -> None:
    made = await office.publish()
    assert made is not None
    assert (made.origin, made.size, made.root) == ("zeus.example/log", 1, Log.root(1).hex())
    assert made.published == (str(office.directory),)
    assert made.failed == ("nowhere: the disk is full",)
    note = read_note(made.note)
    assert note.signed_by([office.key.public], verify_ed25519) == [office.key.public]
    assert read_checkpoint(note.text) == Checkpoint("zeus.example/log", 1, Log.root(1))
    for name in ("checkpoint-000000000001.txt", "checkpoint.txt"):
        assert (office.directory / name).read_text() == made.note


async def test_the_clock_makes_one_an_hour_where_something_happens_and_one_a_day_where_nothing_does(
    office: Office,
) -> None:
    assert await office.publish(HOUR)
    office.now += HOUR / 2
    assert await office.publish(HOUR) is None
    office.now += HOUR
    assert await office.publish(HOUR) is None  # the record of the first one is no news
    office.now += timedelta(days=1)
    assert await office.publish(HOUR)
    await change_keys(
        office.store, "t", lambda keys: keys.adopt(make_key("zeus.example/log").public), "user:ann"
    )
    office.now += HOUR
    made = await office.publish(HOUR)
    assert made is not None
    assert made.size == 4


async def test_no_checkpoint_is_made_over_a_log_that_was_changed(office: Office) -> None:
    await office.publish()
    office.log.rewritten = True
    with pytest.raises(LogRewritten):
        await office.publish()


async def test_keys_overlap_until_the_old_one_is_retired(office: Office) -> None:
    await office.publish()
    new = make_key("zeus.example/log")
    office.keys.append(new)
    made = await office.publish()
    assert made is not None
    both = [office.key.public, new.public]
    assert read_note(made.note).signed_by(both, verify_ed25519) == both
    await change_keys(office.store, "t", lambda keys: keys.retire(both[0].id, "old"), "user:ann")
    made = await office.publish()
    assert made is not None
    assert read_note(made.note).signed_by(both, verify_ed25519) == [new.public]
    with pytest.raises(LastKey):
        await change_keys(office.store, "t", lambda keys: keys.retire(new.public.id, ""), "user:ann")
    with pytest.raises(KeyUnknown):
        await change_keys(office.store, "t", lambda keys: keys.retire("x+00", ""), "user:ann")
    office.keys = [office.key]
    with pytest.raises(NoSigningKey):
        await office.publish()
    office.keys = [new, make_key("hera.example/log")]
    with pytest.raises(NoSigningKey, match="different logs"):
        await office.publish()


def test_a_key_is_kept_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    files, key = KeyFiles(tmp_path / "keys"), make_key()
    path = files.add(key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    (kept,) = files.keys()
    assert kept.public == key.public
    assert kept.encoded == key.encoded
    assert read_key(key.public.encoded) == key.public
    assert files.remove(key.public)
    assert not files.remove(key.public)
    for text in ("", "PRIVATE+KEY+a+00000000+AAAA", key.encoded[:-2], key.public.encoded):
        with pytest.raises(SigningKeyWrong):
            read_signing_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n\n",
        "a\n\n— b\n",
        "a\n\n— b AAAA\n",
        "a\n\n- b AAAAAAAAAAA=\n",
        "a\n\n— b AAAAAAAAAAA=",
        "a\n\n— b !\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteUnreadable):
        read_note(text)


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n-1\nAA==\n", "a\n01\n" + "A" * 43 + "=\n", "a\nx\n\n", "\n1\n" + "A" * 43 + "=\n"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteUnreadable):
        read_checkpoint(text)


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AQ==", "+00000000+AAAA", "a+0+!"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteUnreadable):
        read_key(text)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    place, checkpoint = DirectoryPlace(tmp_path), Checkpoint("a", 5, bytes(32))
    for note in ("first", "first", "second"):
        place.publish(checkpoint, note)
    assert (tmp_path / "checkpoint-000000000005.txt").read_text() == "first"
    assert len(list(tmp_path.glob("checkpoint-000000000005-*.txt"))) == 1
    (tmp_path / "file").touch()
    with pytest.raises(NotPublished):
        DirectoryPlace(tmp_path / "file").publish(checkpoint, "x")
