"""What the wire layer costs per message: read, check and answer, beside the floor: decode and encode alone.

    python -m tests.bench_wire

Prints µs of CPU per message, the best of five runs, and the ratio to the floor measured in the same run.
"""

import sys
from collections.abc import Callable
from functools import partial
from time import process_time

import orjson

from adapters.ocpp.frames import Call, call_result, read_frame
from adapters.ocpp.repairs import Repaired, admit
from adapters.ocpp.schemas import Catalogue, Kind, catalogue
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.versions import Version

ROUNDS = 5
MESSAGES = 20_000
SAMPLE = (
    '{"value":"2145278.5","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","unit":"A"}'
)
EVENT = (
    '{"eventType":"Updated","timestamp":"2023-03-30T01:58:48Z","triggerReason":"MeterValuePeriodic","seqNo":5,'
    '"transactionInfo":{"transactionId":"AB1234"},"meterValue":[{"timestamp":"2023-03-30T01:58:48Z",'
    '"sampledValue":[{"value":2145278.5,"measurand":"Energy.Active.Import.Register"}]}]}'
)


def meter_values(samples: int) -> str:
    """A 1.6 MeterValues frame."""
    listed = ",".join([SAMPLE] * samples)
    return (
        '[2,"19223201","MeterValues",{"connectorId":1,"transactionId":7,"meterValue":'
        f'[{{"timestamp":"2023-03-30T01:58:48.001Z","sampledValue":[{listed}]}}]}}]'
    )


STATUS = (
    '[2,"19223201","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available",'
    '"timestamp":"2023-03-30T01:58:48.001Z"}]'
)
FRAMES: tuple[tuple[str, Version, str, dict[str, object]], ...] = (
    ("Heartbeat", Version.V16, '[2,"19223201","Heartbeat",{}]', {"currentTime": "2023-03-30T01:58:48.001Z"}),
    ("StatusNotification", Version.V16, STATUS, {}),
    ("… repaired", Version.V16, STATUS.replace('"connectorId":1', '"connectorId":"1"'), {}),
    ("MeterValues×4", Version.V16, meter_values(4), {}),
    ("MeterValues×20", Version.V16, meter_values(20), {}),
    ("TransactionEvent 2.0.1", Version.V201, f'[2,"19223201","TransactionEvent",{EVENT}]', {}),
)


def answered(text: str, known: Catalogue, answer: dict[str, object]) -> str:
    """The wire's part of a message, without a domain."""
    frame = read_frame(text, known.version)
    assert isinstance(frame, Call)
    request = known.message(Kind.REQUEST, frame.action)
    response = known.message(Kind.ANSWER, frame.action)
    assert request is not None
    assert response is not None
    assert isinstance(admit(request, frame.payload), Repaired)
    assert response.is_valid(answer)
    return call_result(frame.message_id, answer)


def floor(text: str, answer: dict[str, object]) -> bytes:
    """Decoding and encoding alone."""
    return orjson.dumps([3, orjson.loads(text)[1], answer])


def cost_us(work: Callable[[], object]) -> float:
    """CPU per call in µs, the best of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = process_time()
        for _ in range(MESSAGES):
            work()
        best = min(best, process_time() - began)
    return best / MESSAGES * 1e6


def main() -> None:
    """Print the table."""
    for name, version, text, answer in FRAMES:
        ours = cost_us(partial(answered, text, catalogue(version), answer))
        least = cost_us(partial(floor, text, answer))
        sys.stdout.write(f"{name:24} {ours:6.2f} µs   floor {least:5.2f} µs   {ours / least:4.1f}×\n")
    sys.stdout.write(
        f"{'timestamp':24} {cost_us(lambda: read_timestamp('2023-03-30T01:58:48.001Z')):6.2f} µs\n"
    )
    for version in Version:
        catalogue.cache_clear()
        began = process_time()
        catalogue(version).warm()
        sys.stdout.write(f"compile all of {version:9} {(process_time() - began) * 1e3:6.1f} ms\n")


if __name__ == "__main__":
    main()
