"""The charging profiles a charger has been given, and the limit they make at an instant."""

from typing import Any

from entrypoints.simulator.story import instant

_PURPOSE_OF_TRANSACTION = ("TxProfile", "TxDefaultProfile")


class Profiles:
    """Installed profiles in wire form (1.6 and 2.x differ only in names), by EVSE and profile id."""

    def __init__(self, voltage_v: float, phases: int) -> None:
        self._volts = voltage_v * phases
        self._installed: dict[int, tuple[int, dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self._installed)

    def put(self, evse_id: int, profile: dict[str, Any]) -> None:
        """Install a profile; the same id, or the same purpose, stack level and EVSE, is replaced."""
        place = (evse_id, _purpose(profile), profile["stackLevel"])
        self._installed = {
            key: (evse, old)
            for key, (evse, old) in self._installed.items()
            if (evse, _purpose(old), old["stackLevel"]) != place
        }
        self._installed[_id(profile)] = (evse_id, profile)

    def clear(
        self,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> int:
        """Remove all profiles that match every criterion given; the id alone decides when it is given."""
        gone = [
            key
            for key, (evse, profile) in self._installed.items()
            if (key == profile_id)
            or (
                profile_id is None
                and (evse_id is None or evse == evse_id)
                and (purpose is None or _purpose(profile) == purpose)
                and (stack_level is None or profile["stackLevel"] == stack_level)
            )
        ]
        for key in gone:
            del self._installed[key]
        return len(gone)

    def end_transaction(self, evse_id: int) -> None:
        """TxProfiles live as long as their transaction."""
        self.clear(evse_id=evse_id, purpose="TxProfile")

    def installed(self) -> list[tuple[int, dict[str, Any]]]:
        """(EVSE, profile) of all installed ones."""
        return list(self._installed.values())

    def limit_w(self, evse_id: int, at_s: float, started_at_s: float | None) -> float:
        """The lowest of station limit and transaction limit, in watts; infinite without any profile."""
        limits = [float("inf")]
        ranked = sorted(self._installed.values(), key=lambda entry: -entry[1]["stackLevel"])
        for purposes in ((*_PURPOSE_OF_TRANSACTION,), ("ChargePointMaxProfile", "ChargingStationMaxProfile")):
            for purpose in purposes:
                mine = (p for evse, p in ranked if evse in (0, evse_id) and _purpose(p) == purpose)
                found = next(
                    (w for w in (self._at(p, at_s, started_at_s) for p in mine) if w is not None), None
                )
                if found is not None:
                    limits.append(found)
                    break
        return min(limits)

    def _at(self, profile: dict[str, Any], at_s: float, started_at_s: float | None) -> float | None:
        """The profile's own limit at an instant, None where it is silent then."""
        if not _valid(profile, at_s):
            return None
        schedule = _schedule(profile)
        elapsed_s = at_s - _begin(profile, schedule, at_s, started_at_s)
        if elapsed_s < 0 or elapsed_s >= schedule.get("duration", float("inf")):
            return None
        current = None
        for period in schedule["chargingSchedulePeriod"]:
            if period["startPeriod"] <= elapsed_s:
                current = period
        if current is None or "limit" not in current:
            return None
        return self._watts(current, schedule["chargingRateUnit"])

    def _watts(self, period: dict[str, Any], unit: str) -> float:
        limit = float(period["limit"])
        if unit == "W":
            return limit
        phases = period.get("numberPhases")
        return limit * (self._volts if phases is None else min(self._volts, 230.0 * phases))

    def composite(
        self,
        evse_id: int,
        at_s: float,
        duration_s: int,
        unit: str,
        ceiling_w: float,
        started_at_s: float | None,
    ) -> list[dict[str, Any]]:
        """The periods of the composite schedule, sampled each minute (a day has enough of them)."""
        periods: list[dict[str, Any]] = []
        for offset_s in range(0, max(1, min(duration_s, 86_400)), 60):
            limit_w = min(self.limit_w(evse_id, at_s + offset_s, started_at_s), ceiling_w)
            limit = round(limit_w if unit == "W" else limit_w / self._volts, 1)
            if not periods or periods[-1]["limit"] != limit:
                periods.append({"startPeriod": offset_s, "limit": limit})
        return periods


def _id(profile: dict[str, Any]) -> int:
    number: int = profile["chargingProfileId"] if "chargingProfileId" in profile else profile["id"]
    return number


def _purpose(profile: dict[str, Any]) -> str:
    purpose: str = profile["chargingProfilePurpose"]
    return purpose


def _schedule(profile: dict[str, Any]) -> dict[str, Any]:
    """1.6 has one schedule, 2.x a list of which the first counts without ISO 15118."""
    schedule: Any = profile["chargingSchedule"]
    first: dict[str, Any] = schedule[0] if isinstance(schedule, list) else schedule
    return first


def _valid(profile: dict[str, Any], at_s: float) -> bool:
    starts, ends = profile.get("validFrom"), profile.get("validTo")
    return (starts is None or instant(starts) <= at_s) and (ends is None or at_s < instant(ends))


def _begin(
    profile: dict[str, Any], schedule: dict[str, Any], at_s: float, started_at_s: float | None
) -> float:
    """When the schedule that counts at `at_s` began (1.6 §3.13.1: absolute, recurring, relative)."""
    told = schedule.get("startSchedule")
    anchor = instant(told) if told else started_at_s if started_at_s is not None else at_s
    if profile.get("chargingProfileKind") == "Relative":
        return started_at_s if started_at_s is not None else at_s
    if profile.get("chargingProfileKind") == "Recurring":
        cycle_s = 7 * 86400.0 if profile.get("recurrencyKind") == "Weekly" else 86400.0
        return anchor + (at_s - anchor) // cycle_s * cycle_s
    return anchor
