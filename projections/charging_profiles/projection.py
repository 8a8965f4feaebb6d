"""Profiles wanted, taken, refused and dropped → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.charging_profiles import events as fact
from domain.charging_profiles.events import Ending
from domain.charging_profiles.profile import ChargingProfile
from domain.event import Event, Fact, Recorded
from projections.bounds import key_text, number
from projections.charging_profiles.tables import CHARGING_PROFILES, METADATA
from projections.read_model import ReadModel
from projections.streams import subject_of
from projections.writes import Update, Upsert, Write

Values = dict[str, Any]


class ChargingProfiles(ReadModel):
    """Charging profiles, wanted and held."""

    name, version = "charging_profiles", 1
    tables = METADATA

    def __init__(self) -> None:
        kinds: tuple[type[Fact], ...] = (fact.Wanted, fact.Installed, *_CHANGES)
        self.topics = frozenset(kind.TOPIC for kind in kinds)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A wish and an installation make a row; everything else changes one."""
        event: Event[Any] = recorded.event
        tenant, charger = subject_of(event.originator_id)
        match event.fact:
            case fact.Wanted():
                key = (tenant, charger, _id(event.fact.profile.profile_id))
                return (Upsert(CHARGING_PROFILES, key, _wanted(event.fact, event)),)
            case fact.Installed():
                key = (tenant, charger, _id(event.fact.profile.profile_id))
                once = _description(event.fact.profile, event.fact.evse_id)
                if event.fact.outdated:
                    once["state"] = "withdrawn"
                return (Upsert(CHARGING_PROFILES, key, _installed(event.fact, event), once),)
            case _:
                values = _CHANGES[type(event.fact)](event.fact, event)
                match = {"tenant": tenant, "charger": charger, "profile_id": _id(event.fact.profile_id)}
                return (Update(CHARGING_PROFILES, match, values),)


_ID_LIMIT = 2**63 - 1


def _id(value: int) -> int:
    return max(-_ID_LIMIT, min(_ID_LIMIT, value))


def _description(profile: ChargingProfile, evse_id: int) -> Values:
    return {
        "evse_id": number(evse_id),
        "purpose": profile.purpose,
        "stack_level": number(profile.stack_level),
        "kind": profile.kind,
        "recurrency": profile.recurrency,
        "transaction": key_text(profile.transaction) or None,
        "valid_from": profile.valid_from,
        "valid_to": profile.valid_to,
    }


def _wanted(told: fact.Wanted, event: Event[Any]) -> Values:
    return {
        **_description(told.profile, told.evse_id),
        "origin": told.origin,
        "desired": told.profile.schedules,
        "state": "pending",
        "status": None,
        "reason": None,
        "replaced_by": None,
        "wanted_at": event.told.recorded_at,
        "ended_at": None,
    }


def _installed(told: fact.Installed, event: Event[Any]) -> Values:
    values: Values = {
        "installed": told.profile.schedules,
        "installed_evse_id": number(told.evse_id),
        "installed_at": event.told.recorded_at,
        "command": told.command or None,
    }
    return values if told.outdated else values | {"state": "installed", "status": None, "reason": None}


def _refused(told: fact.Refused, event: Event[Any]) -> Values:
    return {
        "state": "refused",
        "status": told.status or None,
        "reason": told.reason or None,
        "command": told.command or None,
    }


def _withdrawn(told: fact.Withdrawn, event: Event[Any]) -> Values:
    return {"state": "withdrawn", "replaced_by": _replaced_by(told.replaced_by)} | _over(event)


def _cleared(told: fact.Cleared, event: Event[Any]) -> Values:
    values = {"state": "cleared", "command": told.command or None} | _NOTHING_HELD
    return values if told.replaced_by is None else values | {"replaced_by": _replaced_by(told.replaced_by)}


def _lapsed(told: fact.Lapsed, event: Event[Any]) -> Values:
    gone = _NOTHING_HELD if told.why is Ending.TRANSACTION_ENDED else {}
    return {"state": "lapsed"} | gone | _over(event)


def _lost(told: fact.Lost, event: Event[Any]) -> Values:
    return {"state": "pending", "status": None, "reason": None} | _NOTHING_HELD


_NOTHING_HELD: Values = {"installed": None, "installed_evse_id": None, "installed_at": None}


def _over(event: Event[Any]) -> Values:
    return {"desired": None, "ended_at": event.told.recorded_at}


def _replaced_by(value: int | None) -> int | None:
    return None if value is None else _id(value)


_CHANGES: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    fact.Refused: _refused,
    fact.Withdrawn: _withdrawn,
    fact.Cleared: _cleared,
    fact.Lapsed: _lapsed,
    fact.Lost: _lost,
}
