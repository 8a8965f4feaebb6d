"""The 2.0.1 and 2.1 clients of the `ocpp` package charge a car at a real server, and tell of everything."""

from types import ModuleType
from typing import Any

import pytest
from ocpp.charge_point import ChargePoint
from ocpp.exceptions import OCPPError
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call_21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call_201

from adapters.eventstore.store import open_store
from application.registry import Registry
from domain.catalogue import FACTS
from domain.chargers.events import Acceptance
from tests.e2e.log import of_charger
from tests.e2e.zeus_process import ZeusProcess
from tests.interop.station import BLOCKED, GOOD, GROUP, UNKNOWN, at, station

BOOT = {"reason": "PowerUp", "charging_station": {"model": "M1", "vendor_name": "Foreign"}}
HASH = {
    "hash_algorithm": "SHA256", "issuer_name_hash": "aa", "issuer_key_hash": "bb", "serial_number": "01",
}  # fmt: skip
PLACE = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
PERIOD = {
    "id": 1,
    "charging_rate_unit": "A",
    "charging_schedule_period": [{"start_period": 0, "limit": 16.0}],
}

both = pytest.mark.parametrize(
    ("version", "kind", "messages"),
    [("2.0.1", ChargePoint201, call_201), ("2.1", ChargePoint21, call_21)],
    ids=["2.0.1", "2.1"],
)


def token(value: str, kind: str = "ISO14443") -> dict[str, Any]:
    """An id token."""
    return {"id_token": value, "type": kind}


def energy(minute: int, wh: float) -> list[dict[str, Any]]:
    """A register reading."""
    value = {"value": wh, "measurand": "Energy.Active.Import.Register", "unit_of_measure": {"unit": "Wh"}}
    return [{"timestamp": at(minute), "sampled_value": [value]}]


@both
async def test_a_whole_session(
    server: ZeusProcess, version: str, kind: type[ChargePoint], messages: ModuleType
) -> None:
    cpid = f"INTEROP-{version}"
    async with station(server, cpid, version, kind, messages) as charger:
        assert (await charger.say("BootNotification", **BOOT)).status == "Accepted"
        place = {"evse_id": 1, "connector_id": 1}
        await charger.say("StatusNotification", connector_status="Available", timestamp=at(0), **place)
        assert (await charger.say("Heartbeat")).current_time
        allowed = (await charger.say("Authorize", id_token=token(GOOD))).id_token_info
        assert allowed["status"] == "Accepted"
        assert allowed["group_id_token"]["id_token"] == GROUP

        async def told(kind: str, seq_no: int, trigger: str, **more: Any) -> Any:
            info = {"transaction_id": "TX-1", **more.pop("info", {})}
            return await charger.say(
                "TransactionEvent", event_type=kind, timestamp=at(seq_no), trigger_reason=trigger,
                seq_no=seq_no, transaction_info=info, **more,
            )  # fmt: skip

        evse = {"id": 1, "connector_id": 1}
        plugged = await told(
            "Started", 0, "CablePluggedIn", evse=evse, info={"charging_state": "EVConnected"}
        )
        assert plugged.id_token_info is None
        shown = await told("Updated", 1, "Authorized", id_token=token(GOOD), meter_value=energy(1, 1000))
        assert shown.id_token_info["status"] == "Accepted"
        assert shown.id_token_info["group_id_token"]["id_token"] == GROUP
        await told("Updated", 2, "MeterValuePeriodic", meter_value=energy(2, 2500.5))
        over = await told(
            "Ended", 3, "StopAuthorized", id_token=token(GOOD), meter_value=energy(3, 4000),
            info={"stopped_reason": "Local"},
        )  # fmt: skip
        assert over.id_token_info["status"] == "Accepted"
    topics = [line.topic for line in of_charger(server.dsn, cpid) if line.topic.startswith("transaction.")]
    assert (topics.count("transaction.started"), topics.count("transaction.ended")) == (1, 1)


@both
async def test_every_kind_of_token_gets_its_word(
    server: ZeusProcess, version: str, kind: type[ChargePoint], messages: ModuleType
) -> None:
    async with station(server, f"INTEROP-TOKENS-{version}", version, kind, messages) as charger:
        await charger.say("BootNotification", **BOOT)
        shown = (
            (token(BLOCKED), "Blocked"),
            (token(UNKNOWN), "Unknown"),
            (token("", "NoAuthorization"), "Accepted"),
        )
        for seq_no, (one, word) in enumerate(shown):
            started = await charger.say(
                "TransactionEvent", event_type="Started", timestamp=at(seq_no), trigger_reason="Authorized",
                seq_no=0, transaction_info={"transaction_id": f"TX-{seq_no}"}, id_token=one,
                evse={"id": seq_no + 1, "connector_id": 1},
            )  # fmt: skip
            assert started.id_token_info["status"] == word
        contract = token("DE8AA1234567", "eMAID")
        answer = await charger.say("Authorize", id_token=contract, certificate="-----BEGIN")
        assert (answer.id_token_info["status"], answer.certificate_status) == ("Invalid", "CertChainError")


