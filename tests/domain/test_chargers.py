"""The charger: acceptance, boots, presence, its clock; first the aggregate, then over a line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.ocpp.versions import Version
from domain.chargers.boot import BootReport, spread
from domain.chargers.charger import Charger
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    Booted,
    ClockSkewMeasured,
    Connected,
    Disconnected,
    MessageWithheld,
    Registered,
    SecurityProfileChosen,
    StatusReported,
    TransactionOpened,
)
from domain.chargers.running import CONNECTORS, REUSED
from domain.chargers.succession import ConnectedAlready
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId, InvalidChargerId
from tests.stories.line import NOON, Line, iso

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CP = ChargerId.of("acme", "cp1")
BOOT = BootReport(vendor="V", model="M")


def given(*facts: Fact, **told: Any) -> Charger:
    charger = Charger(CP)
    for event in events_of(CP.stream, 0, facts, Told(recorded_at=NOW, **told)):
        charger.when(event)
    return charger


def connected(connection: str) -> Connected:
    return Connected(connection=connection, gateway="g", protocol="1.6", security_profile=1)


@pytest.mark.parametrize("acceptance", list(Acceptance))
def test_a_boot_is_answered_as_the_operator_decided(acceptance: Acceptance) -> None:
    charger = given(Registered(cpid="cp1", security_profile=1), AcceptanceDecided(acceptance))
    answer, fact = charger.boot(BOOT, "c1", NOW, 300)
    assert (answer.acceptance, fact.answered, answer.now) == (acceptance, acceptance, NOW)
    wanted = 300 if acceptance is Acceptance.ACCEPTED else 60
    assert answer.interval_s == fact.interval_s == spread(wanted, CP.key)


def test_a_second_boot_over_one_connection_is_no_restart() -> None:
    charger = given(connected("c1"))
    _, first = charger.boot(BOOT, "c1", NOW, 300)
    charger.when(Event(originator_id=CP.stream, originator_version=2, fact=first, told=Told(recorded_at=NOW)))
    assert not first.repeated
    assert charger.boot(BOOT, "c1", NOW, 300)[1].repeated
    assert not charger.boot(BOOT, "c2", NOW, 300)[1].repeated


def test_intervals_are_spread_by_a_tenth_and_stay_the_same() -> None:
    intervals = {spread(300, f"CP{n}") for n in range(500)}
    assert min(intervals) >= 270
    assert max(intervals) <= 330
    assert len(intervals) > 30
    assert spread(300, "CP1") == spread(300, "CP1")
    assert spread(1, "CP1") == 1


def test_a_new_connection_closes_the_one_that_never_said_goodbye() -> None:
    facts = given(connected("c1")).connected(connected("c2"), dead="c1")
    assert [type(fact) for fact in facts] == [Disconnected, Connected]
    with pytest.raises(ConnectedAlready, match="c1"):
        given(connected("c1")).connected(connected("c2"), dead="c0")
    assert given(connected("c1")).disconnected("c0", 1006, "late news") == []
    assert given(connected("c1")).disconnected("c1", 1001, "") == [Disconnected(connection="c1", code=1001)]


def test_clock_skew_is_the_median_and_told_only_when_it_moves() -> None:
    charger = Charger(CP)
    version = 0
    told: list[int] = []
    # One late message (an hour of queue) among prompt ones is not a wrong clock.
    for late_s in [2, 2, 3600, 2, 2, 2, 2, 2, 2, 40, 40, 40, 40, 40, 40]:
        facts = charger.skew(NOW - timedelta(seconds=late_s), NOW)
        told += [fact.skew_s for fact in facts if isinstance(fact, ClockSkewMeasured)]
        status = StatusReported(evse_id=1, connector_id=1, status="Available")
        circumstances = Told(recorded_at=NOW, occurred_at=NOW - timedelta(seconds=late_s))
        for event in events_of(CP.stream, version, [status, *facts], circumstances):
            charger.when(event)
            version = event.originator_version
    assert told == [2, 40]
    assert charger.skew(None, NOW) == []


@pytest.mark.parametrize("cpid", ["", " a", "a ", "a/b", "a:b", "a\n", "x" * 49])
def test_ids_that_no_charger_may_have(cpid: str) -> None:
    with pytest.raises(InvalidChargerId):
        ChargerId.of("acme", cpid)


def test_ids_are_compared_without_case() -> None:
    assert ChargerId.of("acme", "cp1") == ChargerId.of("acme", "CP1")


@pytest.mark.parametrize("acceptance", [Acceptance.PENDING, Acceptance.REJECTED])
async def test_before_acceptance_everything_but_the_boot_is_withheld_and_recorded(
    acceptance: Acceptance,
) -> None:
    line = Line(Version.V16)
    await line.register()
    await line.intake.record(line.desk, [AcceptanceDecided(acceptance)], line.told())
    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    assert (await line.say("BootNotification", boot))["status"] == acceptance.value
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": iso(NOON)}
    assert await line.say("StartTransaction", start) == {"withheld": acceptance.value}
    assert line.facts("charger/", MessageWithheld) == [
        MessageWithheld(action="StartTransaction", acceptance=acceptance)
    ]
    assert line.transactions() == {}
    await line.intake.record(line.desk, [AcceptanceDecided(Acceptance.ACCEPTED)], line.told())
    assert (await line.say("BootNotification", boot))["status"] == "Accepted"
    assert "transactionId" in await line.say("StartTransaction", start)


def test_the_security_profile_is_what_was_chosen_last() -> None:
    charger = given(Registered(cpid="cp1", security_profile=1), SecurityProfileChosen(2))
    assert charger.security_profile == 2


def test_a_charger_that_invents_connectors_and_names_stays_small() -> None:
    statuses = [
        StatusReported(evse_id=n, connector_id=1, status="Available", activity=str(n)) for n in range(200)
    ]
    charger = given(*statuses)
    assert len(charger.doings) == CONNECTORS
    assert charger.doing(199, 1).activity == "199"
    opened = [
        TransactionOpened(
            transaction=f"transaction/acme/CP1/r{n}~2",
            evse_id=1,
            connector_id=1,
            started_at=NOW,
            reference=f"r{n}",
        )
        for n in range(200)
    ]
    reused = given(*opened).reused
    assert list(reused) == [f"r{n}" for n in range(200 - REUSED, 200)]


async def test_frame_and_reply_stay_with_the_first_event_of_a_message() -> None:
    line = Line(Version.V16)
    await line.register()
    await line.say(
        "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": iso(NOON)}
    )
    told = [event.told for event in line.events if event.told.cause == "1"]
    assert len(told) == 3  # started, number claimed, transaction opened
    assert [one.frame is not None for one in told] == [True, False, False]
    assert [one.reply is not None for one in told] == [True, False, False]


async def test_a_long_life_is_loaded_from_a_snapshot() -> None:
    line = Line(Version.V16)
    await line.register()
    for _ in range(230):
        await line.say("Heartbeat", {})
    await line.intake.finish()
    stream = line.desk.charger.stream
    snapshot = await line.store.snapshot(stream)
    assert snapshot is not None
    assert snapshot.version >= 200
    await line.hang_up_and_return()
    assert line.desk.charger.version == 231
    assert line.facts(stream, Booted) == []
