"""`python -m tests.bench_reports [chargers]`: reports of a year of a generated fleet, and how long each takes.

The rows are put into the tables as a year of events would have left them: two ports a charger, a session a port
and day with a reading each quarter of an hour, a fault a month and an offline hour a week. Prints the median and
the slowest of five for each report.
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import psycopg
from sqlalchemy import Connection

from adapters.eventstore import schema
from adapters.postgres.embedded import EmbeddedPostgres
from domain.uptime.formulas import Formula
from projections.availability.queries import AsOf, PortFilter, intervals
from projections.catalogue import READ_MODELS
from projections.reports.energy import energy, session_shares
from projections.reports.quality import Scope, funnel, reliability
from projections.reports.standing import MODELS
from projections.reports.uptime import Period, uptime_rows
from projections.reports.utilisation import heat_map, utilisation_rows
from projections.session_figures.queries import SessionsWanted
from tests.projections.stories import engine, reading

BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
HEAD = 10**9

PORTS = """
CREATE TEMP TABLE port AS
  SELECT 'CP' || to_char(c, 'FM00000') AS charger, e AS evse_id, c, c * 2 + e AS n
    FROM generate_series(1, {chargers}) c, generate_series(1, 2) e;
INSERT INTO ocpp_availability_ports SELECT 'acme', charger, evse_id, 1 FROM port;
INSERT INTO ocpp_charger_traits
  SELECT DISTINCT 'acme', charger, 'site', 1, 'site' || (c / 10) FROM port;
INSERT INTO ocpp_charger_traits
  SELECT DISTINCT 'acme', charger, 'hardware', 1, NULL, 'V', 'M' || c % 5, '1' FROM port;
INSERT INTO ocpp_port_ratings SELECT 'acme', charger, evse_id, 1, 50000 FROM port;
"""
SESSIONS = """
INSERT INTO ocpp_session_figures (tenant, session, transaction, charger, evse_id, connector_id, id_token,
    started_at, ended_at, energy_wh, meter_start_wh, settled, first_position, changed_position)
SELECT 'acme', 's' || n || '-' || d, 't', charger, evse_id, 1, 'tag' || (n * 7 + d) % 5000,
       at, at + interval '100 min', 12345 + n, 0, true, d * 1000, d * 1000 + 1
  FROM port, generate_series(0, 364) d,
       LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + d * interval '1 day'
                       + ((n * 37 + d * 53) % 1440) * interval '1 min') AS x(at);
"""
REGISTERS = """
INSERT INTO ocpp_session_registers (tenant, session, quarter, at, register_wh, position)
SELECT tenant, session, extract(epoch FROM at)::bigint / 900, at,
       energy_wh * extract(epoch FROM at - started_at) / extract(epoch FROM ended_at - started_at), 1
  FROM ocpp_session_figures, generate_series(started_at + interval '5 min', ended_at, '15 min') AS at;
"""
_BEFORE = ",\n       ".join(
    f"coalesce(sum(s) FILTER (WHERE state = '{state}') OVER w, 0)"
    for state in ("up", "charging", "idle", "down", "unknown", "absent")
)
STATES = f"""
INSERT INTO ocpp_connector_states
SELECT 'acme', charger, evse_id, at, position, state, CASE state WHEN 'down' THEN 'faulted' ELSE '' END, '', 'e@1',
       {_BEFORE}
  FROM (
    SELECT charger, evse_id, at, state, row_number() OVER p AS position,
           extract(epoch FROM lead(at) OVER p - at)::bigint AS s
      FROM (
        SELECT charger, evse_id,
               timestamptz '2025-01-01 00:00+00' + d * interval '1 day' + m * interval '1 min' AS at,
               CASE WHEN k = 1 THEN 'charging' WHEN k = 2 THEN 'idle'
                    WHEN k = 4 AND d % 30 = n % 30 THEN 'down' WHEN k = 4 AND d % 7 = n % 7 THEN 'unknown'
                    ELSE 'up' END AS state
          FROM port, generate_series(0, 364) d,
               LATERAL (VALUES (1, 300 + (n * 37 + d * 53) % 600), (2, 390 + (n * 37 + d * 53) % 600),
                               (3, 400 + (n * 37 + d * 53) % 600), (4, 1100), (5, 1160)) AS v(k, m)
      ) AS changes WINDOW p AS (PARTITION BY charger, evse_id ORDER BY at)
  ) AS rows
