"""Events → the status board.

Which of two status reports is newer? The order of the log, for a charger's clock may be wrong by hours and
still its last word is its last word. The exception is a report that is evidently from a backlog: told now,
yet dated minutes or days ago. Such a report counts as of the time it tells, and loses against what came
since. A charger whose clock is steadily behind looks like that too; its reports are then compared by its own
clock, which orders them just as well. A time that no backlog explains (1970, or ahead of us) is ignored. A
restart forgets the comparison: it may have set the clock back, and the charger tells all states anew.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.chargers import events as charger
from domain.chargers.provisioning import REVISING
from domain.event import Event, Fact, Recorded, Told
from domain.metering import Sample
from domain.transactions import events as transaction
from projections.bounds import exact, number, plausible, whole_wh
from projections.measurands import widen
from projections.read_model import ReadModel
from projections.status_board.particulars import PARTICULARS
from projections.status_board.tables import CHARGERS, CONNECTORS, METADATA
from projections.streams import session_id, subject_of
from projections.writes import Update, Upsert, Write

BACKLOG_AFTER = timedelta(minutes=5)
BACKLOG_LIMIT = timedelta(days=7)
"""A charger that was away for longer tells its state anew; older dates are clocks that were never set."""
_SINCE = ("since", "status", "activity", "error_code")

_IDLE: dict[str, Any] = {
    "session": None,
    "session_started_at": None,
    "charging_state": None,
    "power_w": None,
    "energy_wh": None,
    "soc_pct": None,
}


class StatusBoard(ReadModel):
    """Chargers and connectors as they are now."""

    name, version = "status_board", 3
    tables = METADATA

    def __init__(self, facts: Iterable[type[Fact]]) -> None:
        """`facts` is the whole catalogue: any message may be the last one seen."""
        self.topics = frozenset(fact.TOPIC for fact in facts)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """The charger's row, the connector's row, and when the charger was last seen."""
        event = recorded.event
        tenant, key = subject_of(event.originator_id)
        if not key:
            return ()
        told = event.told
        seen = told.frame is not None and told.actor == "charger"
        values: dict[str, Any] = {"last_seen": told.recorded_at} if seen else {}
        describe = _CHARGER.get(type(event.fact))
        if describe is not None:
            values |= describe(event.fact, told)
        writes: list[Write] = []
        if type(event.fact) in REVISING:
            values["revision"] = event.originator_version
        if type(event.fact) is charger.Registered:
            writes.append(Upsert(CHARGERS, (tenant, key), values))
        elif values:
            writes.append(Update(CHARGERS, {"tenant": tenant, "charger": key}, values))
        connect = _CONNECTOR.get(type(event.fact))
        if connect is not None:
            writes += connect((tenant, key), event)
        return writes


def _connected(fact: charger.Connected, told: Told) -> dict[str, Any]:
    return {
        "online": True,
        "protocol": fact.protocol,
        "connection": fact.connection,
        "connected_at": told.recorded_at,
        "gateway": fact.gateway,
        "remote": fact.remote,
        "path": fact.path,
        "user_agent": fact.user_agent,
        "flags": fact.flags or None,
        "last_seen": told.recorded_at,
    }


def _disconnected(fact: charger.Disconnected, told: Told) -> dict[str, Any]:
    return {
        "online": False,
        "connection": None,
        "disconnected_at": told.recorded_at,
        "disconnect_code": fact.code,
        "disconnect_reason": fact.reason,
    }


def _booted(fact: charger.Booted, told: Told) -> dict[str, Any]:
    values = {
        "boot_status": fact.answered,
        "vendor": fact.vendor,
        "model": fact.model,
        "serial": fact.serial,
        "box_serial": fact.box_serial,
        "firmware": fact.firmware,
        "iccid": fact.iccid,
        "imsi": fact.imsi,
        "meter_type": fact.meter_type,
        "meter_serial": fact.meter_serial,
        "heartbeat_interval_s": number(fact.interval_s),
    }
    return values if fact.repeated else values | {"booted_at": told.recorded_at, "boot_reason": fact.reason}


def _clock_skew_measured(fact: charger.ClockSkewMeasured, told: Told) -> dict[str, Any]:
    return {"clock_skew_s": fact.skew_s}


_CHARGER: dict[type[Fact], Callable[[Any, Told], dict[str, Any]]] = {
    **PARTICULARS,
    charger.Connected: _connected,
    charger.Disconnected: _disconnected,
    charger.Booted: _booted,
    charger.ClockSkewMeasured: _clock_skew_measured,
}


def ordered_at(told: Told) -> datetime:
    """The time by which a status report is newer or older than another."""
    at = told.occurred_at
    if at is not None and BACKLOG_AFTER < told.recorded_at - at < BACKLOG_LIMIT:
        return at
    return told.recorded_at


def _status_reported(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    fact, told = event.fact, event.told
    at = told.occurred_at
    values = {
        "status": fact.status,
        "activity": fact.activity,
        "error_code": fact.error_code,
        "info": fact.info,
        "vendor_id": fact.vendor_id,
        "vendor_error_code": fact.vendor_error_code,
        "since": at if at is not None and plausible(at, told.recorded_at) else told.recorded_at,
        "reported_at": told.recorded_at,
        "ordered_at": ordered_at(told),
    }
    key = (*who, number(fact.evse_id), number(fact.connector_id))
    return [Upsert(CONNECTORS, key, values, guard="ordered_at", since=_SINCE)]


def _restarted(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    if event.fact.repeated:
        return []
    return [Update(CONNECTORS, {"tenant": who[0], "charger": who[1]}, {"ordered_at": None})]


def _transaction_opened(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    fact = event.fact
    values = {
        **_IDLE,
        "last_transaction": fact.transaction,
        "session": session_id(fact.transaction),
        "session_started_at": fact.started_at,
    }
    return [Upsert(CONNECTORS, (*who, number(fact.evse_id), number(fact.connector_id)), values)]


def _transaction_closed(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    match = {"tenant": who[0], "charger": who[1], "last_transaction": event.fact.transaction}
    return [Update(CONNECTORS, match, _IDLE)]


def _running(who: tuple[str, str], stream: str) -> dict[str, Any]:
    return {"tenant": who[0], "charger": who[1], "session": session_id(stream)}


def _metered(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    """Only while it runs: readings of an ended transaction are no news of the connector."""
    fact = event.fact
    match = {
        **_running(who, event.originator_id),
        "evse_id": number(fact.evse_id),
        "connector_id": number(fact.connector_id),
    }
    values = _newest(fact.samples) | {
        "energy_wh": whole_wh(fact.energy_wh),
        "metered_at": event.told.recorded_at,
    }
    if (register := exact(fact.register_wh)) is not None:
        values["register_wh"] = register
    return [Update(CONNECTORS, match, values)]


def _connector_metered(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    fact = event.fact
    values = _newest(fact.samples) | {"metered_at": event.told.recorded_at}
    return [Upsert(CONNECTORS, (*who, number(fact.evse_id), number(fact.connector_id)), values)]


def _newest(samples: tuple[Sample, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for sample in samples:
        columns, _ = widen(sample)
        for name, column in (("power_w", "power_w"), ("soc_pct", "soc_pct"), ("energy_wh", "register_wh")):
            if name in columns:
                values[column] = columns[name]
    return values


def _charging_state_changed(who: tuple[str, str], event: Event[Any]) -> list[Write]:
    values = {"charging_state": event.fact.state}
    return [Update(CONNECTORS, _running(who, event.originator_id), values)]


_CONNECTOR: dict[type[Fact], Callable[[tuple[str, str], Event[Any]], list[Write]]] = {
    charger.Booted: _restarted,
    charger.StatusReported: _status_reported,
    charger.Metered: _connector_metered,
    charger.TransactionOpened: _transaction_opened,
    charger.TransactionClosed: _transaction_closed,
    transaction.Metered: _metered,
    transaction.ChargingStateChanged: _charging_state_changed,
}
