"""Chargers made known, described, put out of use and let in from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entrypoints.cli import app

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


def test_a_charger_is_added_with_its_card(zeus: Zeus, tmp_path: Path) -> None:
    card = tmp_path / "card.html"
    made = told(zeus, "charger", "add", "CP 1", "--name", "Gate", "--site", "s1", "--card", str(card))
    assert made["full_url"] == made["url"] + "/CP%201" == made["urls"]["full"]
    assert made["password_hex"] == made["charger"]["password"].encode().hex()
    assert card.stat().st_mode & 0o777 == 0o600
    page = card.read_text()
    assert made["charger"]["password"] in page
    assert "Gate · s1" in page
    again = told(zeus, "charger", "password", "CP 1")
    assert again["charger"]["password"] != made["charger"]["password"]
    assert "--network" in zeus("charger", "add", "OPEN", "--profile", "0", code=1)
    assert "10.20.0.0/16" in zeus("charger", "add", "OPEN", "--profile", "0", "--network", "ten", code=1)
    text = zeus("charger", "add", "OPEN", "--profile", "0", "--network", "10.20.0.0/16", "--hold")
    assert "/ocpp/OPEN" in text
    assert "Password" not in text
    assert "no length of time" in zeus("charger", "add", "X", "--auto-accept", "soon", code=2)
    assert "registered already" in zeus("charger", "add", "open", code=1)


def test_a_charger_of_another_tenant_gets_an_address_with_its_slug(zeus: Zeus, tmp_path: Path) -> None:
    assert "tenant" in zeus("charger", "add", "CP1", "--tenant", "acme", code=1)
    zeus("tenant", "add", "acme")
    card = tmp_path / "card.html"
    made = told(zeus, "charger", "add", "CP1", "--tenant", "acme", "--card", str(card))
    assert made["urls"]["path"] == "ocpp/acme"
    assert made["full_url"].endswith("/ocpp/acme/CP1")
    assert "/ocpp/acme" in card.read_text()
    ours = told(zeus, "charger", "add", "CP1")
    assert ours["full_url"].endswith("/ocpp/CP1"), (
        "the same id at the tenant of the settings is another charger"
    )


def test_a_charger_is_described_and_put_out_of_use(zeus: Zeus) -> None:
    zeus("charger", "add", "CP1", "--auto-accept", "2h")
    described = told(zeus, "charger", "describe", "cp1", "--name", "Gate", "--profile", "2")
    assert (described["name"], described["security_profile"], described["state"]) == ("Gate", 2, "active")
    assert "say why" in zeus("charger", "describe", "CP1", "--profile", "1", code=1)
    weaker = told(zeus, "charger", "describe", "CP1", "--profile", "1", "--downgrade-reason", "VPN")
    assert weaker["revision"] > described["revision"]
    assert told(zeus, "charger", "disable", "CP1", "--reason", "cut")["state"] == "disabled"
    assert "may connect" in zeus("charger", "enable", "CP1")
    assert told(zeus, "charger", "accept", "CP1") == {"cpid": "CP1", "acceptance": "Accepted"}
    assert "is retired" in zeus("charger", "retire", "CP1")
    assert "registers its id anew" in zeus("charger", "enable", "CP1", code=1)
    assert "No charger" in zeus("charger", "disable", "CP2", code=1)
    assert told(zeus, "charger", "add", "CP1")["charger"]["cpid"] == "CP1"


def test_an_upgrade_is_refused_with_what_is_lacking_and_shown(zeus: Zeus) -> None:
    zeus("charger", "add", "CP1")
    shown = told(zeus, "charger", "upgrade", "CP1")
    assert (shown["security_profile"], shown["state"], shown["wanted"]) == (1, "none", None)
    assert "never connected" in zeus("charger", "upgrade", "CP1", "--profile", "2", code=1)
    assert "with a reason" in zeus("charger", "upgrade", "CP1", "--profile", "1", code=1)
    assert "not being led" in zeus("charger", "upgrade", "CP1", "--cancel", code=1)
    assert "No charger" in zeus("charger", "upgrade", "CP2", "--profile", "2", code=1)
    assert "No charger" in zeus("charger", "upgrade", "CP2", code=1)


def test_a_window_is_opened_shown_and_closed(zeus: Zeus) -> None:
    assert "No window is open" in zeus("window", "show")
    opened = told(zeus, "window", "open", "BENY-*", "--for", "90m", "--most", "3", "--profile", "1")
    assert (opened["open"], opened["left"], opened["pattern"]) == (True, 3, "BENY-*")
    assert "3 more may" in zeus("window", "show")
    assert "open already" in zeus("window", "open", "*", code=1)
    assert told(zeus, "window", "close")["open"] is False
    assert "No window is open" in zeus("window", "close", code=1)
    assert "at most 24 hours" in zeus("window", "open", "*", "--for", "2d", code=1)
    assert "Whoever knocks" in zeus("window", "open", "*", "--profile", "0", "--network", "10.20.0.0/16")
