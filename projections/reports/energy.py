"""Energy and sessions by site, charger, connector, token and local day; exact to the Wh, whatever is cut."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from domain.calendar import local_day, midnights, zone_of
from domain.transactions.shares import Reading, shares
from projections.session_figures.queries import (
    Crossing,
    Figures,
    SessionsWanted,
    columns_of,
    cut_sessions,
    lines,
    readings,
    whole_sessions,
)

_SUMS = ("sessions", "energy_wh", "plugged_s", "unended", "unknown_energy")


class SessionShare(msgspec.Struct, frozen=True, kw_only=True):
    """A session behind a figure: its part of it, and the events that say so."""

    session: str
    transaction: str
    charger: str
    site: str
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    begin_at: datetime
    end_at: datetime
    ended: bool
    energy_wh: int | None
    share_wh: int
    """What of its energy falls into the period."""
    share_s: int
    counted: bool
    """It began in the period, so it is one of its sessions."""
    events: list[str]


def energy(connection: Connection, wanted: SessionsWanted, dimensions: Sequence[str]) -> list[Figures]:
    """The figures of each group, in the order of the groups; without dimensions one row, if there is any session."""
    groups = columns_of(dimensions)
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in whole_sessions(connection, wanted, dimensions):
        _add(sums, row, tuple(getattr(row, name) for name in groups))
    by_day = "day" in groups
    cut = cut_sessions(connection, wanted, by_day=by_day)
    found = _readings(connection, wanted, cut)
    for session in cut:
        for part in _parts(session, wanted, found.get(session.session, ()), by_day=by_day):
            values = {**msgspec.structs.asdict(session), "day": part.day}
            _add(sums, part, tuple(values[name] for name in groups))
    rows = [_figures(groups, key, values) for key, values in sums.items()]
    return sorted(rows, key=lambda row: [_sortable(getattr(row, name)) for name in groups])


def session_shares(
    connection: Connection,
    wanted: SessionsWanted,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> tuple[list[SessionShare], bool]:
    """The sessions behind a figure, by their begin, and whether there are more."""
    rows = lines(connection, wanted, after=after, limit=limit)
    found = _readings(connection, wanted, rows[:limit])
    return (
        [_share(row, wanted, found.get(row.session, ())) for row in rows[:limit]],
        len(rows) > limit,
    )


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    day: date
    sessions: int
    energy_wh: int
    plugged_s: int
    unended: int
    unknown_energy: int


def _parts(
    session: Crossing, wanted: SessionsWanted, register: Sequence[Reading], *, by_day: bool
) -> list[_Part]:
    """The parts of a session within the period, day by day or in one piece."""
    begin, end, zone = session.begin_at, session.end_at, zone_of(wanted.zone)
    borders = {at for at in (wanted.begin, wanted.end) if begin < at < end}
    if by_day:
        borders |= set(midnights(begin, end, zone))
    cuts = sorted(borders)
    marks = [begin, *cuts, end]
    energies = shares(begin, end, session.energy_wh or 0, register, cuts)
    return [
        _Part(
            day=local_day(since, zone),
            sessions=int(since == begin),
            energy_wh=wh,
            plugged_s=_seconds(since, until),
            unended=int(since == begin and not session.ended),
            unknown_energy=int(since == begin and session.ended and session.energy_wh is None),
        )
        for since, until, wh in zip(marks, marks[1:], energies, strict=False)
        if wanted.begin <= since < wanted.end
    ]


def _share(row: Any, wanted: SessionsWanted, register: Sequence[Reading]) -> SessionShare:
    parts = _parts(row, wanted, register, by_day=False)
    plain = {name: getattr(row, name) for name in SessionShare.__struct_fields__ if hasattr(row, name)}
    return SessionShare(
        **plain,
        share_wh=sum(part.energy_wh for part in parts),
        share_s=sum(part.plugged_s for part in parts),
        counted=any(part.sessions for part in parts),
    )


def _readings(
    connection: Connection, wanted: SessionsWanted, sessions: Sequence[Crossing]
) -> Mapping[str, Sequence[Reading]]:
    starts = {
        one.session: one.meter_start_wh
        for one in sessions
        if one.energy_wh and one.meter_start_wh is not None
    }
    return readings(connection, wanted.tenant, wanted.position, starts)


def _seconds(begin: datetime, end: datetime) -> int:
    """Whole seconds that add up, however a span is cut."""
    return int(end.timestamp()) - int(begin.timestamp())


def _add(sums: dict[tuple[Any, ...], list[int]], row: Any, key: tuple[Any, ...]) -> None:
    values = sums.setdefault(key, [0] * len(_SUMS))
    for n, name in enumerate(_SUMS):
        values[n] += getattr(row, name)


def _figures(groups: Sequence[str], key: Sequence[Any], values: Sequence[int]) -> Figures:
    empty: dict[str, Any] = dict.fromkeys(
        ("site", "charger", "evse_id", "connector_id", "id_token", "day"), None
    )
    told: dict[str, Any] = dict(zip(_SUMS, values, strict=True))
    return Figures(**{**empty, **dict(zip(groups, key, strict=True)), **told})


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
