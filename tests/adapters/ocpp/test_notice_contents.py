"""What an operator or analyst needs of a notice arrives in its fact: one worked example a message."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.v16.notices import NOTICES as NOTICES_16
from adapters.ocpp.v21.notices import NOTICES as NOTICES_21
from adapters.ocpp.v201.notices import NOTICES as NOTICES_201
from adapters.ocpp.versions import Version
from application.reports import Report
from domain.certificates.signing import SignatureQuestion
from domain.chargers.der import DerControl, DerControlsReported, Point, Setting
from domain.chargers.device_model import (
    Attribute,
    Characteristics,
    Monitor,
    MonitoredVariable,
    MonitorsReported,
    Place,
    ReportedVariable,
    VariablesReported,
)
from domain.chargers.drivers import (
    Battery,
    BatterySwapped,
    CustomerInformationReported,
    DisplayMessage,
    DisplayMessagesReported,
    SettlementReported,
)
from domain.chargers.ev import ChargingNeedsNotified, DcNeeds, V2xNeeds
from domain.chargers.firmware import FirmwareStatusReported, LogUploadReported
from domain.chargers.monitoring import EventsReported, MonitoredEvent, StreamValue, StreamValuesReceived
from domain.chargers.security import ContractRequested, SignatureRequested
from domain.chargers.smart_charging import (
    LimitNotified,
    Period,
    PhaseValues,
    ProfilesReported,
    ReportedProfile,
    Schedule,
)
from domain.identity import IdToken

AT = "2026-11-22T12:00:00+01:00"
INSTANT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
TABLES = {Version.V16: NOTICES_16, Version.V201: NOTICES_201, Version.V21: NOTICES_21}


def told(version: Version, action: str, payload: dict[str, Any], kind: Kind = Kind.REQUEST) -> Report:
    message = catalogue(version).message(kind, action)
    assert message is not None
    assert message.errors(payload) == []
    return TABLES[version][action].to_report(payload)


def test_a_failed_diagnostics_upload_of_1_6_has_the_word_of_2_x() -> None:
    report = told(Version.V16, "DiagnosticsStatusNotification", {"status": "UploadFailed"})
    assert report == Report(LogUploadReported(status="UploadFailure", diagnostics=True))


def test_a_firmware_failure_of_2_1_says_why() -> None:
    payload = {
        "status": "InstallationFailed", "requestId": 4,
        "statusInfo": {"reasonCode": "OutOfStorage", "additionalInfo": "12 MB missing"},
    }  # fmt: skip
    assert told(Version.V21, "FirmwareStatusNotification", payload).body == FirmwareStatusReported(
        status="InstallationFailed", request_id=4, reason_code="OutOfStorage", info="12 MB missing"
    )


def test_variables_come_with_place_attributes_and_characteristics() -> None:
    payload = {
        "requestId": 7, "seqNo": 2, "tbc": True, "generatedAt": AT,
        "reportData": [
            {
                "component": {"name": "Connector", "instance": "left", "evse": {"id": 1, "connectorId": 2}},
                "variable": {"name": "MaxCurrent", "instance": "cold"},
                "variableAttribute": [{"value": "32"}, {"type": "MaxSet", "mutability": "ReadOnly"}],
                "variableCharacteristics": {
                    "dataType": "decimal", "unit": "A", "minLimit": 6, "maxLimit": 32.5,
                    "supportsMonitoring": True,
                },
            }
        ],
    }  # fmt: skip
    place = Place(
        component="Connector", component_instance="left", evse_id=1, connector_id=2,
        variable="MaxCurrent", variable_instance="cold",
    )  # fmt: skip
    variable = ReportedVariable(
        place=place,
        attributes=(Attribute(value="32"), Attribute(kind="MaxSet", mutability="ReadOnly")),
        characteristics=Characteristics(
            data_type="decimal", unit="A", minimum=Decimal(6), maximum=Decimal("32.5"), monitorable=True
        ),
    )
    expected = VariablesReported(request_id=7, seq_no=2, more=True, variables=(variable,))
    assert told(Version.V201, "NotifyReport", payload) == Report(expected, INSTANT)


def test_monitors_come_with_threshold_and_severity() -> None:
    payload = {
        "requestId": 7, "seqNo": 0, "generatedAt": AT,
        "monitor": [
            {
                "component": {"name": "EVSE", "evse": {"id": 3}}, "variable": {"name": "Temperature"},
                "variableMonitoring": [
                    {"id": 5, "transaction": True, "value": 70.5, "type": "UpperThreshold", "severity": 2}
                ],
            }
        ],
    }  # fmt: skip
    monitor = Monitor(
        monitor_id=5, kind="UpperThreshold", value=Decimal("70.5"), severity=2, transaction_only=True
    )
    place = Place(component="EVSE", evse_id=3, variable="Temperature")
    expected = MonitorsReported(
        request_id=7, seq_no=0, variables=(MonitoredVariable(place=place, monitors=(monitor,)),)
    )
    assert told(Version.V201, "NotifyMonitoringReport", payload).body == expected


def test_events_keep_what_went_wrong_where_and_since_when() -> None:
    payload = {
        "generatedAt": AT, "seqNo": 0,
        "eventData": [
            {
                "eventId": 9, "timestamp": "yesterday", "trigger": "Alerting", "actualValue": "true",
                "cause": 8, "techCode": "E42", "techInfo": "relay", "cleared": True, "transactionId": "T1",
                "component": {"name": "Connector"}, "variable": {"name": "Problem"},
                "variableMonitoringId": 5, "eventNotificationType": "HardWiredMonitor",
            }
        ],
    }  # fmt: skip
    event = MonitoredEvent(
        event_id=9, at=None, place=Place(component="Connector", variable="Problem"), value="true",
        trigger="Alerting", origin="HardWiredMonitor", monitor_id=5, cleared=True, caused_by=8,
        transaction="T1", tech_code="E42", tech_info="relay",
    )  # fmt: skip
    assert told(Version.V201, "NotifyEvent", payload) == Report(
        EventsReported(seq_no=0, events=(event,)), INSTANT
    )


def test_stream_values_keep_their_offsets_exactly() -> None:
    payload = {
        "id": 1, "pending": 2, "basetime": AT,
        "data": [{"t": 0, "v": "230.1"}, {"t": 0.1, "v": "230.2"}],
    }  # fmt: skip
    expected = StreamValuesReceived(
        stream_id=1, base_at=INSTANT, pending=2,
        values=(StreamValue(Decimal(0), "230.1"), StreamValue(Decimal("0.1"), "230.2")),
    )  # fmt: skip
    assert told(Version.V21, "NotifyPeriodicEventStream", payload, Kind.SEND).body == expected


SCHEDULE = {
    "id": 1, "chargingRateUnit": "A", "duration": 3600, "startSchedule": AT, "minChargingRate": 6.1,
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.3, "numberPhases": 3}],
}  # fmt: skip
OURS = Schedule(
    schedule_id=1,
    unit="A",
    duration_s=3600,
    start_at=INSTANT,
    min_rate=Decimal("6.1"),
    periods=(Period(start_s=0, limit=PhaseValues(Decimal("16.3")), phases=3),),
)


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_a_limit_from_elsewhere_comes_with_its_schedule(version: Version) -> None:
    payload = {
        "evseId": 2, "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
        "chargingSchedule": [SCHEDULE],
    }  # fmt: skip
    assert told(version, "NotifyChargingLimit", payload).body == LimitNotified(
        source="EMS", evse_id=2, grid_critical=True, schedules=(OURS,)
    )


def test_reported_profiles_come_with_purpose_stack_and_schedules() -> None:
    payload = {
        "requestId": 1, "chargingLimitSource": "CSO", "evseId": 0, "tbc": True,
        "chargingProfile": [
            {
                "id": 10, "stackLevel": 3, "chargingProfilePurpose": "TxProfile", "validTo": AT,
                "chargingProfileKind": "Absolute", "transactionId": "T1", "chargingSchedule": [SCHEDULE],
            }
        ],
    }  # fmt: skip
    profile = ReportedProfile(
        profile_id=10, stack_level=3, purpose="TxProfile", kind="Absolute", transaction="T1",
        valid_to=INSTANT, schedules=(OURS,),
    )  # fmt: skip
    assert told(Version.V201, "ReportChargingProfiles", payload).body == ProfilesReported(
        request_id=1, source="CSO", evse_id=0, more=True, profiles=(profile,)
    )


def test_a_setpoint_of_2_1_keeps_its_phases() -> None:
    period = {"startPeriod": 0, "setpoint": -3000, "setpoint_L2": -2000.5, "operationMode": "CentralSetpoint"}
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
    payload = {"chargingLimit": {"chargingLimitSource": "EMS"}, "chargingSchedule": [schedule]}
    body = told(Version.V21, "NotifyChargingLimit", payload).body
    assert body.schedules[0].periods == (
        Period(
            start_s=0,
            setpoint=PhaseValues(Decimal(-3000), Decimal("-2000.5")),
            operation_mode="CentralSetpoint",
        ),
    )


def test_a_cars_needs_come_in_base_units() -> None:
    payload = {
        "evseId": 1, "maxScheduleTuples": 12,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC_BPT", "departureTime": AT, "controlMode": "DynamicControl",
            "dcChargingParameters": {"evMaxCurrent": 200.5, "evMaxVoltage": 800, "stateOfCharge": 41},
            "v2xChargingParameters": {"maxChargePower": 11000, "maxChargePower_L3": 3600, "targetSoC": 80},
        },
    }  # fmt: skip
    assert told(Version.V21, "NotifyEVChargingNeeds", payload).body == ChargingNeedsNotified(
        evse_id=1,
        energy_transfer="DC_BPT",
        departure_at=INSTANT,
        schedule_entries=12,
        control_mode="DynamicControl",
        dc=DcNeeds(max_current_a=Decimal("200.5"), max_voltage_v=Decimal(800), soc_pct=41),
        v2x=V2xNeeds(max_charge_w=PhaseValues(Decimal(11000), None, Decimal(3600)), target_soc_pct=80),
    )


def test_grid_controls_of_every_kind_are_one_list() -> None:
    payload = {
        "requestId": 3,
        "curve": [
            {
                "id": "c1", "curveType": "VoltVar", "isDefault": True, "isSuperseded": False,
                "curve": {
                    "priority": 2, "yUnit": "PctMaxVar", "curveData": [{"x": 95.5, "y": 44}],
                    "reactivePowerParams": {"vRef": 100, "autonomousVRefEnable": False},
                },
            }
        ],
        "fixedPFInject": [
            {
                "id": "f1", "isDefault": False, "isSuperseded": True,
                "fixedPF": {
                    "priority": 0, "displacement": 0.95, "excitation": True, "startTime": AT, "duration": 60,
                },
            }
        ],
    }  # fmt: skip
    curve = DerControl(
        control_id="c1", kind="VoltVar", priority=2, default=True, unit="PctMaxVar",
        points=(Point(Decimal("95.5"), Decimal(44)),),
        settings=(Setting("reference_voltage_pct", "100"), Setting("autonomous_reference_voltage", "false")),
    )  # fmt: skip
    factor = DerControl(
        control_id="f1", kind="FixedPFInject", priority=0, superseded=True, start_at=INSTANT,
        duration_s=Decimal(60), settings=(Setting("power_factor", "0.95"), Setting("under_excited", "true")),
    )  # fmt: skip
    assert told(Version.V21, "ReportDERControl", payload).body == DerControlsReported(
        request_id=3, controls=(curve, factor)
    )


def test_a_settlement_is_tied_to_the_transactions_token() -> None:
    payload = {
        "pspRef": "PSP-1", "status": "Settled", "settlementAmount": 12.34, "settlementTime": AT,
        "transactionId": "T1", "receiptUrl": "https://example.com/r/1",
    }  # fmt: skip
    assert told(Version.V21, "NotifySettlement", payload) == Report(
        SettlementReported(
            id_token=IdToken("PSP-1", "DirectPayment"), status="Settled", amount=Decimal("12.34"),
            transaction="T1", receipt_url="https://example.com/r/1",
        ),
        INSTANT,
    )  # fmt: skip


def test_a_battery_swap_names_slots_and_states() -> None:
    payload = {
        "requestId": 6, "eventType": "BatteryIn", "idToken": {"idToken": "AA11", "type": "ISO14443"},
        "batteryData": [{"evseId": 4, "serialNumber": "B-9", "soC": 12.5, "soH": 97}],
    }  # fmt: skip
    battery = Battery(evse_id=4, serial="B-9", soc_pct=Decimal("12.5"), soh_pct=Decimal(97))
    assert told(Version.V21, "BatterySwap", payload).body == BatterySwapped(
        request_id=6, id_token=IdToken("AA11", "ISO14443"), step="BatteryIn", batteries=(battery,)
    )


def test_display_messages_come_with_their_place_and_time() -> None:
    payload = {
        "requestId": 1,
        "messageInfo": [
            {
                "id": 2, "priority": "InFront", "state": "Charging", "startDateTime": AT,
                "display": {"name": "Display", "evse": {"id": 1}},
                "message": {"format": "UTF8", "language": "tr", "content": "Şarj oluyor"},
            }
        ],
    }  # fmt: skip
    message = DisplayMessage(
        message_id=2, priority="InFront", format="UTF8", content="Şarj oluyor", language="tr",
        state="Charging", start_at=INSTANT, evse_id=1,
    )  # fmt: skip
    assert told(Version.V201, "NotifyDisplayMessages", payload).body == DisplayMessagesReported(
        request_id=1, messages=(message,)
    )


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_a_certificate_of_no_named_type_is_for_all_uses_in_2_x(version: Version) -> None:
    whole = told(version, "SignCertificate", {"csr": "abc"}).body
    named = told(version, "SignCertificate", {"csr": "abc", "certificateType": "V2GCertificate"}).body
    assert isinstance(whole, SignatureQuestion)
    assert isinstance(named, SignatureQuestion)
    assert (whole.requested.purpose, named.requested.purpose) == ("", "V2GCertificate")


def test_what_is_personal_or_secret_stays_in_the_frame() -> None:
    customer = {"data": "Ada, 2 High St", "seqNo": 0, "generatedAt": AT, "requestId": 1}
    assert told(Version.V201, "NotifyCustomerInformation", customer).body == CustomerInformationReported(
        request_id=1, seq_no=0, characters=14
    )
    signing = told(Version.V16, "SignCertificate", {"csr": "abc"}).body
    assert isinstance(signing, SignatureQuestion)
    assert signing.requested == SignatureRequested(
        csr_sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    contract = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "gJgC",
        "prioritizedEMAIDs": ["DE-8AA-1234567890"],
    }  # fmt: skip
    asked = told(Version.V21, "Get15118EVCertificate", contract).body
    assert asked == ContractRequested(
        action="Install",
        iso15118_schema="urn:iso:15118:2:2013:MsgDef",
        preferred=(IdToken("DE-8AA-1234567890", "eMAID"),),
    )
    assert "1234567890" not in repr(asked)
