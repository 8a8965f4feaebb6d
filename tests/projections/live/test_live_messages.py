"""Every fact is told or deliberately not, whatever is in it; and the table of messages is the whole table."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import FACTS
from domain.chargers.events import HeartbeatReceived, StatusReported, TokenPresented
from domain.event import Event, Fact, Told
from domain.identity import IdToken
from domain.tenants.roles import Right
from projections.live.catalogue import OCPP_MESSAGE, SILENT, TELLERS, messages_of
from projections.live.message import Message
from projections.live.types import ABOUT_THE_STREAM, TYPES
from tests.adapters.eventstore.test_mapper import _structs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRAME = '[2,"1","Heartbeat",{}]'


def event_of(fact: Fact, stream: str = "transaction/acme/CP1/k", frame: str | None = None) -> Event[Fact]:
    told = Told(recorded_at=NOON, occurred_at=NOON, frame=frame)
    return Event(originator_id=stream, originator_version=1, fact=fact, told=told)


def test_every_fact_is_told_or_deliberately_silent_and_none_is_both() -> None:
    assert set(TELLERS) | set(SILENT) == set(FACTS)
    assert not set(TELLERS) & set(SILENT)
    assert all(reason for reason in SILENT.values())


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TOPIC)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_a_fact_holds_its_messages_can_be_written(fact: type[Fact], data: st.DataObject) -> None:
    event = event_of(data.draw(_structs(fact)), frame=FRAME)
    messages = messages_of(event)
    assert messages_of(event) == messages, "told twice is told the same"
    assert messages[-1].type == OCPP_MESSAGE
    assert messages_of(event, frames=False) == messages[:-1], "the frame changes no place"
    for message in messages:
        assert message.type in TYPES
        assert isinstance(json.loads(msgspec.json.encode(message.data)), dict)
        assert None not in message.data.values() or message.type == "session.reconciled"
    if fact in SILENT:
        assert len(messages) == 1


def test_the_table_has_no_message_that_nobody_tells() -> None:
    met: set[str] = set()

    @settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def meet(data: st.DataObject) -> None:
        for fact in TELLERS:
            event = event_of(data.draw(_structs(fact)), frame=FRAME)
            met.update(message.type for message in messages_of(event))

    meet()
    assert met == set(TYPES)
    assert not set(TYPES) & set(ABOUT_THE_STREAM)


def test_a_frame_is_for_engineers() -> None:
    (message,) = messages_of(event_of(HeartbeatReceived(), "charger/acme/CP1", FRAME))
    assert message == Message(
        type=OCPP_MESSAGE,
        charger="CP1",
        data={"event": "charger.heartbeat_received", "direction": "in", "frame": FRAME},
        right=Right.ENGINEER,
    )


def test_what_is_not_known_is_left_out() -> None:
    fact = StatusReported(evse_id=2, connector_id=1, status="Available")
    (message,) = messages_of(event_of(fact, "charger/acme/CP1"))
    assert (message.charger, message.connector, message.session) == ("CP1", 2, None)
    assert message.data == {"at": NOON, "connector_id": 1, "status": "Available"}


def test_a_token_is_shown_as_the_log_has_it() -> None:
    fact = TokenPresented(id_token=IdToken("04AA", "ISO14443"), verdict="Accepted", evse_id=1)
    (message,) = messages_of(event_of(fact, "charger/acme/CP1"))
    assert message.data["id_token"] == {"value": "04AA", "kind": "ISO14443"}
