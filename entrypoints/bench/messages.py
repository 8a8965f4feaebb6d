"""What the chargers of the load say: a generator per charger that yields messages and is sent the answers.

Written for the load generator's cost: text with few holes, not the simulator's careful firmware.
"""

import itertools
import json
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import TypeAlias

from adapters.ocpp.versions import Version
from application import clock

Life: TypeAlias = Generator[tuple[str, str], bytes, None]
"""Yields (action, payload); is sent the whole answer frame."""

SESSION_READINGS = 8


class Moment:
    """The time as text, made anew at most every 50 ms: thousands of messages a second need no more."""

    def __init__(self) -> None:
        self._until = 0.0
        self._text = ""

    def text(self) -> str:
        """RFC 3339, milliseconds, `Z`."""
        now = clock.monotonic()
        if now > self._until:
            self._until = now + 0.05
            self._text = clock.now().astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        return self._text


MOMENT = Moment()

READINGS = (
    '{{"value":"{wh}","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"}},'
    '{{"value":"7400.0","measurand":"Power.Active.Import","unit":"W"}},'
    '{{"value":"32.1","measurand":"Current.Import","phase":"L1","unit":"A"}},'
    '{{"value":"230.4","measurand":"Voltage","phase":"L1","unit":"V"}}'
)
READINGS_2X = (
    '{{"value":{wh},"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register",'
    '"unitOfMeasure":{{"unit":"Wh"}}}},'
    '{{"value":7400.0,"measurand":"Power.Active.Import","unitOfMeasure":{{"unit":"W"}}}},'
    '{{"value":32.1,"measurand":"Current.Import","phase":"L1","unitOfMeasure":{{"unit":"A"}}}},'
    '{{"value":230.4,"measurand":"Voltage","phase":"L1","unitOfMeasure":{{"unit":"V"}}}}'
)


def token_of(number: int) -> str:
    """The id token of the driver at charger `number`."""
    return f"04B0{number:08X}"


def boot(version: Version) -> tuple[str, str]:
    """BootNotification."""
    if version is Version.V16:
        return "BootNotification", '{"chargePointVendor":"Zeus","chargePointModel":"Bench"}'
    station = '{"vendorName":"Zeus","model":"Bench"}'
    return "BootNotification", f'{{"reason":"PowerUp","chargingStation":{station}}}'


def heartbeat() -> tuple[str, str]:
    """Heartbeat of every version."""
    return "Heartbeat", "{}"


def status(version: Version, word: str) -> tuple[str, str]:
    """StatusNotification of connector 1."""
    at = MOMENT.text()
    if version is Version.V16:
        payload = f'{{"connectorId":1,"errorCode":"NoError","status":"{word}","timestamp":"{at}"}}'
    else:
        payload = f'{{"timestamp":"{at}","connectorStatus":"{word}","evseId":1,"connectorId":1}}'
    return "StatusNotification", payload


def meter_values(version: Version, wh: int, number: int = 0) -> tuple[str, str]:
    """MeterValues with four readings; in 1.6 of transaction `number`, unless it is 0."""
    at = MOMENT.text()
    if version is Version.V16:
        of = f'"transactionId":{number},' if number else ""
        values = f'[{{"timestamp":"{at}","sampledValue":[{READINGS.format(wh=wh)}]}}]'
        return "MeterValues", f'{{"connectorId":1,{of}"meterValue":{values}}}'
    values = f'[{{"timestamp":"{at}","sampledValue":[{READINGS_2X.format(wh=wh)}]}}]'
    return "MeterValues", f'{{"evseId":1,"meterValue":{values}}}'


def heartbeats(version: Version, charger: int) -> Life:
    """Heartbeats alone."""
    del version, charger
    while True:
        yield heartbeat()


def statuses(version: Version, charger: int) -> Life:
    """StatusNotifications alone."""
    del charger
    while True:
        yield status(version, "Available")
        yield status(version, "Unavailable")


def readings(version: Version, charger: int) -> Life:
    """MeterValues×4 outside transactions, alone."""
    for wh in itertools.count(1000 * charger + 1, 50):
        yield meter_values(version, wh)


def mixed(version: Version, charger: int) -> Life:
    """Charging sessions with what is said around them: of 14 messages 8 are readings, 2 heartbeats.

    Chargers begin at different places of the cycle, else all would start their sessions together.
    """
    for _ in range(charger % 14):
        yield heartbeat()
    session = _session_16 if version is Version.V16 else _session_2x
    for n in itertools.count(1):
        yield heartbeat()
        yield from session(version, charger, n)
        yield heartbeat()


def _session_16(version: Version, charger: int, n: int) -> Life:
    wh = 100_000 * n
    yield status(version, "Charging")
    answer = yield (
        "StartTransaction",
        f'{{"connectorId":1,"idTag":"{token_of(charger)}","meterStart":{wh},"timestamp":"{MOMENT.text()}"}}',
    )
    number = json.loads(answer)[-1].get("transactionId", 1)  # an echo, the floor, gives out none
    for _ in range(SESSION_READINGS):
        wh += 50
        yield meter_values(version, wh, number)
    stop = f'"transactionId":{number},"meterStop":{wh},"timestamp":"{MOMENT.text()}","reason":"Local"'
    yield "StopTransaction", f"{{{stop}}}"
    yield status(version, "Available")


def _session_2x(version: Version, charger: int, n: int) -> Life:
    wh = 100_000 * n
    yield status(version, "Occupied")
    reference = f"{clock.time_ordered_id()}-{charger}"
    token = f',"idToken":{{"idToken":"{token_of(charger)}","type":"ISO14443"}}'
    place = ',"evse":{"id":1,"connectorId":1}'
    yield _event("Started", "Authorized", 0, reference, wh, place + token)
    for seq_no in range(1, SESSION_READINGS + 1):
        wh += 50
        yield _event("Updated", "MeterValuePeriodic", seq_no, reference, wh, "")
    yield _event("Ended", "EVDeparted", SESSION_READINGS + 1, reference, wh, "")
    yield status(version, "Available")


def _event(phase: str, trigger: str, seq_no: int, reference: str, wh: int, more: str) -> tuple[str, str]:
    at = MOMENT.text()
    return "TransactionEvent", (
        f'{{"eventType":"{phase}","timestamp":"{at}","triggerReason":"{trigger}","seqNo":{seq_no},'
        f'"transactionInfo":{{"transactionId":"{reference}","chargingState":"Charging"}},'
        f'"meterValue":[{{"timestamp":"{at}","sampledValue":[{READINGS_2X.format(wh=wh)}]}}]{more}}}'
    )


KINDS: dict[str, Callable[[Version, int], Life]] = {
    "heartbeat": heartbeats,
    "status": statuses,
    "meter_values": readings,
    "mix": mixed,
}
"""What may be said in a loop."""


def version_of(charger: int) -> Version:
    """The fleet: half of it 1.6, the rest 2.0.1 and 2.1."""
    return (Version.V16, Version.V201, Version.V16, Version.V21)[charger % 4]


def now_text(at: datetime) -> str:
    """`at` as a person reads it in a report."""
    return at.strftime("%Y-%m-%d %H:%M UTC")
