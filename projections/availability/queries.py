"""What can be asked of availability, as of a position of the log."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from domain.uptime.formulas import Formula
from domain.uptime.states import Claim, Interval, State, excluded, proven
from domain.uptime.tally import Tally, tally
from projections.availability.within import changes_within

PortKey = tuple[str, int]
"""Charger and EVSE."""

RAPID_W = 50_000
"""PCPR 2023 reg. 2: a rapid charge point has a power of 50 kW or above."""


class AsOf(msgspec.Struct, frozen=True):
    """Whose, and up to which event."""

    tenant: str
    position: int


class PortFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which ports; what is left out does not matter."""

    charger: str | None = None
    evse_id: int | None = None
    site: str | None = None
    rapid: bool = False
    """Only those rated 50 kW or more."""


class PortRow(msgspec.Struct, frozen=True, kw_only=True):
    """A port, and what is known of the charger it is part of."""

    charger: str
    evse_id: int
    site: str
    vendor: str
    model: str
    firmware: str
    rated_w: int | None

    @property
    def key(self) -> PortKey:
        """What names it."""
        return self.charger, self.evse_id


_PORTS = """
SELECT p.charger, p.evse_id, coalesce(site.site, '') AS site, coalesce(hw.vendor, '') AS vendor,
       coalesce(hw.model, '') AS model, coalesce(hw.firmware, '') AS firmware, rated.rated_w
  FROM ocpp_availability_ports p
  LEFT JOIN LATERAL (
    SELECT site FROM ocpp_charger_traits t
     WHERE t.tenant = p.tenant AND t.charger = p.charger AND t.kind = 'site' AND t.position <= :position
     ORDER BY t.position DESC LIMIT 1) AS site ON true
  LEFT JOIN LATERAL (
    SELECT vendor, model, firmware FROM ocpp_charger_traits t
     WHERE t.tenant = p.tenant AND t.charger = p.charger AND t.kind = 'hardware' AND t.position <= :position
     ORDER BY t.position DESC LIMIT 1) AS hw ON true
  LEFT JOIN LATERAL (
    SELECT rated_w FROM ocpp_port_ratings r
     WHERE r.tenant = p.tenant AND r.charger = p.charger AND r.evse_id = p.evse_id AND r.position <= :position
     ORDER BY r.position DESC LIMIT 1) AS rated ON true
 WHERE p.tenant = :tenant AND p.position <= :position
   AND (CAST(:charger AS text) IS NULL OR p.charger = :charger)
   AND (CAST(:evse AS integer) IS NULL OR p.evse_id = :evse)
   AND (CAST(:site AS text) IS NULL OR coalesce(site.site, '') = :site)
   AND (NOT :rapid OR rated.rated_w >= :rapid_w)
 ORDER BY p.charger, p.evse_id
"""

_STATES = ("up", "charging", "idle", "down", "unknown")


def _until(row: str, at: str) -> str:
    """The seconds in each state up to a moment, from the newest change before it."""
    return ", ".join(
        f"coalesce({row}.{name}_s + CASE WHEN {row}.state = '{name}' "
        f"THEN extract(epoch FROM :{at} - {row}.since)::bigint ELSE 0 END, 0) AS {name}_s"
        for name in _STATES
    )


def _newest(at: str) -> str:
    return f"""
  LEFT JOIN LATERAL (
    SELECT {_until("s", at)} FROM ocpp_connector_states s
     WHERE s.tenant = :tenant AND s.charger = p.charger AND s.evse_id = p.evse_id
       AND s.since <= :{at} AND s.position <= :position
     ORDER BY s.since DESC, s.position DESC LIMIT 1) AS {at}_ ON true"""  # noqa: S608 - our own words


_SECONDS = (
    "SELECT p.charger, p.evse_id, "  # noqa: S608 - our own words
    + ", ".join(f"coalesce(end_.{n}_s, 0) - coalesce(begin_.{n}_s, 0)" for n in _STATES)
    + " FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)"
    + _newest("begin")
    + _newest("end")
)

