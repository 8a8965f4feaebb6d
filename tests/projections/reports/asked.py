"""Every report of the fleet of the stories, as plain values."""

from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from domain.uptime.formulas import Formula
from projections.availability.queries import AsOf, PortFilter, intervals, ports
from projections.reports.energy import energy, session_shares
from projections.reports.quality import (
    DIMENSIONS,
    Scope,
    attempts,
    commands,
    errors,
    faults,
    funnel,
    reliability,
)
from projections.reports.standing import reached
from projections.reports.uptime import Period, uptime_rows
from projections.reports.utilisation import heat_map, utilisation_rows
from projections.session_figures.queries import SessionsWanted
from tests.projections.stories import START, TENANT

BEGIN = START - timedelta(minutes=7)
END = START + timedelta(minutes=93)
"""A period that cuts sessions and states at both ends."""


def wanted(position: int, **more: Any) -> SessionsWanted:
    """The sessions of the period."""
    return SessionsWanted(tenant=TENANT, position=position, begin=BEGIN, end=END, **more)


def every_report(connection: Connection, position: int | None = None) -> tuple[int, Any]:
    """As of a position, or of the newest one."""
    at = reached(connection) if position is None else position
    of, scope = AsOf(TENANT, at), Scope(of=AsOf(TENANT, at), begin=BEGIN, end=END)
    period = [Period("period", BEGIN, END)]
    found = {
        "energy": [
            energy(connection, wanted(at), by) for by in ([], ["connector", "day"], ["tag"], ["site"])
        ],
        "shares": session_shares(connection, wanted(at), limit=1000),
        "uptime": [uptime_rows(connection, of, PortFilter(), one, period) for one in Formula],
        "intervals": [
            intervals(connection, of, port.key, BEGIN, END, Formula.NEVI)
            for port in ports(connection, of, PortFilter())
        ],
        "utilisation": utilisation_rows(connection, of, PortFilter(), BEGIN, END),
        "heat": heat_map(connection, of, PortFilter(), BEGIN, END, "Europe/London"),
        "funnel": [funnel(connection, scope, by) for by in ((), DIMENSIONS)],
        "attempts": attempts(connection, scope, limit=1000),
        "errors": [errors(connection, scope, by) for by in ((), ("model",))],
        "faults": faults(connection, scope, limit=1000),
        "reliability": reliability(connection, of, PortFilter(), BEGIN, END),
        "commands": commands(connection, scope),
    }
    return at, msgspec.json.decode(msgspec.json.encode(found))
