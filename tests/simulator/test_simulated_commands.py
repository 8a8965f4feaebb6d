"""Every call of the server gets an answer its schema allows, and does what it says."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.ocpp.offering import CALLS
from adapters.ocpp.versions import Version
from entrypoints.simulator.commands import v2x, v16, v21
from entrypoints.simulator.connector import Vehicle
from tests.simulator.workbench import Table

_TOKEN = {"idToken": "TAG1", "type": "ISO14443"}
_PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"
_HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "0", "issuerKeyHash": "0", "serialNumber": "1"}
_UPDATE = {"location": "https://example.org/fw", "retrieveDateTime": "2026-01-01T00:00:00Z"}
_V16: dict[str, dict[str, Any]] = {
    "CancelReservation": {"reservationId": 1},
    "CertificateSigned": {"certificateChain": _PEM},
    "ChangeAvailability": {"connectorId": 0, "type": "Inoperative"},
    "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "60"},
    "ClearCache": {},
    "ClearChargingProfile": {"id": 4},
    "DataTransfer": {"vendorId": "x"},
    "DeleteCertificate": {"certificateHashData": _HASHES},
    "ExtendedTriggerMessage": {"requestedMessage": "LogStatusNotification"},
    "GetCompositeSchedule": {"connectorId": 1, "duration": 600},
    "GetConfiguration": {"key": ["HeartbeatInterval", "AuthorizationKey", "Nonsense"]},
    "GetDiagnostics": {"location": "ftp://x"},
    "GetInstalledCertificateIds": {"certificateType": "CentralSystemRootCertificate"},
    "GetLocalListVersion": {},
    "GetLog": {"requestId": 1, "logType": "SecurityLog", "log": {"remoteLocation": "ftp://x"}},
    "InstallCertificate": {"certificateType": "CentralSystemRootCertificate", "certificate": _PEM},
    "RemoteStartTransaction": {"idTag": "TAG1"},
    "RemoteStopTransaction": {"transactionId": 4},
    "ReserveNow": {
        "connectorId": 1,
        "expiryDate": "2026-01-01T01:00:00Z",
        "idTag": "TAG1",
        "reservationId": 1,
    },
    "Reset": {"type": "Soft"},
    "SendLocalList": {
        "listVersion": 1,
        "updateType": "Full",
        "localAuthorizationList": [{"idTag": "T", "idTagInfo": {"status": "Accepted"}}],
    },
    "SetChargingProfile": {
        "connectorId": 0,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "ChargePointMaxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7000.0}],
            },
        },
    },
    "SignedUpdateFirmware": {
        "requestId": 1,
        "firmware": {**_UPDATE, "signingCertificate": "c", "signature": "s"},
    },
    "TriggerMessage": {"requestedMessage": "MeterValues"},
    "UnlockConnector": {"connectorId": 1},
    "UpdateFirmware": {"location": "ftp://x", "retrieveDate": "2026-01-01T00:00:00Z"},
}
_VARIABLE = {"component": {"name": "TxCtrlr"}, "variable": {"name": "EVConnectionTimeOut"}}
_STRANGE = {"component": {"name": "Nonsense"}, "variable": {"name": "X"}}
_PROFILE_2X = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [
        {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}]}
    ],
}
_V2X: dict[str, dict[str, Any]] = {
    "CancelReservation": {"reservationId": 1},
    "CertificateSigned": {"certificateChain": _PEM},
    "ChangeAvailability": {"operationalStatus": "Inoperative"},
    "ClearCache": {},
    "ClearChargingProfile": {"chargingProfileId": 4},
    "CostUpdated": {"totalCost": 1.5, "transactionId": "t"},
    "CustomerInformation": {"requestId": 1, "report": True, "clear": False},
    "DataTransfer": {"vendorId": "x"},
    "DeleteCertificate": {"certificateHashData": _HASHES},
    "GetBaseReport": {"requestId": 1, "reportBase": "FullInventory"},
    "GetChargingProfiles": {"requestId": 1, "chargingProfile": {}},
    "GetCompositeSchedule": {"evseId": 1, "duration": 600},
    "GetInstalledCertificateIds": {},
    "GetLocalListVersion": {},
    "GetLog": {"requestId": 1, "logType": "SecurityLog", "log": {"remoteLocation": "ftp://x"}},
    "GetReport": {"requestId": 1, "componentVariable": [_VARIABLE]},
    "GetTransactionStatus": {"transactionId": "t"},
    "GetVariables": {"getVariableData": [_VARIABLE, _STRANGE]},
    "InstallCertificate": {"certificateType": "CSMSRootCertificate", "certificate": _PEM},
    "RequestStartTransaction": {"idToken": _TOKEN, "remoteStartId": 9},
    "RequestStopTransaction": {"transactionId": "t"},
    "ReserveNow": {"id": 1, "expiryDateTime": "2026-01-01T01:00:00Z", "idToken": _TOKEN},
    "Reset": {"type": "Immediate"},
    "SendLocalList": {"versionNumber": 1, "updateType": "Full"},
    "SetChargingProfile": {"evseId": 1, "chargingProfile": _PROFILE_2X},
    "SetVariables": {
        "setVariableData": [{**_VARIABLE, "attributeValue": "90"}, {**_STRANGE, "attributeValue": "1"}]
    },
    "TriggerMessage": {"requestedMessage": "MeterValues"},
    "UnlockConnector": {"evseId": 1, "connectorId": 1},
    "UpdateFirmware": {"requestId": 1, "firmware": _UPDATE},
}
_TARIFF = {"tariffId": "T1", "currency": "EUR"}
_V21: dict[str, dict[str, Any]] = {
    "AFRRSignal": {"timestamp": "2026-01-01T00:00:00Z", "signal": 5},
    "ChangeTransactionTariff": {"transactionId": "t", "tariff": _TARIFF},
    "ClearTariffs": {"tariffIds": ["T1"]},
    "GetPeriodicEventStream": {},
    "GetTariffs": {"evseId": 0},
    "NotifyAllowedEnergyTransfer": {"transactionId": "t", "allowedEnergyTransfer": ["DC"]},
    "NotifyWebPaymentStarted": {"evseId": 1, "timeout": 60},
    "SetDefaultTariff": {"evseId": 0, "tariff": _TARIFF},
    "UsePriorityCharging": {"transactionId": "t", "activate": True},
}
_CASES = [
    *(("1.6", action, payload) for action, payload in _V16.items()),
    *((version, action, payload) for version in ("2.0.1", "2.1") for action, payload in _V2X.items()),
    *(("2.1", action, payload) for action, payload in _V21.items()),
]


def test_every_handler_is_tried_below() -> None:
    assert set(_V16) == set(v16.HANDLERS)
    assert set(_V2X) == set(v2x.HANDLERS)
    assert set(_V21) == set(v21.HANDLERS)


@pytest.mark.parametrize(("version", "action", "payload"), _CASES)
@pytest.mark.parametrize("busy", [False, True])
def test_answers_and_what_follows_are_valid(
    version: str, action: str, payload: dict[str, Any], busy: bool
) -> None:
    """`Table` checks each answer and each later call against its schema."""
    table = Table(version, evses=2).online()
    if busy:
        table.charge(wanted_wh=90_000)
    answer = table.ask(action, payload)
    assert isinstance(answer, dict)
    table.wait(120)


@pytest.mark.parametrize(("version", "action", "payload"), _CASES)
def test_a_payload_without_its_fields_gets_an_error_or_a_valid_answer(
    version: str, action: str, payload: dict[str, Any]
) -> None:
    table = Table(version).online()
    table.ask(action, {})
    frames = table.charger.received(_call(action, dict.fromkeys(payload)), table.now_s)
    assert frames[0].startswith(('[3,"x"', '[4,"x"'))


def test_unknown_and_not_offered_actions_are_refused_by_code() -> None:
    table = Table().online()
    assert table.ask("FlyToTheMoon", {}) == "NotImplemented"
    newer = Table("2.0.1").online()
    assert newer.ask("SetMonitoringLevel", {"severity": 1}) == "NotSupported"
    assert newer.ask("FlyToTheMoon", {}) == "NotImplemented"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    action=st.sampled_from(sorted(v16.HANDLERS)),
    payload=st.dictionaries(
        st.sampled_from(["connectorId", "type", "key", "value", "idTag", "transactionId", "duration"]),
        st.one_of(
            st.none(),
            st.integers(-(2**31), 2**31),
            st.text(st.characters(codec="utf-8"), max_size=5),
            st.lists(st.integers(0, 9), max_size=2),
        ),
    ),
)
def test_a_malformed_call_never_breaks_the_charger(action: str, payload: dict[str, Any]) -> None:
    table = Table().online()
    frames = table.charger.received(_call(action, payload), table.now_s)
    assert frames
    assert frames[0].startswith(('[3,"x"', '[4,"x"'))


def _call(action: str, payload: dict[str, Any]) -> str:
    return orjson.dumps([2, "x", action, payload]).decode()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_remote_start_charges_the_car_that_waits_and_remote_stop_ends_it(version: str) -> None:
    table = Table(version).online()
    table.say(table.charger.plug(1, Vehicle(9000, 11_000), table.now_s))
    if version == "1.6":
        assert table.ask("RemoteStartTransaction", {"idTag": "R"})["status"] == "Accepted"
        number = table.station.connectors[1].transaction.number
        assert table.ask("RemoteStopTransaction", {"transactionId": number})["status"] == "Accepted"
        table.wait(1)
        assert table.calls("StopTransaction")[0]["reason"] == "Remote"
        return
    answer = table.ask(
        "RequestStartTransaction", {"idToken": {"idToken": "R", "type": "Central"}, "remoteStartId": 77}
    )
    assert table.calls("TransactionEvent")[0]["transactionInfo"]["remoteStartId"] == 77
    table.ask("RequestStopTransaction", {"transactionId": answer["transactionId"]})
    table.wait(1)
    assert table.calls("TransactionEvent")[-1]["triggerReason"] == "RemoteStop"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_reset_stops_what_runs_leaves_and_boots_again(version: str) -> None:
    table = Table(version).online().charge(wanted_wh=90_000)
    table.ask("Reset", {"type": "Hard" if version == "1.6" else "Immediate"})
    table.wait(3)
    last = table.calls("StopTransaction" if version == "1.6" else "TransactionEvent")[-1]
    assert "HardReset" in str(last) or "ImmediateReset" in str(last)
    away = table.charger.take_away()
    assert away is not None
    table.frames.clear()
    table.offline().online()
    assert table.actions()[0] == "BootNotification"


def test_configuration_is_changed_read_back_and_kept_from_readers() -> None:
    table = Table().online()
    change = "ChangeConfiguration"
    assert table.ask(change, {"key": "MeterValueSampleInterval", "value": "10"})["status"] == "Accepted"
    assert table.ask(change, {"key": "NumberOfConnectors", "value": "9"})["status"] == "Rejected"
    assert table.ask(change, {"key": "Nonsense", "value": "9"})["status"] == "NotSupported"
    assert table.ask(change, {"key": "SecurityProfile", "value": "2"})["status"] == "RebootRequired"
    table.ask(change, {"key": "AuthorizationKey", "value": "secret"})
    table.ask(change, {"key": "MeterValuesSampledData", "value": "Energy.Active.Import.Register"})
    assert "secret" not in str(table.ask("GetConfiguration", {}))
    table.charge(wanted_wh=50_000).wait(35)
    meters = table.calls("MeterValues")
    assert len(meters) == 3
    assert len(meters[0]["meterValue"][0]["sampledValue"]) == 1


def test_the_whole_device_model_is_reported_in_pages() -> None:
    table = Table("2.0.1").online()
    table.ask("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
    pages = table.calls("NotifyReport")
    assert [page["seqNo"] for page in pages] == list(range(len(pages)))
    assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert sum(len(page["reportData"]) for page in pages) == len(list(table.station.settings))


def test_a_tethered_cable_cannot_be_unlocked() -> None:
    assert Table(tethered=True).online().ask("UnlockConnector", {"connectorId": 1}) == {
        "status": "NotSupported"
    }


def test_a_default_tariff_of_2_1_is_set_told_and_cleared() -> None:
    table = Table("2.1").online()
    assert table.ask("GetTariffs", {"evseId": 0}) == {"status": "NoTariff"}
    assert table.ask("SetDefaultTariff", _V21["SetDefaultTariff"]) == {"status": "Accepted"}
    told = table.ask("GetTariffs", {"evseId": 0})["tariffAssignments"]
    assert [entry["tariffId"] for entry in told] == ["T1"]
    cleared = table.ask("ClearTariffs", {"tariffIds": ["T1", "T2"]})["clearTariffsResult"]
    assert [entry["status"] for entry in cleared] == ["Accepted", "NoTariff"]


@pytest.mark.parametrize("version", list(Version))
def test_every_action_of_a_version_is_known(version: Version) -> None:
    """NotImplemented is for actions that the version does not have."""
    table = Table(version.value).online()
    actions = {action for operation in CALLS[version].values() for action in operation.ACTIONS}
    unknown = {action for action in actions if table.ask(action, {}) == "NotImplemented"}
    assert unknown == set()
