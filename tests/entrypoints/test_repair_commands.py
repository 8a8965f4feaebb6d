"""`zeus repair` on a real log: what the dry run says is what happens, in every read model, and older reports stay."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.audit.audited_log import at_rest
from adapters.audit.sealer import Sealer, connected
from adapters.audit.verification import Verification
from domain.chargers.events import Booted, Registered
from domain.metering import BEGIN, END, energy_sample
from domain.transactions.events import Ended, EnergySettled, Started
from entrypoints.cli import app
from projections.streams import session_id
from tests.projections.stories import START, TENANT, Log, project, stream, told

Zeus = Callable[..., tuple[int, str]]


def session(log: Log, cpid: str, n: int, wh: int) -> str:
    """A session of an hour."""
    begin, end = START + timedelta(hours=2 * n), START + timedelta(hours=2 * n + 1)
    name = f"transaction/{TENANT}/{cpid}/{n:04}"
    first, last = Decimal(n * 10_000), Decimal(n * 10_000 + wh)
    facts = (
        Started(evse_id=1, connector_id=1, at=begin, samples=(energy_sample(begin, BEGIN, first),)),
        Ended(evse_id=1, connector_id=1, at=end, samples=(energy_sample(end, END, last),)),
        EnergySettled(energy_wh=wh, meter_start_wh=first, meter_stop_wh=last),
    )
    log.tell(*((name, fact, told(120 * n + 60)) for fact in facts))
    return session_id(name)


@pytest.fixture
def log(postgres_dsn: str) -> Log:
    """Empty."""
    return Log(postgres_dsn)


@pytest.fixture
def zeus(log: Log, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """Two chargers; the one of model M tells a thousand times as much."""
    for cpid, model in (("CP1", "M"), ("CP2", "N")):
        log.tell((stream(cpid), Registered(cpid=cpid, security_profile=1), told()))
        boot = Booted(vendor="V", model=model, firmware="1.2", answered="Accepted", interval_s=300)  # type: ignore[arg-type]
        log.tell((stream(cpid), boot, told()))
        for n in range(3):
            session(log, cpid, n, (n + 1) * 1_000)
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, words)
        project(postgres_dsn)
        return result.exit_code, result.output

    return run


def energy(zeus: Zeus, *more: str) -> dict[str, int]:
    """Of the report, by charger."""
    words = (
        "report",
        "energy",
        "--by",
        "charger",
        "--from",
        "2026-01-01",
        "--to",
        "2027-01-01",
        "--json",
        *more,
    )
    code, said = zeus(*words)
    assert code == 0, said
    return {one["charger"]: one["energy_wh"] for one in json.loads(said)["items"]}


def test_a_dry_run_then_the_correction_and_what_was_reported_before(
    zeus: Zeus, postgres_dsn: str, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    before = zeus(
        "report", "energy", "--by", "charger", "--from", "2026-01-01", "--to", "2027-01-01", "--json"
    )[1]
    code, said = zeus("repair", "dry-run", "--factor", "0.001", "--model", "M", "--out", str(plan))
    assert code == 0, said
    assert (
        "3 sessions read, as each reading counts 0.001 times: 3 would change, by -5.99 kWh together." in said
    )
    assert energy(zeus) == {"CP1": 6000, "CP2": 6000}, "a dry run changes nothing"
    code, said = zeus("repair", "apply", str(plan), "--reason", "Wh told as kWh", "--json")
    assert (code, json.loads(said)["corrected"]) == (0, 3), said
    assert energy(zeus) == {"CP1": 6, "CP2": 6000}
    position = str(json.loads(before)["as_of_position"])
    assert energy(zeus, "--as-of", position) == {"CP1": 6000, "CP2": 6000}
    story = zeus("sessions", "show", session_id(f"transaction/{TENANT}/CP1/0002"))[1]
    assert "energy_corrected" in story
    history = " ".join(zeus("replay", "CP1")[1].split())
    assert (
        "The energy was corrected from 3.000 kWh to 0.003 kWh, as each reading counts 0.001 times: Wh told as kWh."
        in history
    )
    code, said = zeus("repair", "apply", str(plan), "--reason", "again", "--json")
    assert (code, json.loads(said)["before"]) == (0, 3), said
    code, said = zeus("rebuild", "session_figures", "--verify")
    assert code == 0, said
    code, said = zeus("rebuild", "sessions", "--verify")
    assert code == 0, said
    with connected(postgres_dsn) as connection:
        Sealer(connection).catch_up()
    with at_rest(postgres_dsn) as connection:
        assert Verification(connection, [], []).run().intact


def test_the_scope_is_what_the_charger_was_when_the_session_was(
    zeus: Zeus, log: Log, postgres_dsn: str
) -> None:
    boot = Booted(vendor="V", model="M", firmware="2.0", answered="Accepted", interval_s=300)  # type: ignore[arg-type]
    log.tell((stream("CP1"), boot, told()))
    session(log, "CP1", 7, 9_000)
    project(postgres_dsn)

    def sessions(*scope: str) -> int:
        code, said = zeus("repair", "dry-run", "--factor", "2", "--json", *scope)
        assert code == 0, said
        return len(json.loads(said)["changes"])

    assert sessions() == 7
    assert sessions("--model", "M") == 4
    assert sessions("--model", "M", "--firmware", "1.2") == 3
    assert sessions("--model", "M", "--firmware", "2.0") == 1
    assert sessions("--charger", "cp2") == 3
    assert sessions("--charger", "CP1", "--charger", "CP2") == 7
    assert sessions("--site", "nowhere") == 0
    assert sessions("--from", (START + timedelta(hours=3)).isoformat()) == 3


def test_what_cannot_be_meant_is_said_and_changes_nothing(
    zeus: Zeus, postgres_dsn: str, tmp_path: Path
) -> None:
    (tmp_path / "rubbish.json").write_text("{")
    for words, part in (
        (("repair", "dry-run", "--factor", "0"), "A factor is 0.000001 to 1000000"),
        (("repair", "dry-run", "--factor", "ten"), "is no number"),
        (("repair", "dry-run", "--factor", "nan"), "A factor is 0.000001 to 1000000"),
        (("repair", "dry-run", "--wraps-at", "0"), "after 1 to 1000000000000 Wh"),
        (("repair", "dry-run", "--firmware", "1"), "say --model as well"),
        (("repair", "apply", str(tmp_path / "rubbish.json"), "--reason", "x"), "is no plan"),
        (("repair", "apply", str(tmp_path / "absent.json"), "--reason", "x"), "cannot be read"),
    ):
        code, said = zeus(*words)
        assert code != 0, words
        assert part in " ".join(said.replace("│", " ").split()), said
    with psycopg.connect(postgres_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM eventstore.stored_events WHERE topic = 'repair.begun'"
        ).fetchone()
    assert row == (0,)


def test_rules_are_listed_with_what_they_are_for(zeus: Zeus) -> None:
    assert "--wraps-at" in zeus("repair", "rules")[1]
    assert len(json.loads(zeus("repair", "rules", "--json")[1])["rules"]) == 6
