"""`zeus privacy` as typed, on a log with a person in it."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.privacy.key_ring import KeyRing, PrivacyKeyWrong, read_key_file
from application.registry import Registry
from domain.chargers.events import TokenPresented
from domain.event import Told, events_of
from domain.identity import ChargerId, IdToken
from entrypoints.cli import app
from entrypoints.commands.opening import with_store
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from tests.adapters.http.fleet import project
from tests.projections.stories import START

CARD, LABEL = "C4N4RY04A2B9", "Canary Ann"
FRAME = f'[2,"1","Authorize",{{"idTag":"{CARD}"}}]'
Zeus = Callable[..., str]


@pytest.fixture
def zeus(postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zeus:
    """`zeus …`, its exit code checked; what it wrote."""
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


@pytest.fixture
def somebody(zeus: Zeus, postgres_dsn: str) -> str:
    """A registered card that was shown once."""

    async def seed(store: object) -> None:
        await Registry(store, "default", "user:ann").issue_token(IdToken(CARD), label=LABEL)  # type: ignore[arg-type]
        fact = TokenPresented(id_token=IdToken(CARD), verdict="accepted")
        told = Told(recorded_at=START, frame=FRAME)
        await store.append(events_of(ChargerId("default", "CP-1").stream, 0, [fact], told))  # type: ignore[attr-defined]

    with_store(seed)
    follow(postgres_dsn)
    return postgres_dsn


def follow(dsn: str) -> None:
    subjects = subjects_of(dsn, Settings())
    project(dsn, subjects)
    subjects.close()


def test_a_person_is_shown_exported_and_erased(zeus: Zeus, somebody: str) -> None:
    shown = json.loads(zeus("privacy", "show", CARD.lower(), "--json"))
    assert (shown["registered"], shown["presented"], shown["plain"]) == (True, 1, False)
    assert CARD in zeus("tag", "list", "--find", CARD)
    assert LABEL in zeus("tag", "list", "--find", "canary")
    export = json.loads(zeus("privacy", "export", CARD, "--reason", "asked for it"))
    assert export["id_token"] == CARD
    topics = [event["topic"] for event in export["events"]]
    assert topics == ["id_token.issued", "id_token.presented", "personal_data.read"]
    assert export["events"][0]["fact"]["label"] == LABEL
    said = zeus("privacy", "erase", CARD, "--legal-basis", "GDPR Art. 17")
    assert shown["ref"] in said
    follow(somebody)
    listed = zeus("tag", "list")
    assert f"erased:{shown['ref']}" in listed
    assert CARD not in listed
    assert LABEL not in listed
    assert "erased already" in " ".join(zeus("privacy", "show", CARD, code=1).split())
    told = zeus("replay", "CP-1", "--frames", "--reveal", "looking for it")
    assert CARD not in told
    assert shown["ref"] in told


def test_frames_in_a_replay_are_restored_on_record(zeus: Zeus, somebody: str) -> None:
    sealed = zeus("replay", "CP-1", "--frames")
    assert f"Token {CARD} was presented" in sealed
    assert FRAME not in sealed
    assert FRAME in zeus("replay", "CP-1", "--frames", "--reveal", "complaint 4711")
    with psycopg.connect(somebody) as connection:
        rows = connection.execute(
            "SELECT convert_from(state, 'utf8') FROM eventstore.stored_events WHERE topic = 'personal_data.read'"
        ).fetchall()
    assert len(rows) == 1
    assert "complaint 4711" in rows[0][0]


def test_the_key_is_turned(zeus: Zeus, somebody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = f"1:{base64.b64encode(b'k' * 32).decode()}"
    new = zeus("privacy", "new-key", "--version", "2").strip()
    monkeypatch.setenv("ZEUS_PRIVACY_KEY", f"{old},{new}")
    assert json.loads(zeus("privacy", "rewrap", "--json")) == {"rewrapped": 1}
    monkeypatch.setenv("ZEUS_PRIVACY_KEY", new)
    assert json.loads(zeus("privacy", "show", CARD, "--json"))["presented"] == 1


def test_another_key_is_refused_with_a_sentence(
    zeus: Zeus, somebody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEUS_PRIVACY_KEY", zeus("privacy", "new-key").strip())
    with pytest.raises(PrivacyKeyWrong, match="not the one that this database was filled with"):
        subjects_of(somebody, Settings())


def test_a_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "privacy-key"

    async def both() -> list[KeyRing]:
        return await asyncio.gather(*(asyncio.to_thread(read_key_file, path) for _ in range(8)))

    rings = asyncio.run(both())
    assert len({ring.fingerprint(1) for ring in rings}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["privacy-key"]
    path.write_text("nonsense")
    with pytest.raises(PrivacyKeyWrong, match="privacy-key"):
        read_key_file(path)
