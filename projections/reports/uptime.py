"""Uptime of ports by a regulator's formula, and of all of them together."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Connection

from domain.uptime.formulas import Formula, meets, uptime
from domain.uptime.tally import Tally
from projections.availability.queries import RAPID_W, AsOf, PortFilter, PortRow, ports, tallies


class Period(msgspec.Struct, frozen=True):
    """A span that uptime is counted over."""

    name: str
    """`month`, `rolling_12_months`, `year` or `period`."""
    begin: datetime
    end: datetime


class UptimeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A port in a period; or all of them, with an empty charger."""

    period: str
    begin: datetime
    end: datetime
    charger: str
    evse_id: int | None
    site: str
    rapid: bool | None
    """Rated 50 kW or more; None where nobody said what it can deliver."""
    ports: int
    seconds: Tally
    optimistic_pct: Decimal | None
    pessimistic_pct: Decimal | None
    meets_optimistic: bool | None
    meets_pessimistic: bool | None


def uptime_rows(
    connection: Connection, of: AsOf, wanted: PortFilter, formula: Formula, periods: Sequence[Period]
) -> list[UptimeRow]:
    """For each period all ports together, then each."""
    found = ports(connection, of, wanted)
    out: list[UptimeRow] = []
    for period in periods:
        keys = [port.key for port in found]
        seconds = tallies(connection, of, keys, period.begin, period.end, formula) if keys else {}
        whole = Tally()
        rows: list[UptimeRow] = []
        for port in found:
            whole = whole + seconds[port.key]
            rows.append(_row(period, port, seconds[port.key], formula))
        out += [_row(period, None, whole, formula, len(found)), *rows]
    return out


def _row(period: Period, port: PortRow | None, seconds: Tally, formula: Formula, ports: int = 1) -> UptimeRow:
    bounds = uptime(formula, seconds)
    return UptimeRow(
        period=period.name,
        begin=period.begin,
        end=period.end,
        charger=port.charger if port is not None else "",
        evse_id=port.evse_id if port is not None else None,
        site=port.site if port is not None else "",
        rapid=None if port is None or port.rated_w is None else port.rated_w >= RAPID_W,
        ports=ports,
        seconds=seconds,
        optimistic_pct=bounds.optimistic_pct,
        pessimistic_pct=bounds.pessimistic_pct,
        meets_optimistic=meets(formula, bounds.optimistic_pct),
        meets_pessimistic=meets(formula, bounds.pessimistic_pct),
    )
