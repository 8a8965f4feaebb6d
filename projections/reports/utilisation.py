"""How much ports are used: by port, and by the hour of the week."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from sqlalchemy import Connection, text

from projections.availability.queries import AsOf, PortFilter, PortKey, PortRow, ports, seconds
from projections.reports.energy import energy
from projections.session_figures.queries import SessionsWanted

_FINEST = Decimal("0.0001")


class UtilisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A port; or all of them, with an empty charger."""

    charger: str
    evse_id: int | None
    site: str
    ports: int
    in_service_s: int
    in_use_s: int
    charging_s: int
    idle_s: int
    energy_wh: int
    rated_w: int | None
    utilisation: Decimal | None
    """In-use seconds / seconds in service."""
    idle_share: Decimal | None
    """(In use - charging) / in use."""
    energy_utilisation: Decimal | None
    """Energy / (rated power x time in service); None where the plate is not known."""


class HeatCell(msgspec.Struct, frozen=True, kw_only=True):
    """An hour of the week, over the period."""

    weekday: int
    """1: Monday."""
    hour: int
    in_use_s: int
    connector_s: int
    share: Decimal | None


_USED = """
SELECT extract(isodow FROM bin.at AT TIME ZONE :zone)::int AS weekday,
       extract(hour FROM bin.at AT TIME ZONE :zone)::int AS hour,
       sum(extract(epoch FROM least(s.until, bin.at + interval '15 min', :end)
                            - greatest(s.since, bin.at, :begin)))::bigint AS seconds
  FROM (
    SELECT c.since, c.state, coalesce(lead(c.since) OVER (
             PARTITION BY c.charger, c.evse_id ORDER BY c.since, c.position), :end) AS until
      FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)
     CROSS JOIN LATERAL (
       SELECT * FROM ocpp_connector_states c
        WHERE c.tenant = :tenant AND c.charger = p.charger AND c.evse_id = p.evse_id
          AND c.position <= :position AND c.since < :end
          AND c.since >= coalesce((
              SELECT max(e.since) FROM ocpp_connector_states e
               WHERE e.tenant = :tenant AND e.charger = p.charger AND e.evse_id = p.evse_id
                 AND e.position <= :position AND e.since <= :begin), '-infinity')
     ) AS c
  ) AS s
 CROSS JOIN LATERAL generate_series(
    date_bin('15 min', greatest(s.since, :begin), '2000-01-01 00:00+00'),
    least(s.until, :end) - interval '1 us', interval '15 min') AS bin(at)
 WHERE s.state {which} AND s.until > :begin AND s.until > s.since
 GROUP BY 1, 2
"""
_IN_USE = "IN ('charging', 'idle')"
_ABSENT = "= 'absent'"

_FIRST = """
SELECT p.charger, p.evse_id, (
    SELECT min(c.since) FROM ocpp_connector_states c
     WHERE c.tenant = :tenant AND c.charger = p.charger AND c.evse_id = p.evse_id AND c.position <= :position)
  FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)
"""

_BINS = """
SELECT extract(isodow FROM bin.at AT TIME ZONE :zone)::int, extract(hour FROM bin.at AT TIME ZONE :zone)::int,
       sum(extract(epoch FROM least(s.until, bin.at + interval '15 min') - greatest(s.since, bin.at))
           * s.ports)::bigint
  FROM unnest(CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]), CAST(:ports AS bigint[]))
       AS s(since, until, ports)
 CROSS JOIN LATERAL generate_series(date_bin('15 min', s.since, '2000-01-01 00:00+00'),
                                    s.until - interval '1 us', interval '15 min') AS bin(at)
 GROUP BY 1, 2
"""


