"""Tenants founded and tokens issued from the command line, and the token that was shown opens the API."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.eventstore.store import open_store
from application import clock
from application.tenants import Directory, Holder, TokenDoor
from domain.catalogue import FACTS
from entrypoints.cli import app
from tests.adapters.http.fleet import project

Zeus = Callable[..., str]


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Zeus:
    """`zeus …` as typed, its exit code checked; what it wrote."""
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else " ".join(result.output.split())

    return run


def told(zeus: Zeus, *words: str) -> Any:
    return json.loads(zeus(*words, "--json"))


async def holder(dsn: str, token: str) -> Holder | None:
    """Whom a server of this database takes its bearer for."""
    store = open_store(dsn, FACTS)
    try:
        return await TokenDoor(store, Directory(store, "default")).holder(token, clock.now())
    finally:
        await store.close()


def holder_of(dsn: str, token: str) -> Holder | None:
    """From outside a loop."""
    return asyncio.run(holder(dsn, token))


def test_tenants_are_founded_listed_suspended_and_resumed(zeus: Zeus, postgres_dsn: str) -> None:
    assert "/ocpp/acme/<id>" in zeus("tenant", "add", "acme", "--name", "Acme Charging")
    assert "nothing was changed" in zeus("tenant", "add", "acme", code=1)
    assert "A slug is" in zeus("tenant", "add", "Acme!", code=1)
    assert "no tenant of this slug" in zeus("tenant", "suspend", "hera", code=1)
    assert "no tenant of this slug" in zeus("tenant", "resume", "hera", code=1)
    zeus("tenant", "suspend", "acme", "--reason", "late")
    project(postgres_dsn)
    listed = told(zeus, "tenant", "list")
    assert listed["default"] == "default"
    assert [(one["tenant"], one["name"], one["reason"]) for one in listed["tenants"]] == [
        ("acme", "Acme Charging", "late"),
        ("default", None, None),
    ]
    text = zeus("tenant", "list")
    assert "suspended (late)" in text
    assert "/ocpp/<id>" in text
    zeus("tenant", "resume", "acme")
    zeus("tenant", "suspend", "default")
    project(postgres_dsn)
    states = {one["tenant"]: one["suspended_at"] for one in told(zeus, "tenant", "list")["tenants"]}
    assert states["acme"] is None
    assert states["default"] is not None


def test_a_token_is_issued_listed_and_revoked(zeus: Zeus, postgres_dsn: str) -> None:
    zeus("tenant", "add", "acme")
    made = told(zeus, "token", "add", "ann", "--role", "tenant_admin", "--tenant", "acme", "--expires", "90d")
    found = holder_of(postgres_dsn, made["token"])
    assert found is not None
    assert (found.tenant, found.role, found.name) == ("acme", "tenant_admin", "ann")
    assert found.expires_at is not None
    assert 89 <= (found.expires_at - clock.now()).days < 90
    text = zeus("token", "add", "billing", "--role", "viewer")
    ours = holder_of(postgres_dsn, text.split()[-1])
    assert ours is not None
    assert (ours.tenant, ours.role, ours.expires_at) == ("default", "viewer", None)
    project(postgres_dsn)
    (row,) = told(zeus, "token", "list", "--tenant", "acme")["tokens"]
    assert (row["id"], row["state"]) == (made["id"], "active")
    assert row["last_seen_at"] is not None
    shown = zeus("token", "list")
    assert "billing" in shown
    assert "ann" not in shown
    assert "no API token" in zeus("token", "revoke", made["id"], code=1)
    zeus("token", "revoke", made["id"], "--tenant", "acme", "--reason", "laptop lost")
    assert holder_of(postgres_dsn, made["token"]) is None
    project(postgres_dsn)
    (row,) = told(zeus, "token", "list", "--tenant", "acme", "--state", "revoked")["tokens"]
    assert row["revoke_reason"] == "laptop lost"


def test_what_cannot_be_is_said_in_a_sentence(zeus: Zeus) -> None:
    assert "no tenant of this slug" in zeus("token", "add", "x", "--role", "viewer", "--tenant", "no", code=1)
    assert "printable" in zeus("token", "add", "a\nb", "--role", "viewer", code=1)
    assert "emperor" in zeus("token", "add", "x", "--role", "emperor", code=2)
    assert "no length of time" in zeus("token", "add", "x", "--role", "viewer", "--expires", "soon", code=2)
