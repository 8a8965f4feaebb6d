"""`zeus webhook` and `zeus watch`, as typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.live.places import SIGNS
from domain.chargers.events import Registered, StatusReported
from entrypoints.cli import app
from tests.projections.stories import TENANT, Log, project, stream, told

Zeus = Callable[..., str]


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """Over a log with a charger that reported twice; the read models follow each command."""
    log = Log(postgres_dsn)
    log.tell((stream("CP1"), Registered(cpid="CP1", security_profile=0), told()))
    for n, info in enumerate(("[red]\x1b[2J", "second")):
        fact = StatusReported(evse_id=1, connector_id=1, status="Available", info=info)
        log.tell((stream("CP1"), fact, told(n)))
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        project(postgres_dsn)
        return result.output

    return run


def test_the_log_is_followed_in_words_and_as_json(zeus: Zeus) -> None:
    shown = zeus("watch", "--after", "beginning", "--count", "3")
    assert "charger.provisioned" in shown
    assert "CP1/1" in shown
    assert "\x1b[2J" not in shown, "what a charger sends moves no cursor"
    lines = [
        json.loads(line)
        for line in zeus("watch", "--after", "beginning", "--count", "3", "--json").splitlines()
    ]
    assert [line["type"] for line in lines] == ["charger.provisioned", *["connector.status_changed"] * 2]
    assert len(lines[1]["id"]) == SIGNS
    again = zeus("watch", "cp1", "--after", lines[1]["id"], "--count", "1", "--json", "-t", "connector.*")
    assert json.loads(again) == lines[2]


def test_what_cannot_be_followed_is_refused_in_a_sentence(zeus: Zeus) -> None:
    assert "no place of yours" in zeus("watch", "--after", "nonsense", code=1)
    assert "no message `no.such`" in zeus("watch", "-t", "no.such", code=1)
    zeus("watch", "--meter", "some", code=2)


def test_a_webhook_lives_and_ends(zeus: Zeus) -> None:
    made = json.loads(
        zeus("webhook", "add", "https://a.invalid/x", "-t", "session.*", "--name", "a", "--json")
    )
    assert made["secret"].startswith("whsec_")
    assert "a.invalid" in zeus("webhook", "list")
    zeus("webhook", "pause", made["id"], "--reason", "a while")
    (row,) = json.loads(zeus("webhook", "list", "--json"))["webhooks"]
    assert (row["condition"], row["reason"], row["types"]) == ("paused", "a while", ["session.*"])
    zeus("webhook", "resume", made["id"])
    turned = json.loads(zeus("webhook", "rotate", made["id"], "--json"))
    assert turned["secret"] != made["secret"]
    found = json.loads(zeus("webhook", "show", made["id"], "--json"))
    assert (found["webhook"]["generation"], found["deliveries"]) == (2, [])
    assert "Not taken" in zeus("webhook", "test", made["id"], code=1)
    zeus("webhook", "remove", made["id"])
    assert json.loads(zeus("webhook", "list", "--json"))["webhooks"] == []
    assert "no webhook of this id" in zeus("webhook", "resume", made["id"], code=1)


def test_an_address_that_will_not_do_is_refused(zeus: Zeus) -> None:
    assert "HTTPS" in zeus("webhook", "add", "http://a.example/", code=1)
    assert "no message" in zeus("webhook", "add", "https://a.example/", "-t", "nothing", code=1)
