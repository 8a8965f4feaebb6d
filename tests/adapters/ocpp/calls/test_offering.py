"""What a screen greys out, and with which words."""

import pytest
from msgspec.structs import replace

from adapters.ocpp.offering import CALLS, compose, offered, why_not
from adapters.ocpp.operation import CannotSay
from adapters.ocpp.versions import Version
from domain.commands.certificates import InstallCertificate
from domain.commands.drivers import GetLocalListVersion, ReserveNow
from domain.commands.files import GetLog, LogKind, UpdateFirmware
from domain.commands.intent import Abilities, Intent
from domain.commands.intents import INTENTS
from domain.commands.load import AFRRSignal, GetCompositeSchedule, SetChargingProfile
from domain.commands.settings import GetReport
from domain.commands.transactions import RemoteStart, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, ClearCache, Raw, TriggerMessage
from tests.adapters.ocpp.calls.examples import AT, PEM, TOKEN, URL

V16, V201, V21 = Version.V16, Version.V201, Version.V21
NOTHING = Abilities()
CORE = Abilities(profiles=frozenset({"Core"}), settings={"HeartbeatInterval": "300"}, complete=True)
EXTENDED_CORE = Abilities(profiles=frozenset({"Core"}), settings={"SecurityProfile": "2"})


@pytest.mark.parametrize("version", Version)
def test_of_an_unknown_charger_only_the_version_rules_things_out(version: Version) -> None:
    table = offered(version, NOTHING)
    assert set(table) == {kind.name() for kind in INTENTS}
    assert {name for name, reason in table.items() if not reason} == {kind.name() for kind in CALLS[version]}
    assert all(reason.endswith(".") for reason in table.values() if reason)


def test_a_version_without_the_message_says_so() -> None:
    assert why_not(V201, AFRRSignal, NOTHING) == "OCPP 2.0.1 has no message for AFRRSignal."
    assert why_not(V16, GetReport(), NOTHING) == "OCPP 1.6 has no message for GetReport."
    with pytest.raises(CannotSay, match="has no message"):
        compose(V16, GetReport(), NOTHING)
    assert why_not(V21, AFRRSignal, NOTHING) == ""


@pytest.mark.parametrize(
    ("kind", "profile"),
    [
        (ReserveNow, "Reservation"),
        (GetLocalListVersion, "LocalAuthListManagement"),
        (SetChargingProfile, "SmartCharging"),
        (UpdateFirmware, "FirmwareManagement"),
        (TriggerMessage, "RemoteTrigger"),
    ],
)
def test_a_missing_feature_profile_of_1_6_is_named(kind: type[Intent], profile: str) -> None:
    reason = f"This charger does not support {profile} (SupportedFeatureProfiles)."
    assert why_not(V16, kind, CORE) == reason
    assert why_not(V16, kind, Abilities(profiles=frozenset({"Core", profile}))) == ""
    assert why_not(V201, kind, CORE) == "", "2.x has no feature profiles"


def test_core_is_always_there() -> None:
    assert why_not(V16, ClearCache, Abilities(profiles=frozenset())) == ""


def test_the_security_extension_offers_what_feature_profiles_do_not() -> None:
    """GetLog, SignedUpdateFirmware and ExtendedTriggerMessage belong to no feature profile."""
    assert "FirmwareManagement" in why_not(V16, GetLog, CORE)
    assert why_not(V16, GetLog, EXTENDED_CORE) == ""
    assert why_not(V16, GetLog(location=URL, kind=LogKind.SECURITY), EXTENDED_CORE) == ""
    unsigned = UpdateFirmware(location=URL, retrieve_at=AT)
    assert "FirmwareManagement" in why_not(V16, unsigned, EXTENDED_CORE)
    signed = UpdateFirmware(location=URL, retrieve_at=AT, certificate=PEM, signature="c2ln")
    assert why_not(V16, signed, EXTENDED_CORE) == ""
    heartbeat = TriggerMessage(message="Heartbeat")
    assert compose(V16, heartbeat, EXTENDED_CORE).action == "ExtendedTriggerMessage"
    assert why_not(V16, heartbeat, EXTENDED_CORE) == ""


def test_one_setting_read_by_its_name_says_nothing_of_the_security_extension() -> None:
    one = Abilities(settings={"LocalPreAuthorize": "true"})
    assert why_not(V16, InstallCertificate, one) == ""
    assert "security extension" in why_not(V16, InstallCertificate, replace(one, complete=True))


@pytest.mark.parametrize("version", [V201, V21])
def test_a_controller_that_is_not_available_in_2_x_is_named(version: Version) -> None:
    without = Abilities(settings={"ReservationCtrlr.Available": "False"})
    assert "ReservationCtrlr" in why_not(version, ReserveNow, without)
    assert why_not(version, ReserveNow, NOTHING) == ""
    assert why_not(version, ClearCache, without) == ""


@pytest.mark.parametrize("version", Version)
def test_a_fixed_cable_cannot_be_unlocked(version: Version) -> None:
    tethered = Abilities(tethered=True)
    assert "fixed" in why_not(version, UnlockConnector, tethered)
    assert "fixed" in why_not(version, UnlockConnector(evse_id=1), tethered)


@pytest.mark.parametrize("intent", [
    RemoteStart(id_token=TOKEN, evse_id=3),
    ChangeAvailability(operative=True, evse_id=3),
    GetCompositeSchedule(duration_s=60, evse_id=3),
])  # fmt: skip
def test_a_connector_beyond_the_last_one_is_refused(intent: Intent) -> None:
    reason = why_not(V16, intent, Abilities(connectors=2))
    assert reason == "This charger has 2 connectors; there is no connector 3."
    assert why_not(V16, intent, Abilities(connectors=3)) == ""
    assert why_not(V201, intent, Abilities(connectors=2)) == "", "NumberOfConnectors is of 1.6"


def test_engineers_may_try_what_the_charger_does_not_claim() -> None:
    raw = Raw(action="GetLocalListVersion", payload={})
    assert why_not(V16, raw, CORE) == ""
