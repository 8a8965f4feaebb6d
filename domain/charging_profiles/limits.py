"""What a charger can take of charging profiles, as its own settings tell it."""

from collections.abc import Mapping

import msgspec

from domain.charging_profiles.profile import Unit


class ProfileLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None: the charger never told, so nothing is ruled out."""

    max_stack_level: int | None = None
    units: frozenset[Unit] | None = None
    max_periods: int | None = None
    max_installed: int | None = None
    switches_phases: bool | None = None
    """May it go from three phases to one within a transaction?"""
    smart_charging: bool | None = None
    """Does it do smart charging at all?"""


_UNITS = {"current": Unit.A, "a": Unit.A, "power": Unit.W, "w": Unit.W}
_TRUTHS = {"true": True, "false": False}


def limits_of(settings: Mapping[str, str]) -> ProfileLimits:
    """Read the limits out of 1.6 keys (§9.4) or 2.x variables (`SmartChargingCtrlr.…`), in any spelling of case.

    A value that cannot be read counts as never told. 2.x tells how many profiles *may* be installed not by a
    value but by the maxLimit of `Entries[ChargingProfiles]`, which is no setting: unknown there.
    """
    told = {name.casefold(): value for name, value in settings.items()}

    def first(*names: str) -> str | None:
        return next((told[name.casefold()] for name in names if name.casefold() in told), None)

    return ProfileLimits(
        max_stack_level=_count(first("ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel")),
        units=_units(first("ChargingScheduleAllowedChargingRateUnit", "SmartChargingCtrlr.RateUnit")),
        max_periods=_count(first("ChargingScheduleMaxPeriods", "SmartChargingCtrlr.PeriodsPerSchedule")),
        max_installed=_count(first("MaxChargingProfilesInstalled")),
        switches_phases=_truth(first("ConnectorSwitch3to1PhaseSupported", "SmartChargingCtrlr.Phases3to1")),
        smart_charging=_smart_charging(
            first("SupportedFeatureProfiles"),
            (first("SmartChargingCtrlr.Available"), first("SmartChargingCtrlr.Enabled")),
        ),
    )


def _count(text: str | None) -> int | None:
    """Digits alone; a charger that writes something else has told nothing."""
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 10 else None


def _units(text: str | None) -> frozenset[Unit] | None:
    words = [word.strip().casefold() for word in (text or "").split(",")]
    known = frozenset(_UNITS[word] for word in words if word in _UNITS)
    return known or None


def _truth(text: str | None) -> bool | None:
    return _TRUTHS.get((text or "").strip().casefold())


def _smart_charging(features: str | None, switches: tuple[str | None, ...]) -> bool | None:
    """1.6 lists it among its feature profiles; 2.x has two switches, and either one turns it off."""
    words = {word.strip().casefold() for word in (features or "").split(",") if word.strip()}
    if words:
        return "smartcharging" in words
    truths = {_truth(text) for text in switches}
    if False in truths:
        return False
    return True if True in truths else None
