"""The way of a report: decided on what is stored, committed once, and never acknowledged when in doubt."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import ATTEMPTS, Intake, ReportNotSettled
from application.ports import Snapshot, StoreUnavailable
from application.reports import Report, Withheld
from application.rules import Rules
from application.snapshots import KIND, SNAPSHOT_EVERY, load_charger, snapshot_of
from domain.chargers.boot import BootReport
from domain.chargers.charger import Charger
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    Booted,
    Connected,
    Disconnected,
    FrameIgnored,
    HeartbeatReceived,
    MessageWithheld,
    Metered,
    Registered,
    StatusReported,
    TransactionClosed,
    TransactionOpened,
)
from domain.event import Fact, Told
from domain.identity import ChargerId
from domain.metering import UNTIMED, Reading, Sample
from domain.transactions.events import Started
from tests.fakes.staged_store import StagedEventStore
from tests.stories.line import NOON, Line, iso

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOLD = Told(recorded_at=NOW, connection="c1", frame="[2]", cause="1")
CP = ChargerId.of("t", "CP1")
BEAT = Report(HeartbeatReceived())


async def opened(store: StagedEventStore) -> tuple[Intake, Desk]:
    """The desk of a charger just registered."""
    intake, desk = Intake(store, Rules()), Desk(store, Charger(CP))
    await intake.record(desk, [Registered(cpid="CP1", security_profile=0)], Told(recorded_at=NOW))
    return intake, desk


async def beat(intake: Intake, desk: Desk) -> str | None:
    return await intake.take(desk, "Heartbeat", BEAT, TOLD, lambda _: "beaten")


def facts(store: StagedEventStore) -> list[Fact]:
    return [one.event.fact for one in store.log]


async def test_who_finds_another_writer_first_decides_on_what_is_now_true() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    store.before = [partial(store.intrude, CP.stream, AcceptanceDecided(Acceptance.REJECTED), TOLD)]
    outcomes: list[object] = []

    def compose(outcome: object) -> str:
        outcomes.append(outcome)
        return f"reply {len(outcomes)}"

    assert await intake.take(desk, "Heartbeat", BEAT, TOLD, compose) == "reply 2"
    assert outcomes[-1] == Withheld(Acceptance.REJECTED)
    assert facts(store)[2:] == [MessageWithheld(action="Heartbeat", acceptance=Acceptance.REJECTED)]
    told = store.log[-1].event.told
    assert (told.frame, told.reply) == ("[2]", "reply 2"), "the reply that was sent, not the one thrown away"


async def test_who_is_never_first_is_asked_to_send_again_and_may() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    meanwhile = partial(store.intrude, CP.stream, FrameIgnored(reason="other"), TOLD)
    store.before = [meanwhile] * ATTEMPTS
    with pytest.raises(ReportNotSettled):
        await beat(intake, desk)
    assert HeartbeatReceived() not in facts(store)
    assert await beat(intake, desk) == "beaten"
    assert facts(store).count(HeartbeatReceived()) == 1
    store.before = [meanwhile] * ATTEMPTS
    with pytest.raises(ReportNotSettled):
        await intake.record(desk, [HeartbeatReceived()], TOLD)
    assert facts(store).count(HeartbeatReceived()) == 1


async def test_an_answer_lost_on_its_way_is_looked_up_before_the_next_decision() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    store.answers_lost = 1
    with pytest.raises(StoreUnavailable):
        await beat(intake, desk)
    assert desk.stale
    assert await beat(intake, desk) == "beaten"
    assert not desk.stale
    assert desk.charger == await load_charger(store, CP)
    assert [one.event.originator_version for one in store.log] == [1, 2, 3]


@pytest.mark.parametrize("version", list(Version))
async def test_a_start_whose_confirmation_was_lost_is_no_second_transaction(version: Version) -> None:
    store = StagedEventStore()
    line = Line(version, store=store)
    await line.register()
    action, payload = start_of(version)
    store.answers_lost = 1
    with pytest.raises(StoreUnavailable):
        await line.say(action, payload)
    answer = await line.say(action, payload)
    assert len(line.transactions()) == 1
    assert [type(fact) for fact in line.facts("transaction/")].count(Started) == 1
    if version is Version.V16:
        assert line.numbers() == [answer["transactionId"]]


def start_of(version: Version) -> tuple[str, dict[str, Any]]:
    at = iso(NOON)
    if version is Version.V16:
        return "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": at}
    return "TransactionEvent", {
        "eventType": "Started",
        "timestamp": at,
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T1"},
        "evse": {"id": 1, "connectorId": 1},
    }


async def test_a_store_that_is_down_leaves_nothing_behind() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    store.unavailable = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await beat(intake, desk)
    store.unavailable = False
    assert facts(store) == [Registered(cpid="CP1", security_profile=0)]
    assert await beat(intake, desk) == "beaten"


async def test_nothing_to_say_is_nothing_written() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    desk.stale = True
    await intake.disconnected(desk, "c0", 1006, "late news", TOLD)
    assert len(store.log) == 1
    assert not desk.stale


async def test_a_reading_without_a_readable_time_has_ours() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    sample = Sample(UNTIMED, "Sample.Periodic", (Reading("Voltage", Decimal(230)),))
    body = Metered(evse_id=1, connector_id=1, samples=(sample,))
    await intake.take(desk, "MeterValues", Report(body), TOLD, lambda _: None)
    assert facts(store)[-1] == msgspec.structs.replace(
        body, samples=(msgspec.structs.replace(sample, at=NOW),)
    )


async def test_a_boot_is_heard_before_acceptance_and_nothing_else() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    await intake.record(desk, [AcceptanceDecided(Acceptance.PENDING)], TOLD)
    boot = Report(BootReport(vendor="V", model="M"))
    await intake.take(desk, "BootNotification", boot, TOLD, lambda _: None)
    await beat(intake, desk)
    assert [type(fact) for fact in facts(store)[2:]] == [Booted, MessageWithheld]


async def beats(intake: Intake, desk: Desk, until: int) -> None:
    while desk.charger.version < until:
        await beat(intake, desk)
    await intake.finish()


async def test_a_snapshot_is_taken_at_each_two_hundredth_event() -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    await beats(intake, desk, SNAPSHOT_EVERY - 1)
    assert await store.snapshot(CP.stream) is None
    for n in (1, 2):
        await beats(intake, desk, n * SNAPSHOT_EVERY)
        taken = await store.snapshot(CP.stream)
        assert taken is not None
        assert (taken.version, taken.kind) == (n * SNAPSHOT_EVERY, KIND)
    await intake.record(desk, [HeartbeatReceived()] * (SNAPSHOT_EVERY + 7), TOLD)
    await intake.finish()
    taken = await store.snapshot(CP.stream)
    assert taken is not None
    assert taken.version == desk.charger.version == 3 * SNAPSHOT_EVERY + 7, "a unit over the mark: after it"


class NoSnapshots(StagedEventStore):
    """A store that takes events and no snapshots."""

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Never."""
        raise StoreUnavailable("no snapshots today")


