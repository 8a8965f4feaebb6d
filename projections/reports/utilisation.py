"""How much ports are used: by port, and by the hour of the week."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, text

from domain.calendar import zone_of
from projections.availability.queries import AsOf, PortFilter, PortKey, PortRow, ports, seconds
from projections.availability.within import changes_within
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


_WITHIN = changes_within("p.charger", "p.evse_id", ":begin", ":end", tenant=":tenant", position=":position")
_BORDERS = f"""
WITH spans AS (
  SELECT s.state = 'absent' AS absent, greatest(s.since, :begin) AS since, least(s.until, :end) AS until
    FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)
   CROSS JOIN LATERAL (
     SELECT c.since, c.state, coalesce(lead(c.since) OVER (ORDER BY c.since, c.position), :end) AS until
       FROM {_WITHIN} AS c
   ) AS s
   WHERE s.state IN ('charging', 'idle', 'absent') AND s.until > :begin AND s.until > s.since
)
SELECT absent, bin, sum(n)::bigint, sum(n * date_part('epoch', at - bin))::bigint
  FROM (
    SELECT absent, date_bin('15 min', since, '2000-01-01 00:00+00') AS bin, since AS at, 1 AS n FROM spans
    UNION ALL
    SELECT absent, date_bin('15 min', until, '2000-01-01 00:00+00'), until, -1 FROM spans
  ) AS borders
 GROUP BY absent, bin
"""  # noqa: S608 - our own words

_FIRST = """
SELECT bin, count(*)::bigint, sum(date_part('epoch', at - bin))::bigint
  FROM (
    SELECT at, date_bin('15 min', at, '2000-01-01 00:00+00') AS bin
      FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)
     CROSS JOIN LATERAL (
       SELECT greatest(c.since, :begin) AS at FROM ocpp_connector_states c
        WHERE c.tenant = :tenant AND c.charger = p.charger AND c.evse_id = p.evse_id
          AND c.position <= :position
        ORDER BY c.since LIMIT 1) AS c
     WHERE c.at < :end
  ) AS begun
 GROUP BY bin
"""
BIN = timedelta(minutes=15)
"""Local hours of every zone begin at a multiple of it."""
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)

Borders = dict[datetime, tuple[int, int]]
"""Quarter of an hour → how many spans begin in it less those that end, and by how many seconds after its begin."""


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
        "chargers": [port.charger for port in found],
        "evses": [port.evse_id for port in found],
    }
    hours = _hours(begin, end, zone_of(zone))
    borders: dict[bool, Borders] = {True: {}, False: {}}
    for absent, at, count, offset in connection.execute(text(_BORDERS), values):
        borders[absent][at] = count, offset
    used, gone = _by_hour(borders[False], hours), _by_hour(borders[True], hours)
    heard = {row[0]: (row[1], row[2]) for row in connection.execute(text(_FIRST), values)}
    there = _by_hour(_ended(heard, end), hours)
    return [
        _cell(*place, used.get(place, 0), there.get(place, 0) - gone.get(place, 0))
        for place in ((weekday, hour) for weekday in range(1, 8) for hour in range(24))
    ]


def _hours(begin: datetime, end: datetime, zone: ZoneInfo) -> dict[datetime, tuple[int, int]]:
    """Every quarter of an hour of the period → weekday and hour of the place."""
    at = begin - (begin - _ORIGIN) % BIN
    found = {}
    while at < end:
        local = at.astimezone(zone)
        found[at] = local.isoweekday(), local.hour
        at += BIN
    return found


def _ended(borders: Borders, end: datetime) -> Borders:
    """What has no end of its own ends with the period."""
    running = sum(count for count, _ in borders.values())
    last = end - (end - _ORIGIN) % BIN
    count, offset = borders.get(last, (0, 0))
    late = int((end - last).total_seconds()) * running
    return {**borders, last: (count - running, offset - late)}


def _by_hour(borders: Borders, hours: dict[datetime, tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The seconds of all spans in each hour of the week: those under way, and what borders add and take."""
    found: dict[tuple[int, int], int] = {}
    running, width = 0, int(BIN.total_seconds())
    for at, place in hours.items():
        count, offset = borders.get(at, (0, 0))
        found[place] = found.get(place, 0) + (running + count) * width - offset
        running += count
    return found


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
