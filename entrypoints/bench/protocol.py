"""The protocol alone: parse, validate, map, answer, in this process, without sockets and without a database."""

from typing import Any

from adapters.ocpp.frames import Call, call_result, read_frame
from adapters.ocpp.repairs import Repaired, admit
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.versions import Version
from application import clock
from application.reports import Time, TransactionAnswer
from entrypoints.bench.floors import best_us, json_us
from entrypoints.bench.messages import heartbeat, meter_values, status
from entrypoints.bench.report import Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.wiring import ACTIONS

OUTCOMES: dict[str, Any] = {"StatusNotification": None, "MeterValues": TransactionAnswer()}


def measure(scale: Scale, tell: Tell) -> Results:
    """µs of CPU a message for each version, beside decoding and encoding the JSON alone."""
    tell("the protocol without sockets and database")
    results: Results = {}
    for version in Version:
        for action, payload in (heartbeat(), status(version, "Available"), meter_values(version, 1_234_567)):
            frame = f'[2,"19223201","{action}",{payload}]'
            answer = _answer(frame, version)
            name = f"protocol.{version}.{action}"
            cost = best_us(lambda frame=frame, version=version: _answer(frame, version), scale.rounds)  # type: ignore[misc]
            least = json_us(frame, answer, scale.rounds)
            results[name] = {"us": cost, "json_us": least, "ratio": cost / least}
    return results


def _answer(text: str, version: Version) -> dict[str, Any]:
    """What the edge does with one message; the payload of the answer."""
    known = catalogue(version)
    call = read_frame(text, version)
    assert isinstance(call, Call)  # noqa: S101 - our own frame
    request, response = known.message(Kind.REQUEST, call.action), known.message(Kind.ANSWER, call.action)
    action = ACTIONS[version][call.action]
    assert request is not None  # noqa: S101
    assert response is not None  # noqa: S101
    admitted = admit(request, call.payload)
    assert isinstance(admitted, Repaired)  # noqa: S101
    action.to_report(admitted.payload)
    payload = action.to_answer(OUTCOMES.get(call.action) or Time(clock.now()))
    assert response.is_valid(payload)  # noqa: S101
    call_result(call.message_id, payload)
    return payload
