"""Events of a transaction → its session's row, which makes sense in whatever order they arrive."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.identity import IdToken
from domain.metering import Sample
from domain.transactions import events as transaction
from projections.bounds import exact, key_text, number, plausible, whole_wh
from projections.read_model import ReadModel
from projections.sessions.tables import METADATA, SESSIONS
from projections.streams import session_id, subject_of
from projections.writes import Merge, Write

Row = tuple[dict[str, Any], dict[str, Any]]
"""What an event tells, and what it tells only where nothing stands yet."""


class Sessions(ReadModel):
    """A row a transaction."""

    name, version = "sessions", 2
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELLS)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One merge: what the event knows is filled in, what it does not know stays."""
        event = recorded.event
        stream, told_at = event.originator_id, event.told.recorded_at
        tenant, charger = subject_of(stream)
        values, first = _TELLS[type(event.fact)](event.fact, event)
        values["transaction"], values["charger"] = stream, charger
        first.setdefault("reported_at", told_at)
        if "listed_at" not in values:
            first.setdefault("listed_at", told_at)
        yield Merge(SESSIONS, (tenant, session_id(stream)), values, first)


def _started(fact: transaction.Started, event: Event[Any]) -> Row:
    values = {
        **_where(fact.evse_id, fact.connector_id),
        "number": fact.number or None,
        "reference": fact.reference or None,
        "started_at": fact.at,
        "listed_at": _listed(fact.at, event.told.recorded_at),
        "meter_start_wh": exact(fact.meter_start_wh),
        "charging_state": fact.charging_state or None,
        "offline": fact.offline,
        "reservation_id": _bigint(fact.reservation_id),
        "remote_start_id": _bigint(fact.remote_start_id),
        "last_sample_at": _last(fact.samples),
        **_flags(fact.flags),
    }
    if fact.id_token is not None:
        values |= _token(fact.id_token, fact.verdict)
    return values, {"register_wh": exact(fact.meter_start_wh)}


def _metered(fact: transaction.Metered, event: Event[Any]) -> Row:
    values = {
        "register_wh": exact(fact.register_wh),
        "live_wh": whole_wh(fact.energy_wh),
        "last_sample_at": _last(fact.samples),
        **_flags(fact.flags),
    }
    return values, _where(fact.evse_id, fact.connector_id)


def _charging_state_changed(fact: transaction.ChargingStateChanged, event: Event[Any]) -> Row:
    return {"charging_state": fact.state or None}, {}


def _noted(fact: transaction.Noted, event: Event[Any]) -> Row:
    return {}, {}


def _token_shown(fact: transaction.TokenShown, event: Event[Any]) -> Row:
    """The token of a start without one; a later one (the stop's, say) does not take its place."""
    return {}, _token(fact.id_token, fact.verdict)


def _ended(fact: transaction.Ended, event: Event[Any]) -> Row:
    values = {
        "ended_at": fact.at,
        "end_reported_at": event.told.recorded_at,
        "reason": fact.reason or None,
        "last_sample_at": _last(fact.samples),
        **_flags(fact.flags),
    }
    if fact.id_token is not None:
        values["stop_token"], values["stop_token_kind"] = key_text(fact.id_token.value), fact.id_token.kind
    first = {**_where(fact.evse_id, fact.connector_id), "listed_at": _listed(fact.at, event.told.recorded_at)}
    return values, first


def _energy_settled(fact: transaction.EnergySettled, event: Event[Any]) -> Row:
    values = {
        "settled": True,
        "settled_wh": whole_wh(fact.energy_wh),
        "meter_start_wh": exact(fact.meter_start_wh),
        "meter_stop_wh": exact(fact.meter_stop_wh),
        **_flags(fact.flags),
    }
    return values, {}


def _superseded(fact: transaction.Superseded, event: Event[Any]) -> Row:
    return {"superseded_by": fact.by}, {}


_TELLS: dict[type[Fact], Callable[[Any, Event[Any]], Row]] = {
    transaction.Started: _started,
    transaction.Metered: _metered,
    transaction.ChargingStateChanged: _charging_state_changed,
    transaction.Noted: _noted,
    transaction.TokenShown: _token_shown,
    transaction.Ended: _ended,
    transaction.EnergySettled: _energy_settled,
    transaction.Superseded: _superseded,
}


def _where(evse_id: int, connector_id: int) -> dict[str, Any]:
    """0 is where the charger did not say."""
    return {"evse_id": number(evse_id) or None, "connector_id": number(connector_id) or None}


def _token(token: IdToken, verdict: str) -> dict[str, Any]:
    return {"id_token": key_text(token.value), "id_token_kind": token.kind, "verdict": verdict}


def _flags(flags: Iterable[str]) -> dict[str, Any]:
    told = sorted({str(flag) for flag in flags})
    return {"flags": told} if told else {}


def _last(samples: tuple[Sample, ...]) -> datetime | None:
    return max((sample.at for sample in samples), default=None)


def _listed(at: datetime, recorded_at: datetime) -> datetime:
    return at if plausible(at, recorded_at) else recorded_at


def _bigint(value: int | None) -> int | None:
    return value if value is None or -(2**63) <= value < 2**63 else None