WINDOW w AS (PARTITION BY charger, evse_id ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
"""  # noqa: S608 - our own words
ATTEMPTS = """
INSERT INTO ocpp_attempts (tenant, charger, attempt, evse_id, begun_at, protocol, vendor, model, firmware,
    plugged_position, authorised_position, started_position, energised_position, stopped_position, reason, proper)
SELECT 'acme', charger, row_number() OVER (), evse_id, started_at, '1.6', 'V', 'M' || evse_id, '1',
       1, 1, 1, 1, 1, 'Local', true
  FROM ocpp_session_figures;
"""
USES = """
INSERT INTO ocpp_offline_use
SELECT 'acme', charger, evse_id, 's' || d, d + 1, at + interval '10 min', at + interval '40 min'
  FROM port, generate_series(0, 364, 28) d,
       LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + (d + n % 7) * interval '1 day'
                       + interval '1100 min') AS x(at)
 WHERE EXISTS (SELECT 1 FROM ocpp_connector_states c WHERE c.charger = port.charger
                  AND c.evse_id = port.evse_id AND c.since = at AND c.state = 'unknown');
"""


def fill(dsn: str, chargers: int) -> None:
    """A year of rows."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statements in (PORTS, SESSIONS, REGISTERS, STATES, ATTEMPTS, USES):
            connection.execute(statements.replace("{chargers}", str(chargers)).encode())
        connection.execute(
            "UPDATE zeus_read_models SET position = %s WHERE name = ANY(%s)", [HEAD, list(MODELS)]
        )
        connection.execute("VACUUM ANALYZE")


def asked(connection: Connection) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    of = AsOf("acme", HEAD)
    year = SessionsWanted(tenant="acme", position=HEAD, begin=BEGIN, end=END, zone="Europe/London")
    scope = Scope(of=of, begin=BEGIN, end=END)
    every, one = PortFilter(), PortFilter(charger="CP00007")
    own = SessionsWanted(
        tenant="acme", position=HEAD, begin=BEGIN, end=END, charger="CP00007", zone="Europe/London"
    )
    return {
        "energy of a year by site": lambda: energy(connection, year, ["site"]),
        "energy of a year by charger": lambda: energy(connection, year, ["charger"]),
        "energy of a year by local day": lambda: energy(connection, year, ["day"]),
        "energy of a year by token": lambda: energy(connection, year, ["tag"]),
        "energy of a year of one charger by day": lambda: energy(connection, own, ["connector", "day"]),
        "the first 50 sessions behind it": lambda: session_shares(connection, own),
        "uptime of a year, every port": lambda: uptime_rows(
            connection, of, every, Formula.UK, [Period("year", BEGIN, END)]
        ),
        "uptime of a year, one charger": lambda: uptime_rows(
            connection, of, one, Formula.NEVI, [Period("year", BEGIN, END)]
        ),
        "the intervals of a year, one port": lambda: intervals(
            connection, of, ("CP00007", 1), BEGIN, END, Formula.NEVI
        ),
        "utilisation of a year, every port": lambda: utilisation_rows(connection, of, every, BEGIN, END),
        "heat map of a year, every port": lambda: heat_map(
            connection, of, every, BEGIN, END, "Europe/London"
        ),
        "heat map of a year, one charger": lambda: heat_map(connection, of, one, BEGIN, END, "Europe/London"),
        "funnel of a year by model": lambda: funnel(connection, scope, ["model"]),
        "reliability of a year": lambda: reliability(connection, of, every, BEGIN, END),
    }


def main() -> None:
    """Print the table."""
    chargers = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    path = Path(tempfile.mkdtemp(prefix="zeus-bench-"))
    path.chmod(0o755)
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with EmbeddedPostgres(path / "data", settings=quick) as server:
        schema.create(server.dsn)
        engine(server.dsn, READ_MODELS).catch_up()
        began = monotonic()
        fill(server.dsn, chargers)
        sys.stdout.write(f"{chargers} chargers, filled in {monotonic() - began:.0f} s\n")
        with reading(server.dsn).connect() as connection:
            for name, ask in asked(connection).items():
                sys.stdout.write(f"{name:<44}{measured(ask)}\n")
                sys.stdout.flush()


def measured(ask: Callable[[], object], times: int = 5) -> str:
    """p50 and the slowest of a few."""
    spent = []
    for _ in range(times):
        began = monotonic()
        ask()
        spent.append((monotonic() - began) * 1000)
    spent.sort()
    return f"{spent[len(spent) // 2]:>9.0f} ms  {spent[-1]:>9.0f} ms"


if __name__ == "__main__":
    main()