_USES = """
SELECT u.charger, u.evse_id, u.session, u.begin_at, u.end_at FROM ocpp_offline_use u
 WHERE u.tenant = :tenant AND u.position <= :position AND u.begin_at < :end AND u.end_at > :begin
   AND (CAST(:charger AS text) IS NULL OR u.charger = :charger)
   AND NOT EXISTS (
     SELECT 1 FROM ocpp_offline_use n
      WHERE n.tenant = u.tenant AND n.charger = u.charger AND n.evse_id = u.evse_id
        AND n.session = u.session AND n.position > u.position AND n.position <= :position)
 ORDER BY u.charger, u.evse_id, u.begin_at, u.session
"""

_EXCLUSIONS = """
SELECT charger, evse_id, id, begin_at, end_at FROM ocpp_exclusions
 WHERE tenant = :tenant AND position <= :position AND begin_at < :end AND end_at > :begin
   AND (withdrawn_position IS NULL OR withdrawn_position > :position)
   AND (CAST(:charger AS text) IS NULL OR charger = :charger) AND :formula = ANY(formulas)
 ORDER BY charger, begin_at, id
"""

_WITHIN = changes_within(
    "w.charger", "w.evse_id", "w.begin_at", "w.end_at", tenant=":tenant", position=":position"
)
_INTERVALS = f"""
SELECT w.n, s.since, s.state, s.cause, s.detail, s.position, s.event
  FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[]), CAST(:begins AS timestamptz[]),
              CAST(:ends AS timestamptz[])) WITH ORDINALITY AS w(charger, evse_id, begin_at, end_at, n)
 CROSS JOIN LATERAL {_WITHIN} AS s
 ORDER BY w.n, s.since, s.position
"""  # noqa: S608 - our own words


def ports(connection: Connection, of: AsOf, wanted: PortFilter) -> list[PortRow]:
    """The ports that were heard of, by charger and number."""
    values = {
        **_of(of),
        "charger": wanted.charger,
        "evse": wanted.evse_id,
        "site": wanted.site,
        "rapid": wanted.rapid,
        "rapid_w": RAPID_W,
    }
    return [PortRow(**row) for row in connection.execute(text(_PORTS), values).mappings()]


def tallies(
    connection: Connection,
    of: AsOf,
    keys: Sequence[PortKey],
    begin: datetime,
    end: datetime,
    formula: Formula,
) -> dict[PortKey, Tally]:
    """The seconds of each port in the period, with what is proven and what is excluded."""
    found = seconds(connection, of, keys, begin, end)
    charger = keys[0][0] if len({key[0] for key in keys}) == 1 else None
    uses = uses_of(connection, of, begin, end, charger)
    exclusions = exclusions_of(connection, of, keys, begin, end, formula, charger)
    for key in uses.keys() & found.keys() - exclusions.keys():
        found[key] = _with_use(found[key], _spans(uses[key], begin, end))
    windows = [
        (key, window)
        for key in sorted(exclusions.keys() & found.keys())
        for window in _spans([*uses.get(key, ()), *exclusions[key]], begin, end)
    ]
    for (key, _), plain in zip(windows, _windows(connection, of, windows), strict=True):
        cut = excluded(proven(plain, uses.get(key, ())), exclusions[key])
        found[key] = _corrected(found[key], tally(plain), tally(cut))
    return found


def seconds(
    connection: Connection, of: AsOf, keys: Sequence[PortKey], begin: datetime, end: datetime
) -> dict[PortKey, Tally]:
    """The seconds of each port in each state, two look-ups a port however long the period is."""
    values = {**_of(of), **_keys(keys), "begin": begin, "end": end}
    whole = int((end - begin).total_seconds())
    found = {}
    for charger, evse_id, up, charging, idle, down, unknown in connection.execute(text(_SECONDS), values):
        known = up + charging + idle + down + unknown
        found[charger, evse_id] = Tally(
            up_s=up,
            charging_s=charging,
            idle_s=idle,
            down_s=down,
            offline_s=unknown,
            absent_s=whole - known,
        )
    return found


def intervals(
    connection: Connection, of: AsOf, key: PortKey, begin: datetime, end: datetime, formula: Formula
) -> list[Interval]:
    """Every interval of a port in the period, cut where use is proven and where exclusions hold."""
    uses = uses_of(connection, of, begin, end, key[0])
    exclusions = exclusions_of(connection, of, [key], begin, end, formula, key[0])
    (plain,) = _windows(connection, of, [(key, (begin, end))])
    return excluded(proven(plain, uses.get(key, ())), exclusions.get(key, ()))


