"""`zeus alarms` and the board: what is open is seen, and somebody looks after it."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from domain.alarms.events import AlarmRaised, Severity
from domain.chargers.events import Registered
from entrypoints.cli import app
from tests.projections.stories import START, TENANT, Log, project, stream, told

Zeus = Callable[..., str]
NAME = f"{1:022x}"


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Zeus:
    """`zeus …` as typed, over a log with one critical and one mere alarm; the read models follow each command."""
    log = Log(postgres_dsn)
    log.tell((stream("CP1"), Registered(cpid="CP1", security_profile=0), told()))
    for n, severity in ((1, Severity.CRITICAL), (2, Severity.INFO)):
        raised = AlarmRaised(
            alarm_id=f"{n:022x}",
            kind=f"kind_{n}",
            severity=severity,
            words="Somebody opened it.",
            info="[red]\x1b[2J",
            source="charger/acme/CP1@1",
            at=START,
        )
        log.tell((f"alarms/{TENANT}/CP1", raised, told(n)))
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        project(postgres_dsn)
        return result.output

    return run


def kinds(zeus: Zeus, *words: str) -> list[str]:
    return [row["kind"] for row in json.loads(zeus("alarms", *words, "--json"))["alarms"]]


def test_an_alarm_is_seen_acknowledged_and_ended(zeus: Zeus) -> None:
    shown = zeus("alarms")
    assert "✖ critical CP1: kind_1" in shown
    assert "\x1b[2J" not in shown, "what a charger sends moves no cursor"
    assert kinds(zeus, "--severity", "critical") == ["kind_1"]
    assert json.loads(zeus("board", "--json"))["critical_alarms"] == 1
    assert "You look after" in zeus("alarms", "--ack", NAME, "--note", "on my way")
    assert kinds(zeus) == ["kind_2"]
    assert json.loads(zeus("board", "--json"))["critical_alarms"] == 0
    assert "on my way" in zeus("alarms", "--all")
    assert "is over" in zeus("alarms", "--ack", NAME, "--clear")
    assert "is over" in zeus("alarms", "--ack", NAME, code=1)
    assert kinds(zeus, "cp1", "--all") == ["kind_2", "kind_1"]


def test_what_cannot_be_asked_is_said(zeus: Zeus) -> None:
    assert "no alarm of this id" in zeus("alarms", "--ack", "f" * 22, code=1)
    assert "critical, warning or info" in zeus("alarms", "--severity", "loud", code=2)
