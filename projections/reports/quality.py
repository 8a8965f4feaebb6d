"""How starts fare, what goes wrong, how long ports hold, and how commands end; by whatever is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from projections.availability.queries import AsOf, PortFilter, PortRow, ports, seconds
from projections.availability.within import changes_within

DIMENSIONS = ("protocol", "vendor", "model", "firmware", "charger")
_FINEST = Decimal("0.0001")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose, as of which position, and when it began."""

    of: AsOf
    begin: datetime
    end: datetime
    charger: str | None = None
    kind: str | None = None
    """Of a fault."""
    code: str | None = None
    nature: Mapping[str, str] = {}
    """Names of `DIMENSIONS` and what they must be; empty: nobody told it."""


class FunnelRow(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of a group, and how many came so far."""

    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    charger: str | None
    attempts: int
    plugged: int
    authorised: int
    refused: int
    started: int
    energised: int
    stopped: int
    stopped_properly: int
    running: int
    """Started, and not over yet: neither a success nor a failure."""
    success_pct: Decimal | None
    """Started and properly ended / attempts that are over."""


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, and the events of its steps."""

    attempt: int
    charger: str
    evse_id: int | None
    begun_at: datetime
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    reached: str
    verdict: str | None
    reason: str | None
    session: str | None
    proper: bool | None
    steps: list[str]
    """`<step> <stream@version>`, in order."""


class ErrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of error of a group."""

    kind: str
    code: str
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    charger: str | None
    count: int
    chargers: int
    cleared: int
    mean_s: int | None
    """From the error to its end, of those that are over."""


class FaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """An error, and the event that told it."""

    position: int
    at: datetime
    charger: str
    evse_id: int
    connector_id: int
    kind: str
    code: str
    detail: str
    count: int
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    cleared_at: datetime | None
    event: str


class ReliabilityRow(msgspec.Struct, frozen=True, kw_only=True):
    """How long ports of a model hold, and how long they are broken then."""

    vendor: str
    model: str
    firmware: str
    ports: int
    in_service_s: int
    failures: int
    """Times a port that worked told a fault."""
    faulted_s: int
    mtbf_s: int | None
    """Seconds working / failures."""
    mttr_s: int | None
    """Seconds faulted / failures."""


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of command fares."""

    intent: str
    requested: int
    agreed: int
    refused: int
    failed: int
    timed_out: int
    unknown: int
    cancelled: int
    observed: int
    """What was asked for was seen to happen."""
    first_time_right_pct: Decimal | None
    """Agreed / ended: nothing is repeated by itself, so the first time is the only one."""


_NATURE = ("protocol", "vendor", "model", "firmware", "charger")

_ATTEMPTS = """
  FROM ocpp_attempts WHERE tenant = :tenant AND attempt <= :position AND begun_at >= :begin AND begun_at < :end
   AND (CAST(:charger AS text) IS NULL OR charger = :charger)
"""


def _known(name: str) -> str:
    return f"coalesce({name}_position <= :position, false)"


_OVER = f"({_known('stopped')} OR (NOT {_known('started')} AND {_known('closed')}))"

_FAULTS = """
  FROM ocpp_faults WHERE tenant = :tenant AND position <= :position AND at >= :begin AND at < :end
   AND (CAST(:charger AS text) IS NULL OR charger = :charger)
   AND (CAST(:kind AS text) IS NULL OR kind = :kind) AND (CAST(:code AS text) IS NULL OR code = :code)
"""
_CLEARED = "coalesce(cleared_position <= :position, false)"


def funnel(connection: Connection, scope: Scope, dimensions: Sequence[str]) -> list[FunnelRow]:
    """Each group in its order."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE {_known(name)}) AS {name}"
        for name in ("plugged", "authorised", "refused", "started", "energised", "stopped")
    )
    query = (
        f"SELECT {_shown(dimensions)}, count(*) AS attempts, {counts}, "
        f"count(*) FILTER (WHERE {_known('stopped')} AND {_known('started')} AND proper) AS stopped_properly, "
        f"count(*) FILTER (WHERE NOT {_OVER}) AS running {_ATTEMPTS}{_grouped(dimensions)}"
    )
    rows = connection.execute(text(query), _values(scope)).mappings()
    return [
        FunnelRow(**row, success_pct=_percent(row["stopped_properly"], row["attempts"] - row["running"]))
        for row in rows
        if row["attempts"]
    ]


def attempts(
    connection: Connection, scope: Scope, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[AttemptRow]:
    """The attempts behind a funnel, the oldest first; one more than `limit` says that there are more."""
    reached = " ".join(
        f"WHEN {_known(name)} THEN '{name}'"
        for name in ("stopped", "energised", "started", "refused", "authorised", "plugged")
    )
    query = f"""
SELECT attempt, charger, evse_id, begun_at, protocol, vendor, model, firmware, verdict, session,
       CASE {reached} ELSE '' END AS reached, events,
       CASE WHEN {_known("stopped")} THEN reason END AS reason,
       CASE WHEN {_known("stopped")} THEN proper END AS proper
{_ATTEMPTS}{_of_nature(scope)} AND (CAST(:after_at AS timestamptz) IS NULL OR (begun_at, attempt) > (:after_at, :after))
 ORDER BY begun_at, attempt LIMIT :limit"""
    at, number = after or (None, 0)
    values = {**_values(scope), "after_at": at, "after": number, "limit": limit + 1}
    return [
        _attempt(dict(row), scope.of.position) for row in connection.execute(text(query), values).mappings()
    ]


def _attempt(row: dict[str, Any], position: int) -> AttemptRow:
    steps = [one.split(" ", 1) for one in row.pop("events") or ()]
    return AttemptRow(**row, steps=[told for at, told in steps if int(at) <= position])


def errors(connection: Connection, scope: Scope, dimensions: Sequence[str]) -> list[ErrorRow]:
    """Each group in its order: what it told most often comes first."""
    query = (
        f"SELECT kind, code, {_shown(dimensions)}, sum(count)::bigint AS count, "  # noqa: S608 - our own words
        f"count(DISTINCT nullif(charger, '')) AS chargers, count(*) FILTER (WHERE {_CLEARED}) AS cleared, "
        f"(avg(extract(epoch FROM cleared_at - at)) FILTER (WHERE {_CLEARED}))::bigint AS mean_s "
        f"{_FAULTS} {_grouped(('kind', 'code', *dimensions), 'sum(count) DESC, ')}"
    )
    return [ErrorRow(**row) for row in connection.execute(text(query), _values(scope)).mappings()]


def faults(
    connection: Connection, scope: Scope, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[FaultRow]:
    """The errors themselves, the oldest first; one more than `limit` says that there are more."""
    names = ", ".join(name for name in FaultRow.__struct_fields__ if name != "cleared_at")
    query = f"""
SELECT {names}, CASE WHEN {_CLEARED} THEN cleared_at END AS cleared_at
{_FAULTS}{_of_nature(scope)} AND (CAST(:after_at AS timestamptz) IS NULL OR (at, position) > (:after_at, :after))
 ORDER BY at, position LIMIT :limit"""
    at, number = after or (None, 0)
    values = {**_values(scope), "after_at": at, "after": number, "limit": limit + 1}
    return [FaultRow(**row) for row in connection.execute(text(query), values).mappings()]


_WITHIN = changes_within("p.charger", "p.evse_id", ":begin", ":end", tenant=":tenant", position=":position")
_FAILURES = f"""
SELECT p.charger, p.evse_id,
       count(*) FILTER (WHERE s.since >= :begin AND s.former IS DISTINCT FROM 'faulted')::bigint,
       coalesce(sum(extract(epoch FROM least(s.until, :end) - greatest(s.since, :begin)))
                FILTER (WHERE s.until > :begin), 0)::bigint
  FROM unnest(CAST(:chargers AS text[]), CAST(:evses AS integer[])) AS p(charger, evse_id)
 CROSS JOIN LATERAL (
   SELECT c.since, c.cause, lag(c.cause) OVER w AS former, coalesce(lead(c.since) OVER w, :end) AS until
     FROM {_WITHIN} AS c
   WINDOW w AS (ORDER BY c.since, c.position)
 ) AS s
 WHERE s.cause = 'faulted'
 GROUP BY 1, 2
"""  # noqa: S608 - our own words


def reliability(
    connection: Connection, of: AsOf, wanted: PortFilter, begin: datetime, end: datetime
) -> list[ReliabilityRow]:
    """By maker, model and firmware as they are now; the least reliable first."""
    found = ports(connection, of, wanted)
    if not found:
        return []
    keys = [port.key for port in found]
    spent = seconds(connection, of, keys, begin, end)
    values = {
        "tenant": of.tenant,
        "position": of.position,
        "begin": begin,
        "end": end,
        "chargers": [key[0] for key in keys],
        "evses": [key[1] for key in keys],
    }
    failed = {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(text(_FAILURES), values)}
    groups: dict[tuple[str, str, str], list[PortRow]] = {}
    for port in found:
        groups.setdefault((port.vendor, port.model, port.firmware), []).append(port)
    rows = []
    for nature, members in groups.items():
        seconds_of = [spent[port.key] for port in members]
        working = sum(one.up_s + one.in_use_s for one in seconds_of)
        failures = sum(failed.get(port.key, (0, 0))[0] for port in members)
        faulted = sum(failed.get(port.key, (0, 0))[1] for port in members)
        rows.append(
            ReliabilityRow(
                vendor=nature[0],
                model=nature[1],
                firmware=nature[2],
                ports=len(members),
                in_service_s=sum(one.in_service_s for one in seconds_of),
                failures=failures,
                faulted_s=faulted,
                mtbf_s=working // failures if failures else None,
                mttr_s=faulted // failures if failures else None,
            )
        )
    return sorted(
        rows, key=lambda row: (row.mtbf_s is None, row.mtbf_s or 0, row.vendor, row.model, row.firmware)
    )


def commands(connection: Connection, scope: Scope) -> list[CommandRow]:
    """By what was asked for."""
    ended = "coalesce(outcome_position <= :position, false)"
    counts = ", ".join(
        f"count(*) FILTER (WHERE {ended} AND outcome = '{word}') AS {word}"
        for word in ("agreed", "refused", "failed", "timed_out", "unknown", "cancelled")
    )
    query = f"""
SELECT intent, count(*) AS requested, {counts},
       count(*) FILTER (WHERE observed_position <= :position) AS observed
  FROM ocpp_command_figures
 WHERE tenant = :tenant AND requested_position <= :position AND requested_at >= :begin AND requested_at < :end
   AND (CAST(:charger AS text) IS NULL OR charger = :charger)
 GROUP BY intent ORDER BY intent"""  # noqa: S608 - our own words
    words = ("agreed", "refused", "failed", "timed_out", "unknown", "cancelled")
    return [
        CommandRow(**row, first_time_right_pct=_percent(row["agreed"], sum(row[word] for word in words)))
        for row in connection.execute(text(query), _values(scope)).mappings()
    ]


def _shown(dimensions: Sequence[str]) -> str:
    return ", ".join(
        f"coalesce({name}, '') AS {name}" if name in dimensions else f"NULL AS {name}" for name in _NATURE
    )


def _of_nature(scope: Scope) -> str:
    return "".join(f" AND coalesce({name}, '') = :is_{name}" for name in DIMENSIONS if name in scope.nature)


def _grouped(names: Sequence[str], first: str = "") -> str:
    if not names:
        return ""
    listed = ", ".join(name if name in ("kind", "code") else f"coalesce({name}, '')" for name in names)
    return f"GROUP BY {listed} ORDER BY {first}{listed}"


def _values(scope: Scope) -> dict[str, Any]:
    return {
        "tenant": scope.of.tenant,
        "position": scope.of.position,
        "begin": scope.begin,
        "end": scope.end,
        "charger": scope.charger,
        "kind": scope.kind,
        "code": scope.code,
        **{f"is_{name}": value for name, value in scope.nature.items()},
    }


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) * 100 / whole).quantize(_FINEST, ROUND_FLOOR) if whole else None
