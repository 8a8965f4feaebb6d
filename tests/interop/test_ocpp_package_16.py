"""The 1.6 client of the `ocpp` package charges a car at a real server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ocpp.exceptions import OCPPError
from ocpp.v16 import ChargePoint, call

from tests.e2e.log import Line, of_charger
from tests.e2e.zeus_process import ZeusProcess
from tests.interop.station import BLOCKED, GOOD, GROUP, UNKNOWN, at, station

BOOT = {"charge_point_model": "M1", "charge_point_vendor": "Foreign", "firmware_version": "1.0"}


def energy(minute: int, wh: int) -> list[dict[str, Any]]:
    """A register reading."""
    value = {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    return [{"timestamp": at(minute), "sampled_value": [value]}]


def ended(server: ZeusProcess, cpid: str) -> list[Line]:
    """The ends of transactions of a charger."""
    return [line for line in of_charger(server.dsn, cpid) if line.topic == "transaction.ended"]


async def test_a_whole_session(server: ZeusProcess) -> None:
    cpid = "INTEROP-16"
    async with station(server, cpid, "1.6", ChargePoint, call) as charger:
        boot = await charger.say("BootNotification", **BOOT)
        assert boot.status == "Accepted"
        assert abs(datetime.fromisoformat(boot.current_time) - datetime.now(UTC)) < timedelta(minutes=1)
        assert boot.interval > 0
        status = {"connector_id": 1, "error_code": "NoError", "timestamp": at(0)}
        await charger.say("StatusNotification", status="Available", **status)
        assert (await charger.say("Heartbeat")).current_time

        allowed = await charger.say("Authorize", id_tag=GOOD.lower())
        assert allowed.id_tag_info == {"status": "Accepted", "parent_id_tag": GROUP}
        await charger.say("StatusNotification", status="Preparing", **status)
        start = {"connector_id": 1, "id_tag": GOOD, "meter_start": 1000, "timestamp": at(1)}
        started = await charger.say("StartTransaction", **start)
        assert started.id_tag_info["status"] == "Accepted"
        assert started.transaction_id > 0
        again = await charger.say("StartTransaction", **start)
        assert again.transaction_id == started.transaction_id, "a repetition is no second transaction"
        readings = {"connector_id": 1, "transaction_id": started.transaction_id}
        await charger.say("MeterValues", meter_value=energy(5, 2000), **readings)
        stopped = await charger.say(
            "StopTransaction", transaction_id=started.transaction_id, meter_stop=4200, timestamp=at(9),
            id_tag=GOOD, reason="Local", transaction_data=energy(8, 4100),
        )  # fmt: skip
        assert stopped.id_tag_info["status"] == "Accepted"
        await charger.say("StatusNotification", status="Available", **status)
    assert [line.fact["reason"] for line in ended(server, cpid)] == ["Local"]


async def test_tokens_that_may_not_charge_are_named_and_still_get_a_transaction(server: ZeusProcess) -> None:
    async with station(server, "INTEROP-16-TAGS", "1.6", ChargePoint, call) as charger:
        await charger.say("BootNotification", **BOOT)
        for tag, word in ((BLOCKED, "Blocked"), (UNKNOWN, "Invalid")):
            assert (await charger.say("Authorize", id_tag=tag)).id_tag_info["status"] == word
            start = {"connector_id": 1, "id_tag": tag, "meter_start": 0, "timestamp": at(1)}
            started = await charger.say("StartTransaction", **start)
            assert started.id_tag_info["status"] == word
            assert started.transaction_id > 0


async def test_an_end_of_transaction_minus_one_is_taken(server: ZeusProcess) -> None:
    cpid = "INTEROP-16-MINUS"
    async with station(server, cpid, "1.6", ChargePoint, call) as charger:
        await charger.say("BootNotification", **BOOT)
        await charger.say("MeterValues", connector_id=1, transaction_id=-1, meter_value=energy(1, 5))
        await charger.say("StopTransaction", transaction_id=-1, meter_stop=10, timestamp=at(2))
    assert len(ended(server, cpid)) == 1


async def test_notices_of_the_security_extension_and_vendors(server: ZeusProcess) -> None:
    async with station(server, "INTEROP-16-MORE", "1.6", ChargePoint, call) as charger:
        await charger.say("BootNotification", **BOOT)
        await charger.say(
            "SecurityEventNotification", type="TamperDetectionActivated", timestamp=at(0), tech_info=None
        )
        await charger.say("FirmwareStatusNotification", status="Idle")
        await charger.say("DiagnosticsStatusNotification", status="Idle")
        await charger.say("LogStatusNotification", status="Idle", request_id=1)
        await charger.say("SignedFirmwareStatusNotification", status="Installed", request_id=2)
        assert (await charger.say("SignCertificate", csr="-----BEGIN")).status == "Rejected"
        assert (await charger.say("DataTransfer", vendor_id="nobody")).status == "UnknownVendorId"


@pytest.mark.parametrize(
    ("action", "fields", "code"),
    [
        ("ClearCache", {}, "NotSupported"),
        ("StatusNotification", {"connector_id": 1, "error_code": "NoError", "status": "Odd"}, "Property"),
        (
            "StartTransaction",
            {"connector_id": 1, "id_tag": None, "meter_start": 0, "timestamp": at(0)},
            "Occurence",
        ),
    ],
)
async def test_a_refusal_is_one_the_client_understands(
    server: ZeusProcess, action: str, fields: dict[str, Any], code: str
) -> None:
    async with station(server, f"INTEROP-16-{action}", "1.6", ChargePoint, call) as charger:
        await charger.say("BootNotification", **BOOT)
        with pytest.raises(OCPPError) as refused:
            await charger.say_unchecked(action, **fields)
        assert refused.value.code.startswith(code)
        assert (await charger.say("Heartbeat")).current_time, "the line is still good"
