"""The rows of the board: chargers with their connectors, what needs attention first, and the totals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from rich.progress import track
from sqlalchemy import Connection

from adapters.eventstore.past import Past
from adapters.http.database import driver_of
from adapters.privacy.opening import decoding
from domain.catalogue import FACTS
from domain.identity import ChargerId
from entrypoints.commands.opening import errors
from projections.paging import LIMIT
from projections.status_board.past import board_of, matches
from projections.status_board.queries import (
    ChargerFilter,
    ChargerRow,
    ConnectorRow,
    connectors,
    list_chargers,
)

OFFLINE, UNKNOWN = "Offline", "Unknown"

URGENCY = ("Faulted", "Charging", "Occupied", OFFLINE, "Unavailable", "Reserved", UNKNOWN, "Available")
"""What needs attention comes first."""

OCCUPIED = {
    "Charging": "Charging",
    "EVConnected": "Preparing",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
}
"""2.x charging states and the word of the board."""

MANY = 50
"""So many chargers take long enough for a bar."""
SKEW_SHOWN_S = 60
"""A clock this wrong is worth a word."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A connector as the board shows it; a charger that told of none has one line without numbers."""

    charger: str
    name: str
    evse_id: int | None
    connector_id: int | None
    status: str
    detail: str
    """The finer word, or what is wrong."""
    online: bool
    session: str | None
    energy_wh: int | None
    power_w: float | None
    soc_pct: float | None
    since: datetime | None
    last_seen: datetime | None
    clock_skew_s: int | None
    protocol: str | None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What the board comes to."""

    chargers: int
    online: int
    connectors: int
    statuses: dict[str, int]
    sessions: int
    power_w: float


def load(connection: Connection, tenant: str, wanted: ChargerFilter) -> list[Place]:
    """Every place of the chargers wanted, what needs attention first."""
    places: list[Place] = []
    for chargers in _pages(connection, tenant, wanted):
        found = connectors(connection, tenant, [row.charger for row in chargers])
        for row in chargers:
            places += _places(row, found.get(row.charger, []))
    places.sort(key=attention)
    return places


def load_then(connection: Connection, tenant: str, wanted: ChargerFilter, at: datetime) -> list[Place]:
    """The same as it was at an instant, from the log; shows a bar where it takes a while."""
    past = Past(driver_of(connection), decoding(FACTS))
    keys = [row.charger for page in _pages(connection, tenant, ChargerFilter()) for row in page]
    places: list[Place] = []
    for key in track(keys, "Reading the log", console=errors, transient=True, disable=len(keys) < MANY):
        board = board_of(past.board(ChargerId(tenant, key), at) or {})
        if board is not None and matches(board, wanted):
            places += _places(*board)
    places.sort(key=attention)
    return places


def attention(place: Place) -> tuple[int, str, int, int]:
    """The order of the board."""
    urgency = URGENCY.index(place.status) if place.status in URGENCY else URGENCY.index(UNKNOWN)
    return urgency, place.charger, place.evse_id or 0, place.connector_id or 0


def totals_of(places: Sequence[Place]) -> Totals:
    """Counted over the given places."""
    running = [place for place in places if place.session is not None]
    return Totals(
        chargers=len({place.charger for place in places}),
        online=len({place.charger for place in places if place.online}),
        connectors=sum(place.evse_id is not None for place in places),
        statuses=dict(Counter(place.status for place in places)),
        sessions=len(running),
        power_w=sum(place.power_w or 0.0 for place in running),
    )


def _pages(connection: Connection, tenant: str, wanted: ChargerFilter) -> Iterator[tuple[ChargerRow, ...]]:
    after: tuple[str] | None = None
    while True:
        page = list_chargers(connection, tenant, wanted, after=after, limit=LIMIT)
        yield page.rows
        if page.next is None:
            return
        after = (page.next[0],)


def _places(row: ChargerRow, found: Sequence[ConnectorRow]) -> list[Place]:
    own = [connector for connector in found if connector.evse_id > 0]
    return [_place(row, connector) for connector in own] or [_without_connectors(row)]


def _place(row: ChargerRow, connector: ConnectorRow) -> Place:
    status, detail = _status(row, connector)
    return Place(
        charger=row.cpid,
        name=row.name,
        evse_id=connector.evse_id,
        connector_id=connector.connector_id,
        status=status,
        detail=detail,
        online=row.online,
        session=connector.session,
        energy_wh=connector.energy_wh,
        power_w=connector.power_w if connector.session and row.online else None,
        soc_pct=connector.soc_pct if connector.session else None,
        since=connector.since if row.online else row.disconnected_at,
        last_seen=row.last_seen,
        clock_skew_s=row.clock_skew_s,
        protocol=row.protocol,
    )


def _without_connectors(row: ChargerRow) -> Place:
    return Place(
        charger=row.cpid,
        name=row.name,
        evse_id=None,
        connector_id=None,
        status=UNKNOWN if row.online else OFFLINE,
        detail="" if row.last_seen else "never connected",
        online=row.online,
        session=None,
        energy_wh=None,
        power_w=None,
        soc_pct=None,
        since=row.connected_at if row.online else row.disconnected_at,
        last_seen=row.last_seen,
        clock_skew_s=row.clock_skew_s,
        protocol=row.protocol,
    )


def _status(row: ChargerRow, connector: ConnectorRow) -> tuple[str, str]:
    """(word, detail): a fault outlives the connection, everything else is hearsay once it is gone."""
    status = connector.status or UNKNOWN
    if status == "Faulted":
        code = connector.error_code if connector.error_code != "NoError" else ""
        parts = (code, connector.vendor_error_code, connector.info, "" if row.online else "offline")
        return status, ", ".join(part for part in parts if part)
    if not row.online:
        return OFFLINE, f"was {connector.activity or status}"
    if status == "Occupied":
        activity = OCCUPIED.get(connector.charging_state or "", "") or connector.activity or ""
        return ("Charging", "") if activity == "Charging" else (status, activity)
    return status, ""
