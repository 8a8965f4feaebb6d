"""The state machines of a batch: loaded, fed with its signals in log order, and their changes written.

A use while offline is cut against the changes up to its own position, wherever the batch ended.
"""

from collections.abc import Sequence
from typing import Any

from domain.uptime.station import Change, Seconds, Signal, Station, Use
from projections.availability.tables import PORTS, STATES, STATIONS
from projections.availability.within import changes_within
from projections.machines import Machines, Who, who_in
from projections.read_model import Link
from projections.statements import execute_writes
from projections.streams import session_id
from projections.writes import Append, Write

_STATIONS = Machines(STATIONS, Station)

_WITHIN = changes_within(
    "u.charger", "u.evse_id", "u.begin_at", "u.end_at", tenant="u.tenant", position="u.position"
)
_USES = f"""
INSERT INTO ocpp_offline_use (tenant, charger, evse_id, session, position, begin_at, end_at)
SELECT u.tenant, u.charger, u.evse_id, u.session, u.position,
       greatest(u.begin_at, s.since), least(u.end_at, s.until)
  FROM unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::bigint[], %s::timestamptz[],
              %s::timestamptz[]) AS u(tenant, charger, evse_id, session, position, begin_at, end_at)
 CROSS JOIN LATERAL (
   SELECT c.since, c.state, coalesce(lead(c.since) OVER (ORDER BY c.since, c.position), 'infinity') AS until
     FROM {_WITHIN} AS c
 ) AS s
 WHERE s.state = 'unknown' AND greatest(u.begin_at, s.since) < least(u.end_at, s.until)
ON CONFLICT DO NOTHING
""".encode()  # noqa: S608 - our own words


def follow(connection: Link, rows: Sequence[Any]) -> None:
    """Take the signals of a batch, as they stand in their table."""
    if not rows:
        return
    stations = _STATIONS.load(connection, map(who_in, rows))
    writes: list[Write] = []
    uses: list[tuple[Who, Use]] = []
    for row in rows:
        who = who_in(row)
        for one in stations[who].take(signal_of(row)):
            if isinstance(one, Use):
                uses.append((who, one))
            else:
                writes += _changed(who, one)
    execute_writes(connection, [*writes, *_STATIONS.laid_down(stations, rows)])
    _prove(connection, uses)


def signal_of(row: Any) -> Signal:
    """A row of the table of signals as the machine takes it."""
    return Signal(**{name: row[name] for name in Signal.__struct_fields__})


def _changed(who: Who, change: Change) -> list[Write]:
    row = {
        "tenant": who[0],
        "charger": who[1],
        "evse_id": change.evse_id,
        "since": change.since,
        "position": change.position,
        "state": str(change.state),
        "cause": change.cause,
        "detail": change.detail,
        "event": change.event,
        **{f"{name}_s": getattr(change.before, name) for name in Seconds.__struct_fields__},
    }
    first = [Append(PORTS, {name: row[name] for name in ("tenant", "charger", "evse_id", "position")})]
    return [*(first if change.before == Seconds() else []), Append(STATES, row)]


def _prove(connection: Link, uses: Sequence[tuple[Who, Use]]) -> None:
    if not uses:
        return
    rows = [
        (*who, use.evse_id, session_id(use.session), use.position, use.begin, use.end) for who, use in uses
    ]
    connection.execute(_USES, [list(column) for column in zip(*rows, strict=True)])
