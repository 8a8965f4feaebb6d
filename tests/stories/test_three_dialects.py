"""One charging session told in 1.6, 2.0.1 and 2.1: the same facts, so versions do not leak."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.ocpp.versions import Version
from domain.chargers.events import StatusReported
from domain.event import Fact
from domain.transactions.events import ChargingStateChanged, Ended, EnergySettled, Metered, Started
from tests.stories.line import NOON, Line, iso

CAR_ARRIVES = NOON + timedelta(seconds=10)
CARD_SHOWN = NOON + timedelta(seconds=20)
CURRENT_FLOWS = NOON + timedelta(seconds=30)
SAMPLED = [NOON + timedelta(minutes=n) for n in (1, 2, 3)]
CAR_FULL = NOON + timedelta(minutes=4)
CAR_LEAVES = NOON + timedelta(minutes=5)
REGISTER = [1_000_500, 1_000_840, 1_001_180]
POWER_KW = ["20.4", "20.4", "7.25"]


async def tell_16(line: Line) -> None:
    async def status(word: str, at: datetime) -> None:
        await line.say(
            "StatusNotification",
            {"connectorId": 2, "errorCode": "NoError", "status": word, "timestamp": iso(at)},
        )

    await line.say("BootNotification", {"chargePointVendor": "Zeus", "chargePointModel": "Bolt"})
    await status("Available", NOON)
    await status("Preparing", CAR_ARRIVES)
    await line.say("Authorize", {"idTag": "CARD"})
    answer = await line.say(
        "StartTransaction",
        {"connectorId": 2, "idTag": "CARD", "meterStart": 1_000_000, "timestamp": iso(CARD_SHOWN)},
    )
    number = answer["transactionId"]
    await status("Charging", CURRENT_FLOWS)
    for at, wh, kw in zip(SAMPLED, REGISTER, POWER_KW, strict=True):
        values = [
            {"value": str(wh)},
            {"value": kw, "measurand": "Power.Active.Import", "unit": "kW", "location": "Outlet"},
            {"value": "30.1", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
            {"value": "229.9", "measurand": "Voltage", "unit": "V", "phase": "L1-N"},
        ]
        await line.say(
            "MeterValues",
            {
                "connectorId": 2,
                "transactionId": number,
                "meterValue": [{"timestamp": iso(at), "sampledValue": values}],
            },
        )
    await status("SuspendedEV", CAR_FULL)
    await line.say(
        "StopTransaction",
        {
            "transactionId": number,
            "meterStop": 1_001_200,
            "timestamp": iso(CAR_LEAVES),
            "reason": "EVDisconnected",
        },
    )
    await status("Available", CAR_LEAVES)


async def tell_2x(line: Line) -> None:
    seq_no = 0

    async def status(word: str, at: datetime) -> None:
        await line.say(
            "StatusNotification",
            {"evseId": 2, "connectorId": 1, "connectorStatus": word, "timestamp": iso(at)},
        )

    async def event(kind: str, trigger: str, at: datetime, info: dict[str, Any], **more: Any) -> None:
        nonlocal seq_no
        await line.say(
            "TransactionEvent",
            {
                "eventType": kind,
                "timestamp": iso(at),
                "triggerReason": trigger,
                "seqNo": seq_no,
                "transactionInfo": {"transactionId": "tx-1", **info},
                **more,
            },
        )
        seq_no += 1

    def register(at: datetime, wh: int, context: str) -> list[dict[str, Any]]:
        return [{"timestamp": iso(at), "sampledValue": [{"value": wh, "context": context}]}]

    station = {"vendorName": "Zeus", "model": "Bolt"}
    await line.say("BootNotification", {"reason": "PowerUp", "chargingStation": station})
    await status("Available", NOON)
    await status("Occupied", CAR_ARRIVES)
    token = {"idToken": "CARD", "type": "ISO14443"}
    await line.say("Authorize", {"idToken": token})
    begin = register(CARD_SHOWN, 1_000_000, "Transaction.Begin")
    place = {"id": 2, "connectorId": 1}
    await event(
        "Started",
        "Authorized",
        CARD_SHOWN,
        {"chargingState": "EVConnected"},
        meterValue=begin,
        evse=place,
        idToken=token,
    )
    await event("Updated", "ChargingStateChanged", CURRENT_FLOWS, {"chargingState": "Charging"})
    for at, wh, kw in zip(SAMPLED, REGISTER, POWER_KW, strict=True):
        values = [
            {"value": wh / 1000, "unitOfMeasure": {"unit": "kWh"}},
            {
                "value": float(kw),
                "measurand": "Power.Active.Import",
                "unitOfMeasure": {"unit": "W", "multiplier": 3},
            },
            {"value": 30.1, "measurand": "Current.Import", "unitOfMeasure": {"unit": "A"}, "phase": "L1"},
            {"value": 229.9, "measurand": "Voltage", "unitOfMeasure": {"unit": "V"}, "phase": "L1-N"},
        ]
        sampled = [{"timestamp": iso(at), "sampledValue": values}]
        await event("Updated", "MeterValuePeriodic", at, {"chargingState": "Charging"}, meterValue=sampled)
    await event("Updated", "ChargingStateChanged", CAR_FULL, {"chargingState": "SuspendedEV"})
    end = register(CAR_LEAVES, 1_001_200, "Transaction.End")
    await event("Ended", "EVDeparted", CAR_LEAVES, {"stoppedReason": "EVDisconnected"}, meterValue=end)
    await status("Available", CAR_LEAVES)


async def told_in(version: Version) -> Line:
    line = Line(version)
    await line.register()
    await line.issue("CARD")
    await (tell_16 if version is Version.V16 else tell_2x)(line)
    return line


TRANSACTION_FACTS = (Started, Metered, ChargingStateChanged, Ended, EnergySettled)


def of_transaction(line: Line) -> list[Fact]:
    """The facts without what names the transaction: our number in 1.6, the charger's reference and kind."""
    found = []
    for fact in line.facts("transaction/"):
        if isinstance(fact, Started):
            assert fact.id_token is not None
            plain = msgspec.structs.replace(fact.id_token, kind="")
            fact = msgspec.structs.replace(fact, number=0, reference="", id_token=plain)
        assert isinstance(fact, TRANSACTION_FACTS)
        found.append(fact)
    return found


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
async def test_the_same_session_makes_the_same_transaction_facts(version: Version) -> None:
    one, other = of_transaction(await told_in(Version.V16)), of_transaction(await told_in(version))
    assert one == other
    assert [type(fact).__name__ for fact in one] == [
        "Started", "ChargingStateChanged", "Metered", "Metered", "Metered", "ChargingStateChanged",
        "Ended", "EnergySettled",
    ]  # fmt: skip


