"""What can be asked of the figures of sessions, as of a position of the log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from domain.calendar import local_day, midnights, zone_of
from domain.transactions.shares import Reading


class SessionsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sessions, as of which position, of which period; what is None does not matter."""

    tenant: str
    position: int
    begin: datetime
    end: datetime
    charger: str | None = None
    site: str | None = None
    evse_id: int | None = None
    """0: sessions that name none."""
    connector_id: int | None = None
    id_token: str | None = None
    """Empty: sessions without one."""
    zone: str = "UTC"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one group of sessions comes to."""

    site: str | None
    charger: str | None
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    day: date | None
    sessions: int
    energy_wh: int
    plugged_s: int
    unended: int
    """Sessions whose end nobody told."""
    unknown_energy: int
    """Ended sessions whose energy cannot be known."""


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """A session that a border of the report cuts."""

    session: str
    site: str
    charger: str
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    begin_at: datetime
    end_at: datetime
    ended: bool
    energy_wh: int | None
    settled: bool
    meter_start_wh: Decimal | None


class SessionLine(Crossing, frozen=True, kw_only=True):
    """A session behind a figure, and the events that say so."""

    transaction: str
    events: list[str]


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a session, as it was settled or corrected."""

    energy_wh: int | None
    meter_start_wh: Decimal | None
    recorded_at: datetime
    event: str
    """stream@version"""


DIMENSIONS = ("site", "charger", "connector", "tag", "day")

_FIGURES = """
told AS (
  SELECT f.session, f.transaction, f.charger, f.evse_id, f.connector_id, f.id_token, f.begin_at, f.end_at,
         f.ended_at IS NOT NULL AS ended, f.energy_wh, f.settled, f.meter_start_wh
    FROM ocpp_session_figures f
   WHERE f.tenant = :tenant AND f.changed_position <= :position
     AND f.begin_at < :end AND (f.end_at > :begin OR f.begin_at >= :begin)
     AND (CAST(:charger AS text) IS NULL OR f.charger = :charger)
  UNION ALL
  SELECT f.session, f.transaction, f.charger, coalesce(s.evse_id, e.evse_id),
         coalesce(s.connector_id, e.connector_id), coalesce(s.id_token, t.id_token),
         coalesce(s.at, e.at), greatest(s.at, e.at), e.at IS NOT NULL, w.energy_wh, w.kind IS NOT NULL,
         w.meter_start_wh
    FROM ocpp_session_figures f
    LEFT JOIN LATERAL (
      SELECT * FROM ocpp_session_changes c WHERE c.tenant = f.tenant AND c.session = f.session
         AND c.kind = 'started' AND c.position <= :position ORDER BY position DESC LIMIT 1) AS s ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ocpp_session_changes c WHERE c.tenant = f.tenant AND c.session = f.session
         AND c.kind = 'ended' AND c.position <= :position ORDER BY position DESC LIMIT 1) AS e ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ocpp_session_changes c WHERE c.tenant = f.tenant AND c.session = f.session
         AND c.kind = 'settled' AND c.position <= :position ORDER BY position DESC LIMIT 1) AS w ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ocpp_session_changes c WHERE c.tenant = f.tenant AND c.session = f.session
         AND c.id_token IS NOT NULL AND c.position <= :position ORDER BY position LIMIT 1) AS t ON true
   WHERE f.tenant = :tenant AND f.first_position <= :position AND f.changed_position > :position
     AND coalesce(s.at, e.at) < :end AND (greatest(s.at, e.at) > :begin OR coalesce(s.at, e.at) >= :begin)
     AND (CAST(:charger AS text) IS NULL OR f.charger = :charger)
), sited AS (
  SELECT told.*, coalesce(places.site, '') AS site FROM told LEFT JOIN (
    SELECT DISTINCT ON (charger) charger, site FROM ocpp_charger_traits
     WHERE tenant = :tenant AND kind = 'site' AND position <= :position
     ORDER BY charger, position DESC) AS places USING (charger)
   WHERE (CAST(:site AS text) IS NULL OR coalesce(places.site, '') = :site)
     AND (CAST(:evse AS integer) IS NULL OR coalesce(told.evse_id, 0) = :evse)
     AND (CAST(:connector AS integer) IS NULL OR coalesce(told.connector_id, 0) = :connector)
     AND (CAST(:tag AS text) IS NULL OR upper(coalesce(told.id_token, '')) = upper(:tag))
)"""

_INSIDE = "begin_at >= :begin AND end_at <= :end"
_MIDNIGHTS = "CAST(:midnights AS timestamptz[])"
_DAY = f"width_bucket(begin_at, {_MIDNIGHTS})"
"""Which day of the period a session begins in, from 0: found among its midnights, quicker than by the calendar."""
_ONE_DAY = f"{_DAY} = width_bucket(greatest(begin_at, end_at - interval '1 us'), {_MIDNIGHTS})"
_PLUGGED_S = "floor(date_part('epoch', end_at)) - floor(date_part('epoch', begin_at))"
"""As a float, which is exact for whole numbers below 2^53; a `numeric` for each session costs more."""

_GROUPS = {
    "site": ("site",),
    "charger": ("charger",),
    "connector": ("charger", "evse_id", "connector_id"),
    "tag": ("id_token",),
    "day": ("day",),
}
_CROSSING = (
    "session, site, charger, evse_id, connector_id, id_token, begin_at, end_at, ended, energy_wh, settled, "
    "meter_start_wh"
)


