"""Whatever is valid by the schema maps to a report, is stored and answered; so do the frames of the field."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ocpp.frames import Call, read_frame
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.versions import Version
from application.reports import Report, Time, TransactionAnswer
from domain.catalogue import BY_TOPIC
from domain.chargers.boot import BootAnswer
from domain.chargers.events import Acceptance, DataTransferred
from domain.event import Event
from domain.id_tokens.id_token import Authorization, Verdict
from tests.ocpp_payloads import payload_maker, valid_payload
from tests.stories.line import ACTIONS, NOON, Line

FIELD = Path(os.environ.get("ZEUS_FIELD_DATA", str(Path(__file__).parents[4] / "shared" / "field")))

AUTHORIZATIONS = [
    Authorization(verdict, expires_at, group)
    for verdict, expires_at, group in product(
        Verdict, (None, NOON), ("", "G", "A" * 20, "B" * 21, "C" * 37, "D" * 300)
    )
]
OUTCOMES: dict[str, list[Any]] = {
    "Authorize": list(AUTHORIZATIONS),
    "BootNotification": [BootAnswer(acceptance, 300, NOON) for acceptance in Acceptance],
    "DataTransfer": [
        TransactionAnswer(),
        *(
            DataTransferred(vendor_id="v", answered=answered)
            for answered in ("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")
        ),
    ],
    "Heartbeat": [Time(NOON)],
    "MeterValues": [TransactionAnswer()],
    "StartTransaction": [TransactionAnswer(2**31 - 1, one) for one in (None, *AUTHORIZATIONS)],
    "StatusNotification": [None],
    "StopTransaction": [TransactionAnswer(7, one) for one in (None, *AUTHORIZATIONS)],
    "TransactionEvent": [TransactionAnswer(0, one) for one in (None, *AUTHORIZATIONS)],
}

ROUTES = [(version, action) for version, table in ACTIONS.items() for action in table if action in OUTCOMES]


@pytest.mark.parametrize(("version", "action"), ROUTES)
def test_every_outcome_is_a_valid_answer(version: Version, action: str) -> None:
    message = catalogue(version).message(Kind.ANSWER, action)
    assert message is not None
    for outcome in OUTCOMES[action]:
        answer = ACTIONS[version][action].to_answer(outcome)
        assert not message.errors(answer), (outcome, answer)
        assert orjson.loads(orjson.dumps(answer)) == answer


@pytest.mark.parametrize(("version", "action"), ROUTES)
def test_every_valid_payload_maps_to_a_report(version: Version, action: str) -> None:
    message = catalogue(version).message(Kind.REQUEST, action)
    assert message is not None
    for seed in range(300):
        payload = valid_payload(version, Kind.REQUEST, action, seed)
        assert not message.errors(payload)
        assert isinstance(ACTIONS[version][action].to_report(payload), Report)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ROUTES), st.integers(0, 2**32)), min_size=1, max_size=12))
def test_any_conversation_is_stored_answered_and_read_back(story: list[tuple[Any, int]]) -> None:
    async def talk() -> list[Event[Any]]:
        events: list[Event[Any]] = []
        for version in Version:
            line = Line(version)
            await line.register()
            for (spoken, action), seed in story:
                if spoken is version:
                    await line.say(action, valid_payload(version, Kind.REQUEST, action, seed))
            live = msgspec.structs.asdict(line.desk.charger)
            await line.hang_up_and_return()
            assert msgspec.structs.asdict(line.desk.charger) == live
            events += line.events
        return events

    for event in asyncio.run(talk()):
        assert BY_TOPIC[event.fact.TOPIC] is type(event.fact)
        stored = msgspec.json.encode(event.fact)
        assert msgspec.json.decode(stored, type=type(event.fact)) == event.fact


HUGE = 2**80
NONSENSE = ["", " ", "NaN", "Infinity", "-inf", "1e999999999", "1e-999999999", "9" * 400, "1_0", "٣", "0x1F"]


@pytest.mark.parametrize("value", NONSENSE)
async def test_a_value_that_is_no_number_stays_as_text(value: str) -> None:
    line = Line(Version.V16)
    await line.register()
    at = "2026-03-01T12:00:00Z"
    values = [{"timestamp": at, "sampledValue": [{"value": value}, {"value": "5", "unit": "kWh"}]}]
    await line.say("MeterValues", {"connectorId": 1, "meterValue": values})
    (fact,) = line.facts("charger/", BY_TOPIC["connector.metered"])
    first, second = fact.samples[0].readings  # type: ignore[attr-defined]
    if value != "٣":  # Arabic digits are digits
        assert (first.value, first.text) == (None, value)
    assert (second.value, second.unit) == (Decimal(5000), "Wh")


async def test_integers_without_bound_end_where_a_column_does() -> None:
    line = Line(Version.V16)
    await line.register()
    start = {
        "connectorId": HUGE,
        "idTag": "A",
        "meterStart": HUGE,
        "timestamp": "never",
        "reservationId": HUGE,
    }
    answer = await line.say("StartTransaction", start)
    assert 0 < answer["transactionId"] < 2**31
    stop = {"transactionId": HUGE, "meterStop": -HUGE, "timestamp": "never"}
    assert await line.say("StopTransaction", stop) == {}
    for event in line.events:
        for key, value in msgspec.structs.asdict(event.fact).items():
            assert not isinstance(value, int) or abs(value) < 2**63, key


async def test_2x_integers_without_bound_end_where_a_column_does() -> None:
    line = Line(Version.V201)
    await line.register()
    sampled = [{"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": HUGE}}]
    event = {
        "eventType": "Started",
        "timestamp": "never",
        "triggerReason": "Authorized",
        "seqNo": HUGE,
        "transactionInfo": {"transactionId": "a/b\x00~%", "remoteStartId": -HUGE},
        "evse": {"id": HUGE, "connectorId": HUGE},
        "meterValue": [{"timestamp": "never", "sampledValue": sampled}],
    }
    assert await line.say("TransactionEvent", event) == {}
    (stream,) = line.transactions()
    assert stream.count("/") == 3
    assert "\x00" not in stream
    for one in line.events:
        assert "7555786372591432341913600" not in repr(one.fact)  # 2**80 as it would be stored
        assert msgspec.json.decode(msgspec.json.encode(one.fact), type=type(one.fact)) == one.fact


def field_frames() -> Iterator[tuple[Version, str]]:
    """(version, raw) of every frame that a charger sent."""
    names = {"1.6": Version.V16, "2.0.1": Version.V201, "2.1": Version.V21}
    for path in [FIELD / "frames.jsonl", *sorted((FIELD / "sessions").glob("*.jsonl"))]:
        for text in path.read_text().splitlines():
            row = json.loads(text)
            if row["direction"] == "cp->csms" and row["version"] in names:
                yield names[row["version"]], row["raw"]


@pytest.mark.skipif(not FIELD.is_dir(), reason="no field data here")
async def test_every_core_frame_of_the_field_is_taken_and_answered() -> None:
    lines = {version: Line(version) for version in Version}
    taken = 0
    for line in lines.values():
        await line.register()
        line.now += timedelta(days=1)
    for version, raw in field_frames():
        frame = read_frame(raw, version)
        if not isinstance(frame, Call) or frame.action not in OUTCOMES:
            continue
        message = catalogue(version).message(Kind.REQUEST, frame.action)
        assert message is not None
        if message.is_valid(frame.payload):
            await lines[version].say(frame.action, frame.payload)
            taken += 1
    assert taken > 150


def test_the_payload_maker_reaches_every_core_action() -> None:
    assert {action for _, action in ROUTES} == set(OUTCOMES)
    for version, action in ROUTES:
        assert payload_maker(version, Kind.REQUEST, action) is not None
