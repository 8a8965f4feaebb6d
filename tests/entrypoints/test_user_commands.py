"""The first tenant and the first admin from the command line; what was shown opens, and what was ended does not."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.eventstore.store import open_store
from domain.catalogue import FACTS
from entrypoints.cli import app
from entrypoints.database import people_keys
from entrypoints.people import open_book, open_passwords
from entrypoints.settings import Settings
from tests.adapters.http.fleet import project

Zeus = Callable[..., str]
PASSWORD = "tie-marble-lagoon-7"


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """`zeus …` as typed, its exit code checked; what it wrote."""
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str, code: int = 0, typed: str = "") -> str:
        result = CliRunner().invoke(app, words, input=typed, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else " ".join(result.output.split())

    return run


def told(zeus: Zeus, *words: str) -> Any:
    return json.loads(zeus(*words, "--json"))


def right_password(dsn: str, tenant: str, login: str, password: str) -> bool:
    """As a server of this database sees it."""

    async def run() -> bool:
        store = open_store(dsn, FACTS)
        settings = Settings()
        passwords, hashes = open_passwords(settings)
        book = open_book(store, settings)
        try:
            person = await book.load(tenant, (await book.login(tenant, login)).user_id)
            return (await passwords.check(person, password)).good
        finally:
            hashes.close()
            await store.close()

    return asyncio.run(run())


def test_the_first_admin_of_the_first_tenant(zeus: Zeus, postgres_dsn: str) -> None:
    zeus("tenant", "add", "acme")
    assert "no tenant of this slug" in zeus(
        "user", "add", "ann", "--role", "viewer", "--tenant", "hera", code=1
    )
    made = told(zeus, "user", "add", "ann@acme.example", "--role", "tenant_admin", "--tenant", "acme")
    assert made["invitation"].startswith(f"zeusinvite_acme-{made['id']}_")
    again = zeus("user", "add", "ANN@acme.example", "--role", "viewer", "--tenant", "acme", code=1)
    assert "has this login already" in again
    assert "1 to 100 printable" in zeus("user", "add", "a b", "--role", "viewer", code=1)
    words = zeus(
        "user", "password", "ann@acme.example", "--tenant", "acme", typed=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert PASSWORD not in words
    assert right_password(postgres_dsn, "acme", "ann@acme.example", PASSWORD)
    assert not right_password(postgres_dsn, "acme", "ann@acme.example", PASSWORD + "x")
    assert not right_password(postgres_dsn, "default", "ann@acme.example", PASSWORD)
    common = zeus(
        "user", "password", made["id"], "--tenant", "acme", typed="password1234\npassword1234\n", code=1
    )
    assert "among the first that attackers try" in common
    assert "Nobody else could administer" in zeus("user", "disable", made["id"], "--tenant", "acme", code=1)
    zeus("user", "add", "bob", "--role", "operator", "--tenant", "acme")
    zeus("user", "role", "bob", "viewer", "--tenant", "acme", "--reason", "moved")
    zeus("user", "disable", "bob", "--tenant", "acme", "--reason", "left")
    project(postgres_dsn)
    users = told(zeus, "user", "list", "--tenant", "acme")["users"]
    assert [(one["login"], one["role"], one["state"], one["reason"]) for one in users] == [
        ("bob", "viewer", "disabled", "left"),
        ("ann@acme.example", "tenant_admin", "active", None),
    ]
    assert "ann@acme.example" in zeus("user", "list", "--tenant", "acme", "--state", "active")
    assert told(zeus, "user", "list")["users"] == []
    zeus("user", "enable", "bob", "--tenant", "acme")
    zeus("user", "totp-reset", "bob", "--tenant", "acme")
    zeus("user", "sign-out", "bob", "--tenant", "acme")
    assert "bob is invited" in zeus("user", "invite", "bob", "--tenant", "acme")
    zeus("user", "erase", "bob", "--tenant", "acme", code=1)
    zeus("user", "erase", "bob", "--tenant", "acme", "--yes", "--reason", "asked")
    assert "nobody of this id or login" in zeus("user", "enable", "bob", "--tenant", "acme", code=1)


def test_nothing_that_proves_a_person_is_in_the_database(zeus: Zeus, postgres_dsn: str) -> None:
    made = told(zeus, "user", "add", "ann", "--role", "viewer")
    zeus("user", "password", "ann", typed=f"{PASSWORD}\n{PASSWORD}\n")
    secret = made["invitation"].split("_", 2)[2]
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT convert_from(state, 'UTF8') FROM eventstore.stored_events"
        ).fetchall()
        streams = connection.execute("SELECT originator_id FROM eventstore.stored_events").fetchall()
    text = str(rows)
    assert made["id"] in text
    assert not [one for one in (secret, PASSWORD, "argon2") if one in text]
    assert "ann" not in str(streams)


def test_keys_are_made_once_kept_apart_and_may_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))
    (made,) = people_keys(Settings())
    assert people_keys(Settings()) == [made]
    assert (tmp_path / "people-key").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("ZEUS_PEOPLE_KEY", f"{'n' * 32}, {'o' * 32}")
    assert people_keys(Settings()) == [b"n" * 32, b"o" * 32]
    monkeypatch.setenv("ZEUS_PEOPLE_KEY", f"{'n' * 32},short")
    with pytest.raises(ValueError, match="32 characters"):
        Settings()


def test_a_key_that_is_gone_is_told(zeus: Zeus, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zeus("user", "add", "ann", "--role", "viewer")
    monkeypatch.setenv("ZEUS_PEOPLE_KEY", "x" * 32)
    assert "nobody of this id or login" in zeus("user", "disable", "ann", code=1)
