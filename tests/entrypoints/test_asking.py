"""`zeus ask` and `zeus commands` without a server: what can be typed, what is refused, what is shown of the past."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.chargers import events as charger
from domain.commands import events as command
from domain.commands.intent import Answer, Verdict
from domain.commands.intents import INTENTS
from domain.commands.upkeep import Reset
from domain.event import Told
from entrypoints.cli import app
from tests.projections.stories import START, TENANT, Log, project, stream, told

Zeus = Callable[..., str]
STREAM = f"command/{TENANT}/01abc"
SENT = '[2,"01abc","Reset",{"type":"Hard"}]'
REPLY = '[3,"01abc",{"status":"Accepted"}]'


@pytest.fixture(scope="module")
def asked_dsn(module_postgres_dsn: str) -> str:
    """One charger that is away, and one that is gone with its server; one command of the past."""
    log = Log(module_postgres_dsn)
    bare = Told(recorded_at=START, actor="user:ada")
    until = START + timedelta(seconds=30)
    log.tell(
        (stream("CP1"), charger.Registered(cpid="CP1", security_profile=0), bare),
        (stream("CP2"), charger.Registered(cpid="CP2", security_profile=0), bare),
        (
            stream("CP2"),
            charger.Connected(connection="c2", gateway="gone", protocol="1.6", security_profile=0),
            bare,
        ),
        (
            STREAM,
            command.Requested(
                charger="CP1", intent=Reset(hard=True), send_before=until, answer_within_s=30, reason="stuck"
            ),
            bare,
        ),
        (
            STREAM,
            command.Sent(
                charger="CP1",
                action="Reset",
                message_id="01abc",
                connection="c",
                gateway="g",
                answer_before=until,
            ),
            Told(recorded_at=START, actor="user:ada", frame=SENT),
        ),
        (
            STREAM,
            command.Answered(
                charger="CP1", answer=Answer(verdict=Verdict.AGREED, status="Accepted"), latency_ms=12
            ),
            told(0, frame=REPLY),
        ),
        (
            STREAM,
            command.EffectObserved(charger="CP1", effect="the charger booted", event="e@1", after_s=4.5),
            bare,
        ),
    )
    project(module_postgres_dsn)
    return module_postgres_dsn


@pytest.fixture
def zeus(asked_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """`zeus …` as typed, its exit code checked; everything it said, in one line."""
    monkeypatch.setenv("DATABASE_URL", asked_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else " ".join(result.output.split())

    return run


def test_what_can_be_asked_is_listed_with_its_parameters(zeus: Zeus) -> None:
    lines = zeus("ask", "CP1", "help").splitlines()
    assert len(lines) == len(INTENTS) + 1
    assert any(line.startswith("RemoteStart\tStart a transaction") and "id_token" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("NOBODY", "ClearCache"), "No charger 'NOBODY' is registered"),
        (("a:b", "ClearCache"), "cannot be a charger's id"),
        (("CP1", "ClearCache"), "not connected. Nothing was sent and nothing is kept for later"),
        (("CP1", "Explode"), "There is no intent 'Explode'"),
        (("CP1", "Reset", "hard"), "'hard' is no parameter: write name=value"),
        (("CP1", "Reset", "gently=true"), "Reset has no parameter 'gently'; it has: hard, evse_id, resume"),
        (("CP1", "Reset", "hard=perhaps"), "Reset does not fit"),
        (("CP1", "Reset", "{", "--raw"), "The payload is not JSON"),
        (("CP1", "Reset", "[1]", "--raw"), "a JSON object"),
        (("CP2", "ClearCache"), "not connected"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_records_nothing(
    zeus: Zeus, words: tuple[str, ...], said: str
) -> None:
    before = zeus("commands", "--json")
    assert said in zeus("ask", *words, code=1)
    assert zeus("commands", "--json") == before


def test_the_past_is_listed_and_told(zeus: Zeus) -> None:
    (row,) = json.loads(zeus("commands", "--charger", "cp1", "--json"))["commands"]
    assert (row["id"], row["state"], row["effect"]) == ("01abc", "succeeded", "the charger booted")
    assert "Accepted\tthe charger booted\tuser:ada" in zeus("commands")
    told_in_full = zeus("commands", "01abc")
    for words in ("Reset (hard yes) because: stuck", SENT, REPLY, "after 12 ms", "after 4.5 s"):
        assert words in told_in_full
    life = json.loads(zeus("commands", "01abc", "--json"))
    assert life["life"][0]["event"] == "command.requested"
    assert "No command has the id" in zeus("commands", "nothing", code=1)


def test_a_charger_s_history_tells_what_was_asked_of_it(zeus: Zeus) -> None:
    assert "Wanted of CP1: Reset (hard yes)" in zeus("replay", "CP1")
