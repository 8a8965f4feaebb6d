"""What is told of charging sessions."""

from collections.abc import Mapping
from typing import Any

from domain.event import Event, Fact
from domain.transactions import events as transaction
from projections.live.message import Message, Teller, about, token
from projections.live.meters import samples_of
from projections.streams import session_id

Told = list[Message]
A = Event[Any]
UPDATED = "session.updated"


def _started(fact: transaction.Started, event: A) -> Told:
    started = about(
        event,
        "session.started",
        fact.evse_id,
        connector_id=fact.connector_id,
        at=fact.at,
        transaction=fact.number or None,
        reference=fact.reference,
        id_token=token(fact.id_token),
        verdict=fact.verdict,
        meter_start_wh=fact.meter_start_wh,
        charging_state=fact.charging_state,
        offline=fact.offline,
        reservation=fact.reservation_id,
        flags=fact.flags or None,
    )
    return [started, *samples_of(event, fact.evse_id, fact.samples)]


def _metered(fact: transaction.Metered, event: A) -> Told:
    told = samples_of(event, fact.evse_id, fact.samples)
    if fact.energy_wh is not None or fact.flags:
        told.append(
            about(
                event,
                UPDATED,
                fact.evse_id,
                energy_wh=fact.energy_wh,
                register_wh=fact.register_wh,
                flags=fact.flags or None,
            )
        )
    return told


def _state(fact: transaction.ChargingStateChanged, event: A) -> Told:
    return [about(event, UPDATED, charging_state=fact.state, at=fact.at)]


def _token_shown(fact: transaction.TokenShown, event: A) -> Told:
    return [about(event, UPDATED, id_token=token(fact.id_token), verdict=fact.verdict, at=fact.at)]


def _ended(fact: transaction.Ended, event: A) -> Told:
    stopped = about(
        event,
        "session.stopped",
        fact.evse_id,
        connector_id=fact.connector_id,
        at=fact.at,
        reason=fact.reason,
        id_token=token(fact.id_token),
        flags=fact.flags or None,
    )
    return [*samples_of(event, fact.evse_id, fact.samples), stopped]


def _settled(fact: transaction.EnergySettled, event: A) -> Told:
    """The figure that counts, or another one in its place: who keeps the last one is right."""
    settled = about(
        event,
        "session.reconciled",
        meter_start_wh=fact.meter_start_wh,
        meter_stop_wh=fact.meter_stop_wh,
        flags=fact.flags or None,
        corrected=None if fact.correction is None else fact.correction.reason,
    )
    return [_with(settled, energy_wh=fact.energy_wh)]


def _superseded(fact: transaction.Superseded, event: A) -> Told:
    return [about(event, "session.disputed", superseded_by=session_id(fact.by))]


def _found_stale(fact: transaction.FoundStale, event: A) -> Told:
    return [about(event, "session.disputed", why=fact.why)]


def _closed_unreported(fact: transaction.ClosedUnreported, event: A) -> Told:
    return [about(event, "session.stopped", at=fact.at, unreported=True)]


def _with(message: Message, **values: Any) -> Message:
    """With these values even where they are null."""
    return Message(
        type=message.type,
        charger=message.charger,
        connector=message.connector,
        session=message.session,
        data={**values, **message.data},
    )


TOLD: Mapping[type[Fact], Teller] = {
    transaction.Started: _started,
    transaction.Metered: _metered,
    transaction.ChargingStateChanged: _state,
    transaction.TokenShown: _token_shown,
    transaction.Ended: _ended,
    transaction.EnergySettled: _settled,
    transaction.Superseded: _superseded,
    transaction.FoundStale: _found_stale,
    transaction.ClosedUnreported: _closed_unreported,
}
