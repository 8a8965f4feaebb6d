"""`zeus audit` and `zeus meter-key` on a log: what they say, what they refuse, and with which exit code."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.eventstore.store import open_store
from domain.catalogue import FACTS
from entrypoints.cli import app
from tests.adapters.http.fleet import project
from tests.signed_site import Site


class Terminal:
    """Somebody types."""

    def __init__(self, dsn: str, directory: Path) -> None:
        self.dsn, self.directory = dsn, directory

    def zeus(self, *words: str, code: int = 0) -> str:
        """What `zeus …` says, its exit code checked."""
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else " ".join(result.output.split())

    def do(self, statement: str) -> None:
        """What somebody does who may do everything."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute("SET session_replication_role = replica")  # nothing less gets past the trigger
            connection.execute(statement.encode())


@pytest.fixture
def terminal(postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A log with a session whose signed values wait for a key."""
    for name, value in (
        ("DATABASE_URL", postgres_dsn),
        ("ZEUS_DATA_DIR", str(tmp_path)),
        ("ZEUS_TENANT", "t"),
    ):
        monkeypatch.setenv(name, value)

    async def fill() -> None:
        site = await Site().open()
        await site.session_16(*site.meter.session())
        store = open_store(postgres_dsn, FACTS)
        for recorded in site.store.log:
            await store.append([recorded.event])
        await store.close()

    asyncio.run(fill())
    project(postgres_dsn)
    return Terminal(postgres_dsn, tmp_path)


def test_a_log_is_sealed_signed_verified_and_found_out(terminal: Terminal) -> None:
    zeus = terminal.zeus
    assert "No checkpoint yet" in zeus("audit", "status")
    assert "No key yet" in zeus("audit", "key", "list")
    made = json.loads(zeus("audit", "checkpoint", "--json"))
    published = Path(made["published"][0])
    assert json.loads(zeus("audit", "status", "--json"))["checkpoint_events"] == made["size"]
    (key,) = json.loads(zeus("audit", "key", "list", "--json"))["keys"]
    assert key["signs"]
    assert key["private_key_here"]
    assert zeus("audit", "checkpoint", "--note").startswith(f"{made['origin']}\n")
    first = published / f"checkpoint-{made['size']:012d}.txt"
    told = zeus(
        "audit", "verify", "--against", str(published), "--since", str(first), "--key", key["verifier_key"]
    )
    assert "The log is what it was at" in told
    assert "does not exist" in zeus("audit", "verify", "--against", str(published / "none"), code=1)
    rubbish = terminal.directory / "rubbish.txt"
    rubbish.write_text("no note")
    assert "is no checkpoint" in zeus("audit", "verify", "--since", str(rubbish), code=1)
    assert "verifier key" in zeus("audit", "verify", "--key", "nonsense", code=1)
    terminal.do("UPDATE eventstore.stored_events SET topic = 'x' WHERE notification_id = 2")
    verdict = CliRunner().invoke(app, ["audit", "verify", "--json"], catch_exceptions=False)
    assert verdict.exit_code == 1
    assert ["changed", 2] in [
        [kind, position] for kind, _, position in json.loads(verdict.stdout)["findings"]
    ]


def test_keys_are_rotated_with_an_overlap(terminal: Terminal) -> None:
    zeus = terminal.zeus
    zeus("audit", "checkpoint")
    (old,) = json.loads(zeus("audit", "key", "list", "--json"))["keys"]
    assert "only key that signs" in zeus("audit", "key", "retire", old["id"], code=1)
    zeus("audit", "key", "rotate")
    assert zeus("audit", "checkpoint", "--note").count("\n— ") == 2
    assert "private half is destroyed" in zeus("audit", "key", "retire", old["id"], "--reason", "yearly")
    assert zeus("audit", "checkpoint", "--note").count("\n— ") == 1
    assert "The log is what it was at 3 checkpoints" in zeus("audit", "verify")
    assert "No key with this id" in zeus("audit", "key", "retire", "x", code=1)


def test_what_cannot_be_exported_is_said_in_a_sentence(terminal: Terminal) -> None:
    zeus = terminal.zeus
    assert "either --session or --charger" in zeus("audit", "export", code=1)
    assert "There is no session" in zeus("audit", "export", "--session", "a" * 16, code=1)
    assert "holds nothing of charger CP9" in zeus("audit", "export", "--charger", "CP9", code=1)
    out = terminal.directory / "all.zip"
    made = json.loads(zeus("audit", "export", "--charger", "cp1", "--out", str(out), "--json"))
    assert out.exists()
    assert made["bundle"]["subject"] == "charger CP1"
    with psycopg.connect(terminal.dsn) as connection:
        row = connection.execute(
            "SELECT convert_from(state, 'UTF8')::jsonb -> 'fact' ->> 'sha256' FROM eventstore.stored_events "
            "WHERE topic = 'audit.bundle_exported'"
        ).fetchone()
    assert row == (made["bundle"]["sha256"],)


def test_keys_of_meters_are_registered_listed_and_withdrawn(terminal: Terminal) -> None:
    zeus, meter = terminal.zeus, Site().meter
    assert "1 sessions wait for one" in zeus("meter-key", "list", "CP1")
    file = terminal.directory / "meter.hex"
    file.write_text(meter.public + "\n")
    assert "is registered" in zeus("meter-key", "add", "cp1", str(file), "--meter", "M-1")
    (key,) = json.loads(zeus("meter-key", "list", "CP1", "--json"))["keys"]
    assert key["curve"] == "secp256r1"
    assert key["id"] in zeus("meter-key", "list", "CP1")
    zeus("meter-key", "withdraw", "CP1", key["id"], "--reason", "exchanged")
    assert "withdrawn" in zeus("meter-key", "list", "CP1")
    assert "no public key of a meter" in zeus("meter-key", "add", "CP1", "rubbish", code=1)
    assert "has no key" in zeus("meter-key", "withdraw", "CP1", "0" * 16, code=1)
    for words in (("list", "NONE"), ("add", "NONE", meter.public), ("withdraw", "NONE", "0" * 16)):
        assert "No charger NONE is registered" in zeus("meter-key", *words, code=1)