@pytest.mark.parametrize("version", list(Version))
async def test_energy_and_verdict_are_what_the_meter_and_the_token_say(version: Version) -> None:
    line = await told_in(version)
    (started,) = line.facts("transaction/", Started)
    assert isinstance(started, Started)
    assert (started.evse_id, started.connector_id, started.verdict) == (2, 1, "Accepted")
    assert (started.charging_state, started.flags) == ("EVConnected", ())
    (settled,) = line.facts("transaction/", EnergySettled)
    assert isinstance(settled, EnergySettled)
    assert (settled.energy_wh, settled.flags) == (1_200, ())
    energies = [fact.energy_wh for fact in line.facts("transaction/", Metered) if isinstance(fact, Metered)]
    assert energies == [500, 840, 1180]


@pytest.mark.parametrize("version", list(Version))
async def test_connector_statuses_are_equal(version: Version) -> None:
    line = await told_in(version)
    statuses: list[tuple[int, int, str]] = []
    for fact in line.facts("charger/", StatusReported):
        assert isinstance(fact, StatusReported)
        told = (fact.evse_id, fact.connector_id, fact.status)
        if not statuses or statuses[-1] != told:  # 1.6 repeats Occupied with every new activity
            statuses.append(told)
    assert statuses == [(2, 1, "Available"), (2, 1, "Occupied"), (2, 1, "Available")]


@pytest.mark.parametrize("version", list(Version))
async def test_nothing_stays_open_and_replay_is_the_live_state(version: Version) -> None:
    line = await told_in(version)
    assert line.desk.charger.open == {}
    live = msgspec.structs.asdict(line.desk.charger)
    await line.hang_up_and_return()
    assert msgspec.structs.asdict(line.desk.charger) == live
