"""What a session counts of the frames that pass, by labels of our own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.ocpp.counters import OTHER, Counters
from adapters.ocpp.session import Session
from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import Intake
from application.reports import Report, Time
from application.rules import Rules
from application.snapshots import load_charger
from domain.chargers.events import HeartbeatReceived, Registered
from domain.event import Told, events_of
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore

CHARGER = ChargerId.of("zeus", "CP1")


class Heartbeat:
    """The 1.6 action, as small as it gets."""

    @staticmethod
    def to_report(payload: Mapping[str, Any]) -> Report:
        """Nothing in it."""
        return Report(HeartbeatReceived())

    @staticmethod
    def to_answer(outcome: Any) -> dict[str, Any]:
        """Our time."""
        assert isinstance(outcome, Time)
        return {"currentTime": outcome.now.isoformat()}


@pytest.fixture
def store() -> InMemoryEventStore:
    """Empty."""
    return InMemoryEventStore()


async def session_on(store: InMemoryEventStore, counters: Counters, sent: list[str]) -> Session:
    """A session of a registered charger."""
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC), actor="user:test")
    await store.append(events_of(CHARGER.stream, 0, [Registered(cpid="CP1", security_profile=0)], told))
    desk = Desk(store, await load_charger(store, CHARGER))

    async def send(text: str) -> None:
        sent.append(text)

    intake = Intake(store, Rules())
    return Session(desk, intake, Version.V16, {"Heartbeat": Heartbeat}, "c1", send, counters=counters)


async def test_calls_answers_faults_and_repairs_are_counted(store: InMemoryEventStore) -> None:
    counters, sent = Counters(), list[str]()
    session = await session_on(store, counters, sent)
    await session.receive('[2,"1","Heartbeat",{}]')
    await session.receive('[2,"2","Heartbeat",{},]')  # a trailing comma is mended
    await session.receive('[2,"4","MadeUpByTheCharger",{}]')
    await session.receive("rubbish")
    await session.receive('[3,"77",{}]')
    assert counters.frames == {
        ("in", "call", "Heartbeat"): 2,
        ("in", "call", OTHER): 1,
        ("in", "unreadable", OTHER): 1,
        ("in", "result", OTHER): 1,
        ("out", "result", "Heartbeat"): 2,
        ("out", "error", OTHER): 1,
    }
    assert len(sent) == 3
    assert counters.repaired == {"trailing_comma": 1}
    assert counters.invalid == {"action": 1, "not_json": 1, "orphan_result": 1}
    assert counters.errors_sent == {"NotImplemented": 1}
    assert {action: sum(h.counts) for action, h in counters.inbound.items()} == {"Heartbeat": 2, OTHER: 1}


async def test_a_store_that_is_down_is_an_error_sent(store: InMemoryEventStore) -> None:
    counters, sent = Counters(), list[str]()
    session = await session_on(store, counters, sent)
    store.unavailable = True
    await session.receive('[2,"1","Heartbeat",{}]')
    assert counters.errors_sent == {"InternalError": 1}
    assert counters.frames["out", "error", "Heartbeat"] == 1