def utilisation_rows(
    connection: Connection, of: AsOf, wanted: PortFilter, begin: datetime, end: datetime
) -> list[UtilisationRow]:
    """All ports together, then each."""
    found = ports(connection, of, wanted)
    if not found:
        return []
    spent = seconds(connection, of, [port.key for port in found], begin, end)
    sessions = SessionsWanted(
        tenant=of.tenant,
        position=of.position,
        begin=begin,
        end=end,
        charger=wanted.charger,
        site=wanted.site,
    )
    delivered: dict[PortKey, int] = {}
    for row in energy(connection, sessions, ["connector"]):
        key = (row.charger or "", row.evse_id or 0)
        delivered[key] = delivered.get(key, 0) + row.energy_wh
    rows = [
        _row(port, spent[port.key].in_service_s, spent[port.key].charging_s, spent[port.key].idle_s, wh)
        for port in found
        for wh in (delivered.get(port.key, 0),)
    ]
    return [_together(rows), *rows]


def heat_map(
    connection: Connection, of: AsOf, wanted: PortFilter, begin: datetime, end: datetime, zone: str
) -> list[HeatCell]:
    """168 cells: the seconds in use and in service of every hour of the local week."""
    found = ports(connection, of, wanted)
    if not found:
        return []
    values = {
        "tenant": of.tenant,
        "position": of.position,
        "begin": begin,
        "end": end,
        "zone": zone,
        "chargers": [port.charger for port in found],
        "evses": [port.evse_id for port in found],
    }
    used = _cells(connection, _USED.replace("{which}", _IN_USE), values)
    gone = _cells(connection, _USED.replace("{which}", _ABSENT), values)
    there = _cells(connection, _BINS, {**_service(connection, values), "zone": zone})
    return [
        _cell(
            weekday,
            hour,
            used.get((weekday, hour), 0),
            there.get((weekday, hour), 0) - gone.get((weekday, hour), 0),
        )
        for weekday in range(1, 8)
        for hour in range(24)
    ]


def _service(connection: Connection, values: dict[str, object]) -> dict[str, Sequence[object]]:
    """From when on ports were heard of, how many at once: few spans, however many ports there are."""
    begin, end = values["begin"], values["end"]
    spans: dict[datetime, int] = {}
    for _, _, first in connection.execute(text(_FIRST), values):
        since = max(first, begin)
        if since < end:
            spans[since] = spans.get(since, 0) + 1
    since = sorted(spans)
    return {"since": since, "until": [end] * len(since), "ports": [spans[at] for at in since]}


def _cells(connection: Connection, query: str, values: dict[str, object]) -> dict[tuple[int, int], int]:
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(text(query), values)}


def _cell(weekday: int, hour: int, in_use_s: int, connector_s: int) -> HeatCell:
    return HeatCell(
        weekday=weekday,
        hour=hour,
        in_use_s=in_use_s,
        connector_s=connector_s,
        share=_share(in_use_s, connector_s),
    )


def _row(port: PortRow, in_service_s: int, charging_s: int, idle_s: int, energy_wh: int) -> UtilisationRow:
    in_use = charging_s + idle_s
    could_ws = None if port.rated_w is None else port.rated_w * in_service_s
    return UtilisationRow(
        charger=port.charger,
        evse_id=port.evse_id,
        site=port.site,
        ports=1,
        in_service_s=in_service_s,
        in_use_s=in_use,
        charging_s=charging_s,
        idle_s=idle_s,
        energy_wh=energy_wh,
        rated_w=port.rated_w,
        utilisation=_share(in_use, in_service_s),
        idle_share=_share(idle_s, in_use),
        energy_utilisation=None if could_ws is None else _share(energy_wh * 3600, could_ws),
    )


def _together(rows: Sequence[UtilisationRow]) -> UtilisationRow:
    names = ("in_service_s", "in_use_s", "charging_s", "idle_s", "energy_wh")
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    known = all(row.rated_w is not None for row in rows)
    could_ws = sum((row.rated_w or 0) * row.in_service_s for row in rows)
    return UtilisationRow(
        charger="",
        evse_id=None,
        site="",
        ports=len(rows),
        **sums,
        rated_w=sum(row.rated_w or 0 for row in rows) if known else None,
        utilisation=_share(sums["in_use_s"], sums["in_service_s"]),
        idle_share=_share(sums["idle_s"], sums["in_use_s"]),
        energy_utilisation=_share(sums["energy_wh"] * 3600, could_ws) if known else None,
    )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_FINEST, ROUND_HALF_EVEN) if whole else None
