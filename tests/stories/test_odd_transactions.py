"""What chargers do to transactions: repeat, delay, lose, mix up; nothing is lost, oddities are flagged."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.ocpp.versions import Version
from application.rules import Rules
from domain.chargers.events import MessageRepeated, Metered, TransactionClosed
from domain.id_tokens.id_token import TokenPolicy
from domain.transactions import events as tx
from domain.transactions.anomalies import Anomaly
from tests.stories.line import NOON, Line, iso

FREE = Rules(tokens=TokenPolicy(accept_unknown=True))


async def line_16(**more: Any) -> Line:
    line = Line(Version.V16, rules=FREE, **more)
    await line.register()
    return line


async def line_2x() -> Line:
    line = Line(Version.V201, rules=FREE)
    await line.register()
    return line


def minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


async def start(
    line: Line, *, tag: str = "CARD", wh: int = 1000, at: datetime = NOON, connector: int = 1
) -> int:
    answer = await line.say(
        "StartTransaction",
        {"connectorId": connector, "idTag": tag, "meterStart": wh, "timestamp": iso(at)},
    )
    number: int = answer["transactionId"]
    return number


async def meter(line: Line, number: int | None, wh: int, at: datetime) -> None:
    payload: dict[str, Any] = {
        "connectorId": 1,
        "meterValue": [{"timestamp": iso(at), "sampledValue": [{"value": str(wh)}]}],
    }
    if number is not None:
        payload["transactionId"] = number
    await line.say("MeterValues", payload)


async def stop(line: Line, number: int, wh: int, at: datetime) -> dict[str, Any]:
    return await line.say("StopTransaction", {"transactionId": number, "meterStop": wh, "timestamp": iso(at)})


async def event(
    line: Line, kind: str, at: datetime, wh: int | None = None, *, seq: int = 0, name: str = "1", **more: Any
) -> dict[str, Any]:
    context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": iso(at),
        "triggerReason": "Trigger",
        "seqNo": seq,
        "transactionInfo": {"transactionId": name},
        **more,
    }
    if wh is not None:
        sampled = [{"value": wh, "context": context}]
        payload["meterValue"] = [{"timestamp": iso(at), "sampledValue": sampled}]
    return await line.say("TransactionEvent", payload)


def settled(line: Line) -> list[tuple[int | None, tuple[Anomaly, ...]]]:
    """(energy, flags) of every settlement, in order."""
    return [
        (fact.energy_wh, fact.flags)
        for fact in line.facts("transaction/", tx.EnergySettled)
        if isinstance(fact, tx.EnergySettled)
    ]


def flags_of(
    line: Line, kind: type[tx.Started] | type[tx.Ended] | type[tx.Metered]
) -> list[tuple[Anomaly, ...]]:
    return [fact.flags for fact in line.facts("transaction/", kind) if isinstance(fact, kind)]


async def test_a_repeated_start_gets_the_same_number_and_one_transaction() -> None:
    line = await line_16()
    numbers = [await start(line), await start(line)]
    await line.hang_up_and_return()
    numbers.append(await start(line))
    assert len(set(numbers)) == 1
    assert len(line.transactions()) == 1
    assert len(line.facts("charger/", MessageRepeated)) == 2


async def test_a_repeated_start_gets_the_verdict_of_the_first() -> None:
    line = Line(Version.V16)
    await line.register()
    await line.issue("CARD", max_active=1, group="FLEET")
    payload = {"connectorId": 1, "idTag": "card", "meterStart": 0, "timestamp": iso(NOON)}
    first = await line.say("StartTransaction", payload)
    assert first["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    assert await line.say("StartTransaction", payload) == first


async def test_a_repeated_stop_changes_nothing() -> None:
    line = await line_16()
    number = await start(line)
    await stop(line, number, 1500, minutes(60))
    before = line.transactions()
    await line.hang_up_and_return()
    assert await stop(line, number, 1500, minutes(60)) == {}
    assert line.transactions() == before
    assert settled(line) == [(500, ())]


async def test_repeated_readings_change_nothing() -> None:
    line = await line_16()
    number = await start(line)
    for _ in range(2):
        await meter(line, number, 1200, minutes(10))
        await meter(line, None, 1300, minutes(20))
        await meter(line, None, 1300, minutes(20))
    assert len(line.facts("transaction/", tx.Metered)) == 4  # an echo of the one before last is not known
    before = line.transactions()
    await meter(line, None, 1300, minutes(20))
    assert line.transactions() == before


async def test_a_repeated_event_of_2x_changes_nothing_but_equal_numbers_are_no_repetition() -> None:
    line = await line_2x()
    await event(line, "Started", NOON, 1000)
    await event(line, "Updated", NOON, 1010)  # same second, and this charger numbers everything 0
    await event(line, "Updated", NOON, 1010)
    await event(line, "Ended", NOON, 1020)
    await event(line, "Ended", NOON, 1020)
    assert settled(line) == [(20, ())]
    assert len(line.facts("transaction/", tx.Metered)) == 1
    assert len(line.facts("charger/", MessageRepeated)) == 2


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2)])
async def test_events_of_2x_in_any_order_settle_the_same_energy(order: tuple[int, ...]) -> None:
    line = await line_2x()
    told = [("Started", 0, 1000), ("Updated", 10, 1400), ("Ended", 20, 1900)]
    for n in order:
        kind, minute, wh = told[n]
        await event(line, kind, minutes(minute), wh, seq=n)
    assert settled(line)[-1][0] == 900
    assert len(line.transactions()) == 1
    assert line.desk.charger.open == {}
    late = order.index(0) != 0
    assert (Anomaly.LATE_START in flags_of(line, tx.Started)[0]) is late


async def test_an_end_without_a_start_settles_no_energy() -> None:
    line = await line_16()
    assert await stop(line, 4711, 9000, NOON) == {}
    ((flags),) = flags_of(line, tx.Ended)
    assert flags == (Anomaly.UNKNOWN_NUMBER, Anomaly.END_WITHOUT_START)
    assert settled(line) == [(None, (Anomaly.METER_START_MISSING,))]


async def test_minus_one_is_answered_and_kept() -> None:
    line = await line_16()
    await start(line)
    await meter(line, -1, 1200, minutes(5))
    assert await stop(line, -1, 1500, minutes(10)) == {}
    (readings,) = line.facts("charger/", Metered)
    assert isinstance(readings, Metered)
    assert readings.claimed_transaction == "-1"
    assert Anomaly.NUMBER_MINUS_ONE in flags_of(line, tx.Ended)[0]
    assert len(line.desk.charger.open) == 1  # which one it ended is not for us to guess


async def test_a_foreign_number_touches_nobody_elses_transaction() -> None:
    mine = await line_16()
    other = await line_16(cpid="CP2", store=mine.store)
    number = await start(mine)
    await stop(other, number, 5000, minutes(10))
    assert Anomaly.FOREIGN_NUMBER in flags_of(mine, tx.Ended)[0]
    assert len(mine.desk.charger.open) == 1
    await stop(mine, number, 1100, minutes(20))
    assert settled(mine)[-1] == (100, ())


async def test_a_busy_connector_supersedes_and_the_late_stop_still_settles() -> None:
    line = await line_16()
    first = await start(line, wh=1000)
    second = await start(line, wh=1600, at=minutes(60))
    assert first != second
    assert flags_of(line, tx.Started)[1] == (Anomaly.BUSY_CONNECTOR,)
    assert len(line.facts("transaction/", tx.Superseded)) == 1
    assert [one.number for one in line.desk.charger.open.values()] == [second]
    await line.hang_up_and_return()
    await stop(line, first, 1500, minutes(50))
    await stop(line, second, 1700, minutes(90))
    assert settled(line) == [(500, ()), (100, ())]


async def test_a_lost_stop_does_not_lock_the_driver_out() -> None:
    line = Line(Version.V16)
    await line.register()
    await line.issue("CARD", max_active=1)
    for hour in range(3):
        payload = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": iso(minutes(60 * hour))}
        answer = await line.say("StartTransaction", payload)
        assert answer["idTagInfo"] == {"status": "Accepted"}
    on_the_other = {"connectorId": 2, "idTag": "CARD", "meterStart": 0, "timestamp": iso(minutes(200))}
    answer = await line.say("StartTransaction", on_the_other)
    assert answer["idTagInfo"] == {"status": "ConcurrentTx"}
    await stop(line, answer["transactionId"], 10, minutes(210))
    (running,) = line.desk.charger.open.values()
    await stop(line, running.number, 10, minutes(220))
    assert (await line.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Accepted"}


async def test_grizzl_e_ends_hours_before_its_start_and_is_billed_by_its_meter() -> None:
    line = await line_16()
    began = datetime.fromisoformat("2023-03-30T01:58:52.001Z")
    number = await start(line, tag="hvresident", wh=0, at=began)
    await stop(line, number, 40330, datetime.fromisoformat("2023-03-29T20:05:06.001Z"))
    assert settled(line) == [(40330, ())]
    assert flags_of(line, tx.Ended) == [(Anomaly.ENDS_BEFORE_START,)]


async def test_huawei_tells_the_end_twice_with_different_roundings() -> None:
    line = await line_16()
    number = await start(line, wh=3051113)
    end = [{"timestamp": iso(minutes(2)), "sampledValue": [
        {"value": "3051.36", "context": "Transaction.End", "unit": "kWh"}]}]  # fmt: skip
    await line.say("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": end})
    await line.say(
        "StopTransaction",
        {"transactionId": number, "meterStop": 3051361, "timestamp": iso(minutes(1)), "transactionData": end},
    )
    assert settled(line) == [(248, ())]


@pytest.mark.parametrize("ended", [True, False], ids=["after its end", "its end was lost"])
async def test_a_reference_used_again_is_another_transaction(ended: bool) -> None:
    line = await line_2x()
    place = {"id": 1, "connectorId": 1}
    await event(line, "Started", NOON, 1000, evse=place)
    if ended:
        await event(line, "Ended", minutes(10), 1100, seq=1)
    await event(line, "Started", minutes(60), 1100, evse=place)
    await event(line, "Started", minutes(60), 1100, evse=place)
    await event(line, "Updated", minutes(70), 1300, seq=1)
    await event(line, "Ended", minutes(80), 1500, seq=2)
    await event(line, "Ended", minutes(80), 1500, seq=2)
    await event(line, "Updated", minutes(75), 1400, seq=3)
    assert len(line.transactions()) == 2
    assert Anomaly.REFERENCE_REUSED in flags_of(line, tx.Started)[1]
    energies = [energy for energy, _ in settled(line)]
    assert energies == ([100, 400] if ended else [400])
    assert line.desk.charger.open == {}


async def test_readings_that_name_no_transaction_go_to_the_only_one_running() -> None:
    line = await line_16()
    await start(line, wh=1000)
    await meter(line, None, 1200, minutes(5))
    await meter(line, 0, 1300, minutes(6))
    assert flags_of(line, tx.Metered) == [(Anomaly.ATTRIBUTED,)] * 2
    await meter(line, None, 900, minutes(-5))  # from before it began
    assert len(line.facts("charger/", Metered)) == 1


async def test_a_token_refused_is_recorded_yet_the_transaction_gets_its_number() -> None:
    line = Line(Version.V16)
    await line.register()
    payload = {"connectorId": 1, "idTag": "", "meterStart": 0, "timestamp": iso(NOON)}
    answer = await line.say("StartTransaction", payload)
    assert answer["idTagInfo"] == {"status": "Invalid"}
    assert answer["transactionId"] > 0
    assert flags_of(line, tx.Started) == [(Anomaly.TOKEN_REFUSED,)]


async def test_no_readable_time_takes_ours_and_says_so() -> None:
    line = await line_16()
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": "yesterday"}
    await line.say("StartTransaction", payload)
    (started,) = line.facts("transaction/", tx.Started)
    assert isinstance(started, tx.Started)
    assert (started.at, started.samples[0].at) == (line.now, line.now)
    assert started.flags == (Anomaly.TIME_UNKNOWN,)


async def test_charging_was_told_before_a_late_start() -> None:
    line = await line_16()
    status = {"connectorId": 1, "status": "Charging", "errorCode": "NoError", "timestamp": iso(minutes(5))}
    await line.say("StatusNotification", status)
    await start(line)
    (changed,) = line.facts("transaction/", tx.ChargingStateChanged)
    assert changed == tx.ChargingStateChanged(state="Charging", at=minutes(5))
    await start(line, at=minutes(10))
    started = line.facts("transaction/", tx.Started)[1]
    assert isinstance(started, tx.Started)
    assert started.charging_state == "Charging"


async def test_2x_tells_the_evse_only_when_the_cable_is_plugged_in() -> None:
    line = await line_2x()
    await event(line, "Started", NOON, name="a")
    await event(line, "Started", NOON, name="b")
    assert len(line.desk.charger.open) == 2  # two drivers at the reader displace nobody
    await event(line, "Updated", minutes(1), seq=1, name="a", evse={"id": 2, "connectorId": 1})
    (running,) = line.desk.charger.running_on(2, 1)
    assert (running.reference, running.started_at) == ("a", NOON)
    await event(line, "Ended", minutes(9), 5, seq=2, name="a")
    assert len(line.facts("charger/", TransactionClosed)) == 1


async def test_a_start_on_connector_0_is_placed_by_its_readings_and_keeps_its_number() -> None:
    line = await line_16()
    number = await start(line, connector=0)
    await meter(line, number, 1100, minutes(1))
    (running,) = line.desk.charger.running_on(1, 1)
    assert (running.number, running.started_at) == (number, NOON)
    await stop(line, number, 1200, minutes(2))
    assert line.desk.charger.open == {}


async def test_an_unknown_place_displaces_nobody() -> None:
    line = await line_16()
    await start(line, connector=0)
    await start(line, connector=0, at=minutes(5))
    assert len(line.desk.charger.open) == 2


async def test_a_reference_used_on_two_connectors_means_the_newest() -> None:
    line = await line_2x()
    await event(line, "Started", NOON, 1000, evse={"id": 1, "connectorId": 1})
    await event(line, "Started", minutes(60), 5000, evse={"id": 2, "connectorId": 1})
    await event(line, "Ended", minutes(80), 5300, seq=1)
    assert settled(line) == [(300, ())]
    (lingering,) = line.desk.charger.open.values()
    assert lingering.evse_id == 1


async def test_an_end_told_with_two_times_is_flagged_and_its_echoes_are_known() -> None:
    line = await line_16()
    number = await start(line)
    for at in (minutes(10), minutes(20), minutes(10), minutes(20)):
        await stop(line, number, 1500, at)
    assert flags_of(line, tx.Ended) == [(), (Anomaly.ENDED_TWICE,)]
    assert [energy for energy, _ in settled(line)] == [500, 500]
