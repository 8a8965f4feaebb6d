"""Sessions whose end was lost: marked, waited for, closed with what was measured, and corrected by a late end."""

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.ocpp.versions import Version
from application.reconciling import ACTOR, Reconciled, reconcile
from application.rules import Rules
from domain.chargers.events import Connected, Disconnected, TransactionClosed
from domain.chargers.provisioning import Retired
from domain.event import Fact, Told, events_of
from domain.id_tokens.events import GivenBack
from domain.id_tokens.id_token import TokenPolicy
from domain.identity import IdToken
from domain.transactions import events as tx
from domain.transactions.anomalies import Anomaly
from domain.transactions.transaction import Transaction
from tests.stories.line import NOON, Line, iso
from tests.stories.test_odd_transactions import event, meter, minutes, start, stop

AFTER = timedelta(hours=24)
NOTHING, MARKED, CLOSED = Reconciled(), Reconciled(stale=1), Reconciled(closed=1)


async def connected(version: Version = Version.V16) -> Line:
    line = Line(version, rules=Rules(tokens=TokenPolicy(accept_unknown=True)))
    await line.register()
    fact = Connected(connection="line", gateway="g", protocol=version, security_profile=1)
    await line.intake.connected(line.desk, fact, line.told())
    return line


async def free(line: Line, connector: int = 1) -> None:
    await line.say(
        "StatusNotification",
        {"connectorId": connector, "errorCode": "NoError", "status": "Available", "timestamp": iso(line.now)},
    )


async def look(line: Line, hours: float, waiting: tuple[str, ...] = ()) -> Reconciled:
    """Somebody looks so many hours after now."""
    line.now += timedelta(hours=hours)
    return await reconcile(line.store, line.desk.charger.id, waiting, line.now, AFTER)


def only(line: Line) -> Transaction:
    [transaction] = line.transactions().values()
    return transaction


def settled(line: Line) -> list[tx.EnergySettled]:
    return [
        fact for fact in line.facts("transaction/", tx.EnergySettled) if isinstance(fact, tx.EnergySettled)
    ]


async def test_a_lost_end_is_waited_for_and_then_closed_at_the_last_reading() -> None:
    line = await connected()
    number = await start(line, wh=1000)
    await meter(line, number, 4500, minutes(30))
    line.now += timedelta(minutes=40)
    await free(line)
    assert await look(line, 0.1) == NOTHING, "it may still send what it kept"
    assert await look(line, 0.1) == MARKED
    assert await look(line, 23.9) == NOTHING
    assert await look(line, 0.1) == CLOSED
    assert await look(line, 99) == NOTHING
    assert line.facts("transaction/", tx.FoundStale) == [tx.FoundStale(tx.Staleness.CONNECTOR_FREE)]
    [closed] = line.facts("transaction/", tx.ClosedUnreported)
    assert isinstance(closed, tx.ClosedUnreported)
    assert (closed.at, closed.waited_s) == (minutes(30), 86400)
    [energy] = settled(line)
    assert (energy.energy_wh, energy.meter_stop_wh) == (3500, Decimal(4500))
    assert set(energy.flags) == {Anomaly.METER_STOP_FROM_SAMPLE, Anomaly.CLOSED_UNREPORTED}
    assert line.facts("charger/", TransactionClosed) == [TransactionClosed(only(line).stream)]
    by = {one.told.actor for one in line.events if isinstance(one.fact, tx.FoundStale | tx.ClosedUnreported)}
    assert by == {ACTOR}


async def test_energy_is_never_invented() -> None:
    line = await connected()
    await start(line, wh=1000)
    await free(line)
    await look(line, 1)
    assert await look(line, 24) == CLOSED
    [energy] = settled(line)
    assert energy.energy_wh is None, "a start alone measures nothing"
    assert energy.meter_stop_wh is None


async def test_a_late_end_corrects_the_energy_once() -> None:
    line = await connected()
    number = await start(line, wh=1000)
    await meter(line, number, 4500, minutes(30))
    await free(line)
    await look(line, 1)
    await look(line, 24)
    for _ in range(3):
        await stop(line, number, 9000, minutes(60))
    assert [one.energy_wh for one in settled(line)] == [3500, 8000]
    assert len(line.facts("transaction/", tx.Ended)) == 1
    assert await look(line, 99) == NOTHING
    assert only(line).ended_at == minutes(60)