NOTICES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("SecurityEventNotification", {"type": "SettingSystemTime", "timestamp": at(0)}, {}),
    ("MeterValues", {"evse_id": 0, "meter_value": energy(0, 7)}, {}),
    ("NotifyReport", {"request_id": 1, "generated_at": at(0), "seq_no": 0, "tbc": False, "report_data": [
        {**PLACE, "variable_attribute": [{"value": "11000"}]}]}, {}),
    ("NotifyMonitoringReport", {"request_id": 1, "generated_at": at(0), "seq_no": 0}, {}),
    ("NotifyEvent", {"generated_at": at(0), "seq_no": 0, "event_data": [
        {**PLACE, "event_id": 1, "timestamp": at(0), "trigger": "Alerting", "actual_value": "1",
         "event_notification_type": "HardWiredNotification"}]}, {}),
    ("NotifyChargingLimit", {"charging_limit": {"charging_limit_source": "EMS"}}, {}),
    ("ClearedChargingLimit", {"charging_limit_source": "EMS"}, {}),
    ("NotifyDisplayMessages", {"request_id": 1}, {}),
    ("NotifyCustomerInformation", {"data": "", "seq_no": 0, "generated_at": at(0), "request_id": 1}, {}),
    ("FirmwareStatusNotification", {"status": "Idle"}, {}),
    ("LogStatusNotification", {"status": "Idle"}, {}),
    ("PublishFirmwareStatusNotification", {"status": "Idle"}, {}),
    ("ReservationStatusUpdate", {"reservation_id": 1, "reservation_update_status": "Expired"}, {}),
    ("DataTransfer", {"vendor_id": "nobody"}, {"status": "UnknownVendorId"}),
    ("SignCertificate", {"csr": "-----BEGIN"}, {"status": "Rejected"}),
    ("GetCertificateStatus", {"ocsp_request_data": {**HASH, "responder_url": "http://o.test"}}, {"status": "Failed"}),
    ("NotifyEVChargingSchedule", {"time_base": at(0), "evse_id": 1, "charging_schedule": PERIOD},
     {"status": "Accepted"}),
)  # fmt: skip


@both
async def test_notices_and_questions(
    server: ZeusProcess, version: str, kind: type[ChargePoint], messages: ModuleType
) -> None:
    async with station(server, f"INTEROP-NOTICES-{version}", version, kind, messages) as charger:
        await charger.say("BootNotification", **BOOT)
        for action, fields, expected in NOTICES:
            answer = await charger.say(action, **fields)
            assert {name: getattr(answer, name) for name in expected} == expected, action


async def test_notices_of_2_1_alone(server: ZeusProcess) -> None:
    async with station(server, "INTEROP-ONLY-21", "2.1", ChargePoint21, call_21) as charger:
        await charger.say("BootNotification", **BOOT)
        valid = await charger.say("VatNumberValidation", vat_number="DE123456789", evse_id=2)
        assert (valid.status, valid.vat_number, valid.evse_id) == ("Rejected", "DE123456789", 2)
        await charger.say("NotifyPriorityCharging", transaction_id="T", activated=True)
        assert (await charger.say("PullDynamicScheduleUpdate", charging_profile_id=1)).status == "Rejected"
        await charger.say("ClosePeriodicEventStream", id=1)


@both
async def test_a_refusal_is_one_the_client_understands(
    server: ZeusProcess, version: str, kind: type[ChargePoint], messages: ModuleType
) -> None:
    async with station(server, f"INTEROP-REFUSED-{version}", version, kind, messages) as charger:
        await charger.say("BootNotification", **BOOT)
        for action, fields, code in (
            ("ClearCache", {}, "NotSupported"),
            ("FirmwareStatusNotification", {"status": "Odd"}, "PropertyConstraintViolation"),
            ("FirmwareStatusNotification", {"status": None}, "OccurrenceConstraintViolation"),
        ):
            with pytest.raises(OCPPError) as refused:
                await charger.say_unchecked(action, **fields)
            assert refused.value.code == code
        assert (await charger.say("Heartbeat")).current_time, "the line is still good"


@both
async def test_a_pending_charger_is_told_to_wait(
    server: ZeusProcess, version: str, kind: type[ChargePoint], messages: ModuleType
) -> None:
    cpid = f"INTEROP-PENDING-{version}"
    async with station(server, cpid, version, kind, messages) as charger:
        await charger.say("BootNotification", **BOOT)
    await decide(server, cpid, Acceptance.PENDING)
    async with station(server, cpid, version, kind, messages, registered=True) as charger:
        assert (await charger.say("BootNotification", **BOOT)).status == "Pending"
        await charger.say("NotifyReport", request_id=1, generated_at=at(0), seq_no=0)
        with pytest.raises(OCPPError) as refused:
            await charger.say("NotifyMonitoringReport", request_id=1, generated_at=at(0), seq_no=0)
        assert refused.value.code == "SecurityError"


async def decide(server: ZeusProcess, cpid: str, acceptance: Acceptance) -> None:
    """As the operator does at the command line."""
    store = open_store(server.dsn, FACTS)
    try:
        await Registry(store, "default", "test").decide_acceptance(cpid, acceptance)
    finally:
        await store.close()