async def test_a_snapshot_that_fails_costs_no_message() -> None:
    store = NoSnapshots()
    intake, desk = await opened(store)
    await beats(intake, desk, SNAPSHOT_EVERY + 1)
    assert desk.charger == await load_charger(store, CP)


connections = st.sampled_from(["c1", "c2"])
streams = st.sampled_from([f"transaction/t/CP1/{n}" for n in ("1", "2", "ref~2")])
charger_facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        lambda name: Connected(connection=name, gateway="g", protocol="1.6", security_profile=0), connections
    ),
    st.builds(lambda name: Disconnected(connection=name), connections),
    st.builds(
        lambda version: Booted(
            vendor="V", model="M", answered=Acceptance.ACCEPTED, interval_s=300, firmware=version
        ),
        st.sampled_from(["1", "2"]),
    ),
    st.builds(AcceptanceDecided, st.sampled_from(list(Acceptance))),
    st.builds(
        lambda evse, what: StatusReported(evse_id=evse, connector_id=1, status="Occupied", activity=what),
        st.integers(0, 70),
        st.sampled_from(["", "Charging"]),
    ),
    st.builds(
        lambda stream, evse: TransactionOpened(
            transaction=stream, evse_id=evse, connector_id=1, started_at=NOW, reference="ref", number=evse
        ),
        streams,
        st.integers(1, 3),
    ),
    st.builds(TransactionClosed, streams),
    st.just(HeartbeatReceived()),
)


@settings(deadline=None)
@given(st.lists(charger_facts, max_size=40), st.data())
async def test_a_charger_loaded_from_a_snapshot_is_the_charger_replayed(
    life: list[Fact], data: st.DataObject
) -> None:
    store = StagedEventStore()
    intake, desk = await opened(store)
    at = data.draw(st.integers(0, len(life)))
    for n, fact in enumerate([*life, HeartbeatReceived()]):
        if n == at:
            await store.save_snapshot(snapshot_of(desk.charger))
        late = timedelta(seconds=data.draw(st.integers(-30, 30)))
        await intake.record(desk, [fact], Told(recorded_at=NOW, occurred_at=NOW - late))
    replayed = Charger(CP)
    for event in await store.read(CP.stream):
        replayed.when(event)
    assert await load_charger(store, CP) == replayed == desk.charger
    assert list((await load_charger(store, CP)).open) == list(replayed.open), "the order counts"


async def test_a_snapshot_of_another_shape_is_not_read() -> None:
    store = StagedEventStore()
    _, desk = await opened(store)
    other = Snapshot(CP.stream, 1, "charger/of-old", msgspec.json.encode({"id": "?"}))
    await store.save_snapshot(other)
    assert await load_charger(store, CP) == desk.charger