def uses_of(
    connection: Connection, of: AsOf, begin: datetime, end: datetime, charger: str | None = None
) -> dict[PortKey, list[Claim]]:
    """Spans of offline time that session data prove to be use."""
    values = {**_of(of), "begin": begin, "end": end, "charger": charger}
    found: dict[PortKey, list[Claim]] = {}
    for key, evse_id, session, since, until in connection.execute(text(_USES), values):
        found.setdefault((key, evse_id), []).append(Claim(begin=since, end=until, name=session))
    return found


def exclusions_of(
    connection: Connection,
    of: AsOf,
    keys: Iterable[PortKey],
    begin: datetime,
    end: datetime,
    formula: Formula,
    charger: str | None = None,
) -> dict[PortKey, list[Claim]]:
    """The exclusions that hold for each port by a formula."""
    values = {**_of(of), "begin": begin, "end": end, "charger": charger, "formula": str(formula)}
    by_charger: dict[str, list[tuple[int, Claim]]] = {}
    for key, evse_id, name, since, until in connection.execute(text(_EXCLUSIONS), values):
        by_charger.setdefault(key, []).append((evse_id, Claim(begin=since, end=until, name=name)))
    found = {}
    for key in keys:
        claims = [claim for evse_id, claim in by_charger.get(key[0], ()) if evse_id in (0, key[1])]
        if claims:
            found[key] = claims
    return found


Window = tuple[PortKey, tuple[datetime, datetime]]


def _windows(connection: Connection, of: AsOf, windows: Sequence[Window]) -> list[list[Interval]]:
    """The intervals within each window, without what is proven and excluded."""
    values = {
        **_of(of),
        **_keys([key for key, _ in windows]),
        "begins": [begin for _, (begin, _) in windows],
        "ends": [end for _, (_, end) in windows],
    }
    rows: list[list[tuple[datetime, Interval]]] = [[] for _ in windows]
    if windows:
        for n, since, state, cause, detail, position, event in connection.execute(text(_INTERVALS), values):
            one = Interval(
                begin=since,
                end=since,
                state=State(state),
                cause=cause,
                detail=detail,
                position=position,
                event=event,
            )
            rows[n - 1].append((since, one))
    return [_joined(found, *window) for found, (_, window) in zip(rows, windows, strict=True)]


def _joined(found: list[tuple[datetime, Interval]], begin: datetime, end: datetime) -> list[Interval]:
    """Each interval ends where the next one begins; those of no length are left out."""
    out: list[Interval] = []
    at = begin
    for n, (since, one) in enumerate(found):
        until = found[n + 1][0] if n + 1 < len(found) else end
        since, until = max(since, begin), min(until, end)
        if until <= since:
            continue
        if since > at:
            out.append(Interval(begin=at, end=since, state=State.ABSENT))
        out.append(msgspec.structs.replace(one, begin=since, end=until))
        at = until
    if at < end:
        out.append(Interval(begin=at, end=end, state=State.ABSENT))
    return out


def _spans(claims: Iterable[Claim], begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The union of claims within a period."""
    out: list[tuple[datetime, datetime]] = []
    for claim in sorted(claims, key=lambda one: one.begin):
        since, until = max(begin, claim.begin), min(end, claim.end)
        if out and since <= out[-1][1]:
            out[-1] = (out[-1][0], max(until, out[-1][1]))
        elif since < until:
            out.append((since, until))
    return out


def _with_use(whole: Tally, spans: Sequence[tuple[datetime, datetime]]) -> Tally:
    """Use is kept cut to offline time, so nothing has to be looked up where nothing is excluded."""
    used = sum(int((until - since).total_seconds()) for since, until in spans)
    return msgspec.structs.replace(whole, proven_s=used, offline_s=whole.offline_s - used)


def _corrected(whole: Tally, plain: Tally, cut: Tally) -> Tally:
    """`whole` with `cut` in the place of `plain`."""
    names = Tally.__struct_fields__
    return Tally(**{n: getattr(whole, n) - getattr(plain, n) + getattr(cut, n) for n in names})


def _of(of: AsOf) -> Mapping[str, object]:
    return {"tenant": of.tenant, "position": of.position}


def _keys(keys: Sequence[PortKey]) -> Mapping[str, object]:
    return {"chargers": [key[0] for key in keys], "evses": [key[1] for key in keys]}