async def test_late_readings_of_a_closed_session_correct_it_too() -> None:
    line = await connected()
    number = await start(line, wh=1000)
    await meter(line, number, 4500, minutes(30))
    await free(line)
    await look(line, 1)
    await look(line, 24)
    await meter(line, number, 5000, minutes(35))
    assert [one.energy_wh for one in settled(line)] == [3500, 4000]


async def test_one_that_speaks_again_runs() -> None:
    line = await connected()
    number = await start(line, wh=1000)
    await free(line)
    assert await look(line, 1) == MARKED
    await meter(line, number, 2000, minutes(70))
    assert only(line).stale_since is None
    assert await look(line, 48) == NOTHING, "the connector was called free before the reading"


async def test_of_a_charger_that_is_away_nothing_is_known() -> None:
    line = await connected()
    await start(line)
    await free(line)
    await line.intake.record(line.desk, [Disconnected(connection="line")], line.told())
    assert await look(line, 99) == NOTHING


async def test_free_before_the_start_says_nothing() -> None:
    line = await connected()
    await free(line)
    await start(line)
    assert await look(line, 99) == NOTHING


async def test_what_another_took_the_connector_from_is_closed_too() -> None:
    line = await connected()
    first = await start(line, wh=1000)
    await meter(line, first, 1500, minutes(5))
    await start(line, wh=1500, at=minutes(10), tag="OTHER")
    [stream] = [one for one, state in line.transactions().items() if state.superseded]
    assert await look(line, 23, (stream,)) == NOTHING
    assert await look(line, 1.1, (stream,)) == CLOSED
    [energy] = settled(line)
    assert energy.energy_wh == 500
    assert line.transactions()[stream].closed


async def test_the_sessions_of_a_retired_charger_are_closed() -> None:
    line = await connected()
    await start(line)
    await line.intake.record(line.desk, [Retired(reason="gone")], line.told())
    assert await look(line, 1) == MARKED
    assert await look(line, 24) == CLOSED


async def test_its_driver_may_charge_again() -> None:
    line = await connected()
    await line.issue("CARD", max_active=1)
    await start(line)
    await free(line)
    await look(line, 1)
    await look(line, 24)
    assert len(line.facts(IdToken("CARD").stream("acme"), GivenBack)) == 1
    await stop(line, only(line).number, 9000, minutes(60))
    assert len(line.facts(IdToken("CARD").stream("acme"), GivenBack)) == 1


async def test_two_that_look_at_once_close_once() -> None:
    line = await connected()
    await start(line)
    await free(line)
    await look(line, 1)
    line.now += AFTER
    stored = line.store.append

    async def rival(events: list[object]) -> list[int]:
        line.store.append = stored  # type: ignore[method-assign]
        await reconcile(line.store, line.desk.charger.id, (), line.now, AFTER)
        return await stored(events)  # type: ignore[arg-type]

    line.store.append = rival  # type: ignore[assignment,method-assign]
    assert await reconcile(line.store, line.desk.charger.id, (), line.now, AFTER) == NOTHING
    assert len(line.facts("transaction/", tx.ClosedUnreported)) == 1


@pytest.mark.parametrize("wh", [None, 2500])
async def test_a_transaction_of_2x_is_closed_and_corrected_alike(wh: int | None) -> None:
    line = await connected(Version.V201)
    await event(line, "Started", NOON, 1000, evse={"id": 1, "connectorId": 1})
    if wh is not None:
        await event(line, "Updated", minutes(5), wh, seq=1)
    await line.say(
        "StatusNotification",
        {"timestamp": iso(line.now), "connectorStatus": "Available", "evseId": 1, "connectorId": 1},
    )
    await look(line, 1)
    assert await look(line, 24) == CLOSED
    await event(line, "Ended", minutes(9), 3000, seq=2)
    assert [one.energy_wh for one in settled(line)] == [None if wh is None else 1500, 2000]


def test_facts_read_as_they_were_told() -> None:
    """A closed session has one end in the books however it is replayed."""
    state = Transaction("transaction/acme/CP1/x")
    facts: list[Fact] = [tx.FoundStale(tx.Staleness.CONNECTOR_FREE)]
    for one in events_of(state.stream, 0, facts, Told(recorded_at=NOON, actor=ACTOR)):
        state.when(one)
    assert state.heard_at is None
    for one in events_of(
        state.stream, 1, state.close_unreported(NOON + AFTER, AFTER), Told(recorded_at=NOON, actor=ACTOR)
    ):
        state.when(one)
    assert state.over
    assert state.close_unreported(NOON + 9 * AFTER, AFTER) == []
