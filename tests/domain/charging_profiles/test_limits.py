"""What a charger's settings say about charging profiles, in the spellings that occur."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charging_profiles.limits import ProfileLimits, limits_of
from domain.charging_profiles.profile import Unit

BOTH, AMPERES, WATTS = frozenset(Unit), frozenset({Unit.A}), frozenset({Unit.W})
NAMES = [
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "ConnectorSwitch3to1PhaseSupported",
    "SupportedFeatureProfiles",
    "SmartChargingCtrlr.RateUnit",
    "SmartChargingCtrlr.Available",
    "SmartChargingCtrlr.ProfileStackLevel",
]


def test_of_1_6() -> None:
    assert limits_of(
        {
            "ChargeProfileMaxStackLevel": "10",
            "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
            "chargingschedulemaxperiods": " 24 ",
            "MaxChargingProfilesInstalled": "20",
            "ConnectorSwitch3to1PhaseSupported": "TRUE",
            "SupportedFeatureProfiles": "Core, SmartCharging,Reservation",
        }
    ) == ProfileLimits(
        max_stack_level=10,
        units=BOTH,
        max_periods=24,
        max_installed=20,
        switches_phases=True,
        smart_charging=True,
    )


def test_of_2_x() -> None:
    assert limits_of(
        {
            "SmartChargingCtrlr.ProfileStackLevel": "3",
            "SmartChargingCtrlr.RateUnit": "A,W",
            "SmartChargingCtrlr.PeriodsPerSchedule": "12",
            "SmartChargingCtrlr.Entries.ChargingProfiles": "4",
            "SmartChargingCtrlr.Phases3to1": "false",
            "SmartChargingCtrlr.Available": "true",
            "SmartChargingCtrlr.Enabled": "false",
        }
    ) == ProfileLimits(
        max_stack_level=3, units=BOTH, max_periods=12, switches_phases=False, smart_charging=False
    )


@pytest.mark.parametrize(
    ("told", "units"),
    [
        ("Current", AMPERES),
        ("Power", WATTS),
        ("A,W", BOTH),
        ("power , a", BOTH),
        ("W", WATTS),
        ("", None),
        ("VA", None),
    ],
)
def test_units_in_every_spelling(told: str, units: frozenset[Unit] | None) -> None:
    assert limits_of({"ChargingScheduleAllowedChargingRateUnit": told}).units == units


def test_features_without_smart_charging_rule_it_out() -> None:
    assert limits_of({"SupportedFeatureProfiles": "Core"}).smart_charging is False
    assert limits_of({"SmartChargingCtrlr.Available": "true"}).smart_charging is True


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12)))
def test_no_value_is_an_error_and_none_that_cannot_be_read_rules_anything_out(told: dict[str, str]) -> None:
    found = limits_of(told)
    for count in (found.max_stack_level, found.max_periods, found.max_installed):
        assert count is None or count >= 0
    assert limits_of({}) == limits_of(dict.fromkeys(told, "")) == ProfileLimits()