def columns_of(dimensions: Sequence[str]) -> list[str]:
    """The columns that dimensions group by."""
    return list(dict.fromkeys(name for one in dimensions for name in _GROUPS[one]))


def whole_sessions(
    connection: Connection, wanted: SessionsWanted, dimensions: Sequence[str]
) -> list[Figures]:
    """What the sessions come to that no border of the report cuts, summed in the database."""
    groups = columns_of(dimensions)
    cut = f"{_INSIDE} AND {_ONE_DAY}" if "day" in groups else _INSIDE
    shown = ", ".join(
        (f"{_expression(name)} AS {name}" if name in groups else f"NULL AS {name}") for name in _ALL
    )
    query = (
        f"WITH {_FIGURES} SELECT {shown}, count(*) AS sessions, coalesce(sum(energy_wh), 0)::bigint AS energy_wh, "  # noqa: S608 - our own words
        f"coalesce(sum({_PLUGGED_S}), 0)::bigint AS plugged_s, count(*) FILTER (WHERE NOT ended) AS unended, "
        "count(*) FILTER (WHERE ended AND energy_wh IS NULL) AS unknown_energy "
        f"FROM sited WHERE {cut}"
        + (f" GROUP BY {', '.join(_expression(name) for name in groups)}" if groups else "")
    )
    borders = list(_midnights(wanted)) if "day" in groups else []
    rows = connection.execute(text(query), {**_values(wanted), "midnights": borders}).mappings()
    if "day" not in groups:
        return [Figures(**row) for row in rows if row["sessions"]]
    days = [local_day(at, zone_of(wanted.zone)) for at in (wanted.begin, *borders)]
    return [Figures(**{**row, "day": days[row["day"]]}) for row in rows]


def cut_sessions(connection: Connection, wanted: SessionsWanted, *, by_day: bool) -> list[Crossing]:
    """The sessions that a border of the report cuts: of the period, and of its days where it is by the day."""
    cut = f"NOT ({_INSIDE}{f' AND {_ONE_DAY}' if by_day else ''})"
    query = f"WITH {_FIGURES} SELECT {_CROSSING} FROM sited WHERE {cut} ORDER BY begin_at, session"  # noqa: S608 - our own words
    values = {**_values(wanted), "midnights": list(_midnights(wanted)) if by_day else []}
    return [Crossing(**row) for row in connection.execute(text(query), values).mappings()]


def _midnights(wanted: SessionsWanted) -> Iterator[datetime]:
    return midnights(wanted.begin, wanted.end, zone_of(wanted.zone))


def lines(
    connection: Connection,
    wanted: SessionsWanted,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[SessionLine]:
    """The sessions with a part in the period, by their begin; one more than `limit` says that there are more."""
    query = f"""WITH {_FIGURES} SELECT {_CROSSING}, transaction, ARRAY(
        SELECT c.event FROM ocpp_session_changes c WHERE c.tenant = :tenant AND c.session = sited.session
           AND c.position <= :position ORDER BY c.position) AS events
      FROM sited WHERE (CAST(:after_at AS timestamptz) IS NULL OR (begin_at, session) > (:after_at, :after))
     ORDER BY begin_at, session LIMIT :limit"""  # noqa: S608 - our own words
    at, name = after or (None, "")
    values = {**_values(wanted), "after_at": at, "after": name, "limit": limit + 1}
    return [SessionLine(**row) for row in connection.execute(text(query), values).mappings()]


_READINGS = """
SELECT r.session, r.at, r.register_wh FROM ocpp_session_registers r
 WHERE r.tenant = :tenant AND r.session = ANY(:sessions) AND r.position <= :position ORDER BY r.session, r.at
"""


def readings(
    connection: Connection, tenant: str, position: int, starts: Mapping[str, Decimal]
) -> dict[str, list[Reading]]:
    """The register of each session, counted from its start."""
    if not starts:
        return {}
    values = {"tenant": tenant, "sessions": sorted(starts), "position": position}
    found: dict[str, list[Reading]] = {}
    for session, at, register_wh in connection.execute(text(_READINGS), values):
        found.setdefault(session, []).append(Reading(at, register_wh - starts[session]))
    return found


_ALL = ("site", "charger", "evse_id", "connector_id", "id_token", "day")


def _expression(name: str) -> str:
    return _DAY if name == "day" else name


def _values(wanted: SessionsWanted) -> dict[str, Any]:
    return {
        "tenant": wanted.tenant,
        "position": wanted.position,
        "begin": wanted.begin,
        "end": wanted.end,
        "charger": wanted.charger,
        "site": wanted.site,
        "evse": wanted.evse_id,
        "connector": wanted.connector_id,
        "tag": wanted.id_token,
    }


_SETTLEMENTS = """
SELECT energy_wh, meter_start_wh, recorded_at, event FROM ocpp_session_changes
 WHERE tenant = :tenant AND session = :session AND kind = 'settled' AND recorded_at <= :at ORDER BY position
"""


def settlements(connection: Connection, tenant: str, session: str, at: datetime) -> list[Settlement]:
    """All figures a session had until an instant, in order; the last one counts."""
    rows = connection.execute(text(_SETTLEMENTS), {"tenant": tenant, "session": session, "at": at})
    return [Settlement(**row) for row in rows.mappings()]
