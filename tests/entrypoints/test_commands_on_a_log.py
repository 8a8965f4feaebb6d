"""The commands on a small log, through the real engine: what a person reads and what a program gets."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from adapters.eventstore.history import history
from adapters.postgres import fleet_schema
from adapters.postgres.job_ledger import PostgresJobLedger
from adapters.postgres.link import PostgresLink
from domain.catalogue import FACTS
from domain.chargers import events as charger
from domain.event import Told
from domain.id_tokens import events as token
from domain.identity import ChargerId, IdToken
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly
from entrypoints.cli import app
from entrypoints.commands import board as board_command
from entrypoints.commands.board_rows import Place
from entrypoints.commands.sessions import bars
from projections.read_model import Unreadable
from projections.sessions.projection import Sessions
from projections.streams import session_id
from tests.projections.stories import (
    START,
    TENANT,
    Log,
    project,
    sample,
    stream,
    told,
    transaction_of,
)

Zeus = Callable[..., str]
FRAME = '[2,"m1","StatusNotification",{"connectorId":1,"status":"Faulted","errorCode":"GroundFailure" } ]'
REPLY = '[3,"m1",{}]'


def seed(log: Log) -> None:
    """CP1 charges, CP2 is broken, CP3 is gone, CP4 never came; somebody knocked; a strange card was shown."""
    bare = Told(recorded_at=START, actor="user:ada")
    for number in range(1, 5):
        cpid = f"CP{number}"
        log.tell(
            (stream(cpid), charger.Registered(cpid=cpid, security_profile=0, name=f"Bay {number}"), bare)
        )
        if number < 4:
            connected = charger.Connected(
                connection=cpid, gateway="g", protocol="1.6", security_profile=0, flags=("id_case",)
            )
            log.tell((stream(cpid), connected, told(1)))
    running = charger.StatusReported(evse_id=1, connector_id=1, status="Occupied", activity="Charging")
    broken = charger.StatusReported(
        evse_id=1, connector_id=1, status="Faulted", error_code="GroundFailure", info="[red]\x1b[2J"
    )
    log.tell(
        (stream("CP1"), running, told(2)),
        (stream("CP2"), broken, told(2, frame=FRAME, reply=REPLY)),
        (stream("CP3"), charger.StatusReported(evse_id=1, connector_id=1, status="Available"), told(2)),
        (stream("CP3"), charger.Disconnected(connection="CP3", code=1006), told(3)),
        (stream("CP3"), charger.ClockSkewMeasured(7200), told(3)),
        (stream("CP1"), charger.TokenPresented(id_token=IdToken("STRANGE"), verdict="Invalid"), told(3)),
    )
    charge(log)
    refused = charger.HandshakeRefused(
        cpid="CP9", reason="id_unknown", status=404, hint="No charger of this id.", path="/ocpp/CP9", count=3
    )
    log.tell((f"attempt/{TENANT}/0001", refused, told(4)))
    log.tell(
        (f"id-token/{TENANT}/04A2", token.Issued(id_token=IdToken("04A2"), label="Anna"), bare),
        (f"id-token/{TENANT}/04A2", token.Blocked("lost"), bare),
    )


def charge(log: Log) -> None:
    """One ended session with a flag, and one that runs."""
    for key, first, minutes in (("ended", 10, 60), ("runs", 100, 20)):
        name = transaction_of(key)
        at = START + timedelta(minutes=first)
        log.tell(
            (
                name,
                transaction.Started(
                    evse_id=1,
                    connector_id=1,
                    at=at,
                    id_token=IdToken("04A2"),
                    verdict="Accepted",
                    meter_start_wh=Decimal(1000),
                ),
                told(first),
            ),
            (
                stream("CP1"),
                charger.TransactionOpened(transaction=name, evse_id=1, connector_id=1, started_at=at),
                told(first),
            ),
        )
        for minute in range(10, minutes, 10):
            now = at + timedelta(minutes=minute)
            metered = transaction.Metered(
                evse_id=1,
                connector_id=1,
                samples=(sample(now, str(1000 + minute * 100)),),
                energy_wh=minute * 100,
            )
            log.tell((name, metered, told(first + minute)))
    name, end = transaction_of("ended"), START + timedelta(minutes=70)
    log.tell(
        (name, transaction.Ended(evse_id=1, connector_id=1, at=end, reason="EVDisconnected"), told(70)),
        (
            name,
            transaction.EnergySettled(
                energy_wh=5000,
                meter_start_wh=Decimal(1000),
                meter_stop_wh=Decimal(6000),
                flags=(Anomaly.METER_STOP_FROM_SAMPLE,),
            ),
            told(70),
        ),
    )


@pytest.fixture
def zeus(module_seeded: str, monkeypatch: pytest.MonkeyPatch) -> Zeus:
    """`zeus …` as typed, its exit code checked; what it wrote to stdout."""
    monkeypatch.setenv("DATABASE_URL", module_seeded)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


@pytest.fixture(scope="module")
def module_seeded(module_postgres_dsn: str) -> str:
    seed(Log(module_postgres_dsn))
    project(module_postgres_dsn)
    return module_postgres_dsn


def test_board_shows_what_needs_attention_first(zeus: Zeus) -> None:
    lines = zeus("board").splitlines()
    assert [line.split("\t")[:5] for line in lines[1:]] == [
        ["CP2", "1", "1", "Faulted", "GroundFailure, [red]·[2J"],
        ["CP1", "1", "1", "Charging", ""],
        ["CP3", "1", "1", "Offline", "was Available"],
        ["CP4", "", "", "Offline", "never connected"],
    ]
    assert lines[2].split("\t")[5:8] == ["1.00", "7.4", "55 %"]


def test_board_filters_and_gives_json(zeus: Zeus) -> None:
    found = json.loads(zeus("board", "--json", "--online"))
    assert found["totals"] == {
        "chargers": 2,
        "online": 2,
        "connectors": 2,
        "statuses": {"Faulted": 1, "Charging": 1},
        "sessions": 1,
        "power_w": 7360.5,
    }
    assert [
        place["charger"] for place in json.loads(zeus("board", "--json", "--find", "bay 3"))["places"]
    ] == ["CP3"]
    assert zeus("board", "--status", "Faulted").count("\n") == 2


def place(number: int, status: str = "Charging", **more: object) -> Place:
    values = dict.fromkeys(Place.__struct_fields__) | {
        "charger": f"A-CHARGER-WITH-A-LONG-NAME-{number:03}",
        "name": "Name",
        "evse_id": 1,
        "connector_id": 1,
        "status": status,
        "detail": "SuspendedEVSE",
        "online": True,
        "session": "s",
        "energy_wh": 123456,
        "power_w": 349999.0,
        "soc_pct": 100.0,
        "since": START,
        "last_seen": START,
        "clock_skew_s": 7200,
    }
    return msgspec.convert(values | more, Place)


@pytest.mark.parametrize("width", [80, 140])
def test_board_fits_the_screen_and_turns_its_pages(width: int) -> None:
    places, seen = [place(number) for number in range(50)], ""
    for turn in range(4):
        console = Console(width=width, height=24, force_terminal=True, record=True, file=StringIO())
        console.print(board_command.screen(places, START, width, (24, turn)))
        text = console.export_text()
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width
        assert len(text.splitlines()) <= 24
        assert f"page {turn % 3 + 1} of 3" in text
        seen += text
    assert seen.count("⚡ Charging") >= 50, "the word stands beside sign and colour"
    assert seen.count("123.46") >= 50


def test_sessions_are_listed_newest_first_and_explained(zeus: Zeus) -> None:
    lines = zeus("sessions", "--explain").splitlines()
    ended, runs = session_id(transaction_of("ended")), session_id(transaction_of("runs"))
    assert [line.split("\t")[0] for line in lines[1:3]] == [runs, ended]
    assert lines[2].split("\t")[1:] == [
        "CP1", "1", "2026-03-02 08:10:00Z", "1 h 00", "5.00", "ended", "04A2", "meter_stop_from_sample",
    ]  # fmt: skip
    assert Anomaly.METER_STOP_FROM_SAMPLE.sentence in lines[3]
    only = json.loads(zeus("sessions", "--min-kwh", "4.5", "--charger", "cp1", "--json"))
    assert [row["session"] for row in only["sessions"]] == [ended]
    assert zeus("sessions", "--from", "2026-03-02T09:00Z", "--to", "2026-03-03").count("\n") == 2
    assert zeus("sessions", "--reason", "PowerLoss").count("\n") == 1


def test_a_session_is_told_in_full(zeus: Zeus) -> None:
    text = zeus("sessions", "show", session_id(transaction_of("ended")))
    assert "5.00 kWh" in text
    assert "1000 Wh → 6000 Wh" in text
    assert "EVDisconnected" in text
    assert "█" in text
    assert "up to 7.4 kW" in text
    assert Anomaly.METER_STOP_FROM_SAMPLE.sentence in text
    assert "`zeus sessions` lists them" in zeus("sessions", "show", "nothing", code=1)


def test_bars_leave_gaps_where_nothing_is_known() -> None:
    assert bars([0.0, 50.0, None, 100.0]) == "▁▅ █"
    assert bars([0.0, None]) == "▁ "
    assert bars([]) == ""


def test_attempts_say_why_and_what_to_do(zeus: Zeus) -> None:
    text = zeus("attempts", "--refused")
    assert "CP9 refused: id_unknown (404)" in text
    assert "No charger of this id." in text
    assert "asked for /ocpp/CP9" in text
    accepted = zeus("attempts", "cp1", "--accepted")
    assert "✓ CP1 connected" in accepted
    assert "⚑" in accepted
    (unknown,) = json.loads(zeus("attempts", "--unknown", "--from", "2026-03-01", "--json"))["unknown"]
    assert (unknown["cpid"], unknown["count"]) == ("CP9", 3)
    assert [match["cpid"] for match in unknown["near"]] == ["CP1", "CP2", "CP3"]
    text = zeus("attempts", "--unknown", "--from", "2026-03-01")
    assert "CP9 knocked 3 times: id_unknown" in text
    assert "Was CP1 (one sign differs)" in text
    assert "zeus charger add CP9" in text


def test_chargers_and_tokens_are_listed(zeus: Zeus) -> None:
    assert [line.split("\t")[0] for line in zeus("charger", "list", "--offline").splitlines()] == [
        "Id",
        "CP3",
        "CP4",
    ]
    page = json.loads(zeus("charger", "list", "--limit", "2", "--json"))
    assert page["next"] == "CP2"
    rest = json.loads(zeus("charger", "list", "--after", page["next"], "--json"))
    assert [row["cpid"] for row in rest["chargers"]] == ["CP3", "CP4"]
    unknown = zeus("tag", "list", "--unknown").splitlines()
    assert [line.split("\t")[0] for line in unknown] == ["Token", "STRANGE"]
    assert "blocked (lost)\tAnna" in zeus("tag", "list", "--state", "blocked")


def test_replay_tells_the_log_with_transactions_and_times(zeus: Zeus) -> None:
    lines = zeus("replay", "cp1").splitlines()
    assert lines[0] == (
        "2026-03-02 08:00:00.000Z  Registered as CP1 (Bay 1), security profile 0. By user ada."
    )
    assert sum("Transaction started on EVSE 1 by token 04A2" in line for line in lines) == 2
    assert any("The energy is 5.000 kWh (from 1000 to 6000 Wh)" in line for line in lines)
    within = zeus("replay", "CP1", "--from", "2026-03-02T09:10Z", "--to", "2026-03-02T09:40Z").splitlines()
    assert len(within) == 2
    assert all(line.startswith("2026-03-02 09:10") for line in within)


def test_replay_gives_frames_byte_for_byte(zeus: Zeus) -> None:
    lines = zeus("replay", "CP2", "--frames").splitlines()
    assert f"< {FRAME}" in lines
    assert lines[lines.index(f"< {FRAME}") + 1] == f"> {REPLY}"
    assert "\x1b" not in "\n".join(line for line in lines if not line.startswith(("<", ">")))
    entries = [json.loads(line) for line in zeus("replay", "CP2", "--json").splitlines()]
    assert [entry["told"]["frame"] for entry in entries if "frame" in entry["told"]] == [FRAME]
    assert [entry["position"] for entry in entries] == sorted(entry["position"] for entry in entries)


def test_replay_of_nobody_says_so(zeus: Zeus) -> None:
    assert zeus("replay", "CP8") == ""
    assert "cannot be a charge point id" in zeus("replay", "a/b", code=1)


def test_history_comes_in_pages_and_keeps_to_one_charger(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for minute in range(25):
        for cpid in ("CP", "CP1", "CP10"):  # one is the beginning of another
            log.tell((stream(cpid), charger.HeartbeatReceived(), told(minute)))
            log.tell(
                (transaction_of(str(minute), cpid), transaction.Noted(trigger="T", at=START), told(minute))
            )
    found = list(history(postgres_dsn, FACTS, ChargerId.of(TENANT, "cp1"), page=7))
    assert len(found) == 50
    assert [item.position for item in found] == sorted(item.position for item in found)
    streams = {item.event.originator_id.split("/")[2] for item in found if not isinstance(item, Unreadable)}
    assert streams == {"CP1"}


def test_rebuild_and_read_models(zeus: Zeus) -> None:
    assert f"sessions\tlive\t{Sessions().version}\trunning" in zeus("read-models")
    result = json.loads(zeus("rebuild", "sessions", "--verify", "--json"))
    assert [(table["table"], table["same"]) for table in result["sessions"]["tables"]] == [
        ("ocpp_sessions", True)
    ]
    assert result["sessions"]["counts"][0]["rows"] == 2
    again = json.loads(zeus("rebuild", "sessions", "--verify", "--json"))
    assert again["sessions"]["checksum"] == result["sessions"]["checksum"], "the checksum is that of the rows"
    assert len(result["sessions"]["checksum"]) == 64
    assert "There is no read model 'nothing'" in zeus("rebuild", "nothing", code=1)
    assert "Name one read model" in zeus("rebuild", code=1)
    assert "is not stopped" in zeus("read-models", "resume", "sessions", code=1)
    assert "There is no build" in zeus("read-models", "abandon", "sessions")


def test_a_charger_and_the_board_as_they_were(zeus: Zeus) -> None:
    told = json.loads(zeus("replay", "CP2", "--at", "0s", "--json"))
    assert told["charger"]["cpid"] == "CP2"
    assert told["connectors"][0]["status"] == "Faulted"
    assert "Faulted" in zeus("replay", "cp2", "--at", "0s")
    assert "nothing was known" in zeus("replay", "CP2", "--at", "2020-01-01", code=1)
    now, then = json.loads(zeus("board", "--json")), json.loads(zeus("board", "--at", "0s", "--json"))
    assert [one["charger"] for one in then["places"]] == [one["charger"] for one in now["places"]]
    assert then["totals"] == now["totals"]
    assert json.loads(zeus("board", "--at", "2020-01-01", "--json"))["places"] == []
    assert json.loads(zeus("board", "--at", "0s", "--site", "nowhere", "--json"))["places"] == []


async def test_the_jobs_say_when_they_last_succeeded(module_postgres_dsn: str, zeus: Zeus) -> None:
    assert "retention" not in zeus("jobs")
    fleet_schema.create(module_postgres_dsn)
    link = PostgresLink(module_postgres_dsn)
    ledger, at = PostgresJobLedger(link), START
    for job, error in (("retention", ""), ("offline_detector", "no\x1b[2J bread")):
        await ledger.claim(job, at, timedelta(minutes=1), "here:1")
        await ledger.finish(job, at, "here:1", did=4, error=error)
    await link.close()
    told = zeus("jobs")
    assert "retention\twaiting\t" in told
    assert "offline_detector\tfailing\tnever" in told
    assert "\x1b" not in told
    jobs = {job["name"]: job for job in json.loads(zeus("jobs", "--json"))["jobs"]}
    assert (jobs["retention"]["last_did"], jobs["offline_detector"]["failures"]) == (4, 1)


def test_without_read_models_it_is_said(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    for words in (["board"], ["sessions"], ["attempts"], ["charger", "list"], ["tag", "list"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 1
        assert "zeus rebuild --all" in result.output
    assert CliRunner().invoke(app, ["rebuild", "--all"]).exit_code == 0
    assert CliRunner().invoke(app, ["board"]).exit_code == 0


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "5x"])
def test_a_time_that_is_none_is_refused(zeus: Zeus, text: str) -> None:
    assert "is no time" in zeus("sessions", "--from", text, code=2)
