"""Events of a transaction → the figures of its session, and every change of them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.identity import IdToken
from domain.metering import register_wh
from domain.transactions import events as transaction
from projections.bounds import exact, key_text, number, plausible, whole_wh
from projections.read_model import ReadModel
from projections.session_figures.tables import CHANGES, FIGURES, METADATA, REGISTERS
from projections.streams import session_id, subject_of
from projections.writes import Append, Merge, Update, Write

QUARTER_S = 900
Row = dict[str, Any]


class SessionFigures(ReadModel):
    """What sessions come to."""

    name, version = "session_figures", 1
    tables = METADATA

    def __init__(self) -> None:
        facts: tuple[type[Fact], ...] = (*_TELLS, transaction.Metered)
        self.topics = frozenset(fact.TOPIC for fact in facts)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A change and the row it changes; or readings of the register, the first in each quarter of an hour."""
        event = recorded.event
        tenant, charger = subject_of(event.originator_id)
        session = session_id(event.originator_id)
        if type(event.fact) is transaction.Metered:
            return _readings(event, recorded.position, (tenant, session))
        row, values, first = _TELLS[type(event.fact)](event.fact, event)
        changed = {
            "tenant": tenant,
            "session": session,
            "position": recorded.position,
            "event": f"{event.originator_id}@{event.originator_version}",
            "recorded_at": event.told.recorded_at,
            **_NOTHING,
            **row,
        }
        values["changed_position"] = recorded.position
        if (
            type(event.fact) is transaction.EnergySettled
        ):  # what settles follows an end, and may take a figure back
            match = {"tenant": tenant, "session": session}
            return [Append(CHANGES, changed), Update(FIGURES, match, values)]
        values |= {"transaction": event.originator_id, "charger": charger}
        first = {"first_position": recorded.position, **first}
        return [Append(CHANGES, changed), Merge(FIGURES, (tenant, session), values, first)]


_NOTHING: Row = {
    "at": None,
    "evse_id": None,
    "connector_id": None,
    "id_token": None,
    "energy_wh": None,
    "meter_start_wh": None,
}
Told = tuple[Row, Row, Row]
"""The change; what it sets; what it sets only where nothing stands."""


def _started(fact: transaction.Started, event: Event[Any]) -> Told:
    at, where = _sane(fact.at, event), _where(fact.evse_id, fact.connector_id)
    row = {"kind": "started", "at": at, **where, **_token(fact.id_token)}
    return row, {"started_at": at, **where}, _token(fact.id_token)


def _ended(fact: transaction.Ended, event: Event[Any]) -> Told:
    at, where = _sane(fact.at, event), _where(fact.evse_id, fact.connector_id)
    return {"kind": "ended", "at": at, **where}, {"ended_at": at}, where


def _settled(fact: transaction.EnergySettled, event: Event[Any]) -> Told:
    figures = {"energy_wh": whole_wh(fact.energy_wh), "meter_start_wh": exact(fact.meter_start_wh)}
    return {"kind": "settled", **figures}, {**figures, "settled": True}, {}


def _token_shown(fact: transaction.TokenShown, event: Event[Any]) -> Told:
    token = _token(fact.id_token)
    return {"kind": "token", **token}, {}, token


_TELLS: dict[type[Fact], Callable[[Any, Event[Any]], Told]] = {
    transaction.Started: _started,
    transaction.Ended: _ended,
    transaction.EnergySettled: _settled,
    transaction.TokenShown: _token_shown,
}


def _readings(event: Event[Any], position: int, who: tuple[str, str]) -> list[Write]:
    writes: list[Write] = []
    told_at = event.told.recorded_at
    for sample in event.fact.samples:
        wh = exact(register_wh(sample))
        if wh is None or not plausible(sample.at, told_at):
            continue
        row = {
            "tenant": who[0],
            "session": who[1],
            "quarter": int(sample.at.timestamp()) // QUARTER_S,
            "at": sample.at,
            "register_wh": wh,
            "position": position,
        }
        writes.append(Append(REGISTERS, row))
    return writes


def _sane(at: datetime, event: Event[Any]) -> datetime:
    told_at = event.told.recorded_at
    return at if plausible(at, told_at) else told_at


def _where(evse_id: int, connector_id: int) -> Row:
    return {"evse_id": number(evse_id) or None, "connector_id": number(connector_id) or None}


def _token(token: IdToken | None) -> Row:
    return {"id_token": None if token is None else key_text(token.value)}
