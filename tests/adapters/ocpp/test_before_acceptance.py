"""Before acceptance there is one answer to everything but the boot, whatever else is wrong with a message."""

import json
from datetime import UTC, datetime

import pytest

from adapters.ocpp.session import Session
from adapters.ocpp.v21.actions import ACTIONS
from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import Intake
from application.rules import Rules
from application.snapshots import load_charger
from domain.chargers.events import Acceptance, AcceptanceDecided, FrameRejected, MessageWithheld, Registered
from domain.event import Told, events_of
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore

CHARGER = ChargerId.of("t", "CP1")
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}


async def _session(acceptance: Acceptance, sent: list[str]) -> tuple[Session, InMemoryEventStore]:
    store = InMemoryEventStore()
    facts = [Registered(cpid="CP1", security_profile=0), AcceptanceDecided(acceptance)]
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC), actor="user:test")
    await store.append(events_of(CHARGER.stream, 0, facts, told))

    async def send(text: str) -> None:
        sent.append(text)

    desk = Desk(store, await load_charger(store, CHARGER))
    return Session(desk, Intake(store, Rules()), Version.V21, ACTIONS, "c1", send), store


@pytest.mark.parametrize("acceptance", [Acceptance.PENDING, Acceptance.REJECTED])
@pytest.mark.parametrize(
    ("action", "payload", "fact"),
    [
        ("Heartbeat", {}, MessageWithheld),
        ("StatusNotification", {}, FrameRejected),
        ("MadeUp", {}, FrameRejected),
        ("SetVariables", {}, FrameRejected),
    ],
)
async def test_every_other_call_is_a_security_error(
    acceptance: Acceptance, action: str, payload: dict[str, object], fact: type
) -> None:
    sent = list[str]()
    session, store = await _session(acceptance, sent)
    await session.receive(json.dumps([2, "1", action, payload]))
    assert json.loads(sent[0])[:3] == [4, "1", "SecurityError"]
    assert type(store.log[-1].event.fact) is fact


@pytest.mark.parametrize("acceptance", list(Acceptance))
async def test_the_boot_is_always_judged_on_its_own(acceptance: Acceptance) -> None:
    sent = list[str]()
    session, _ = await _session(acceptance, sent)
    await session.receive(json.dumps([2, "1", "BootNotification", BOOT]))
    await session.receive(json.dumps([2, "2", "BootNotification", {}]))
    assert json.loads(sent[0])[2]["status"] == acceptance.value
    assert json.loads(sent[1])[2] == "OccurrenceConstraintViolation"
