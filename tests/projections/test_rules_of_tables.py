"""No table of a read model, and none that comes later, is open to another tenant."""

from datetime import UTC, datetime

import psycopg
import pytest

from adapters.postgres import fleet_schema
from entrypoints.wiring import open_engine
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.partitions import ensure_partitions
from projections.positions import ensure_positions
from projections.read_model import Link
from projections.rebuild import begin_build
from projections.row_security import APART, as_owner
from projections.schemas import table_names

FLEET = {
    "fleet.sockets": "which process has a charger's socket: asked by processes for one charger, shown to nobody",
    "fleet.gateways": "the processes that live",
    "fleet.living": "the same, as a view",
    "fleet.parcels": "post between processes, for seconds, by the addressee's name",
    "fleet.idempotency_keys": "answers to repeated requests, by a digest that the caller's tenant is part of",
    "fleet.rate_limits": "buckets by name",
    "fleet.followers": "how far the follower has read",
    "fleet.jobs": "the scheduled jobs of the installation",
    "fleet.waits": "who has to wait, by name",
    "fleet.leases": "places of live streams, by name",
    "fleet.sessions": "sessions of people, found by a digest before any tenant is known",
    "fleet.webhooks": "how far deliveries have come; shown through the webhook's own stream, which is its tenant's",
    "fleet.webhook_deliveries": "the same",
    "fleet.mirrors": "how far mirrors are, by tenant; written and shown at the command line alone",
    "fleet.mirror_chargers": "the same",
    "fleet.mirror_differences": "the same",
    "vault.keys": "fingerprints of keys of the installation",
    "vault.subjects": "asked by tenant and pseudonym, or by tenant and a keyed digest; nothing in it is readable",
    "audit.tiles": "hashes of the whole log",
    "audit.tails": "the same",
}
"""Tables without row-level security beside APART, and why."""

_OPEN = """
SELECT n.nspname || '.' || c.relname AS name, c.relkind::text, c.relrowsecurity AND c.relforcerowsecurity,
       (SELECT array_agg(p.polname::text ORDER BY p.polname) FROM pg_policy p WHERE p.polrelid = c.oid),
       'security_invoker=true' = ANY(coalesce(c.reloptions, '{}')), c.relispartition
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND has_schema_privilege('zeus_gateway', n.oid, 'USAGE')
   AND (has_table_privilege('zeus_gateway', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
        OR has_any_column_privilege('zeus_gateway', c.oid, 'SELECT'))
"""


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """Every read model, live and being built, with partitions."""
    fleet_schema.create(postgres_dsn)
    engine = open_engine(postgres_dsn)
    engine.catch_up()
    engine.close()
    with connect_projector(postgres_dsn) as connection:
        for model in READ_MODELS:
            begin_build(connection, model)
        with connection.transaction():
            ensure_partitions(connection, "ocpp_messages", [datetime(2026, 3, 1, tzinfo=UTC)])
            ensure_partitions(connection, "ocpp_meter_samples", [datetime(2026, 3, 1, tzinfo=UTC)])
    return postgres_dsn


def _unguarded(connection: Link) -> set[str]:
    """What the gateway may read without a rule."""
    found = set()
    for name, kind, forced, policies, for_its_reader, partition in connection.execute(_OPEN).fetchall():
        table = kind in ("r", "p") and forced and policies == ["zeus_engine", "zeus_tenant"]
        view = kind == "v" and for_its_reader
        if partition or not (table or view):
            found.add(name)
    return found


def test_sec_22_every_table_is_forced_to_show_one_tenant_or_named_with_a_reason(dsn: str) -> None:
    apart = {f"{schema}.{name}" for schema in ("public", "building") for name in APART}
    with psycopg.connect(dsn) as connection:
        assert _unguarded(connection) <= apart | FLEET.keys()
        shown = {row[0] for row in connection.execute(_OPEN)}
    for model in READ_MODELS:
        for name in table_names(model):
            assert {f"public.{name}", f"building.{name}"} <= shown
            assert "tenant" in model.tables.tables[name].columns or name in APART


def test_sec_22_a_partition_is_read_through_its_table_alone(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        parts = connection.execute(
            "SELECT oid::regclass::text, relforcerowsecurity FROM pg_class WHERE relispartition AND relkind = 'r'"
        ).fetchall()
        assert len(parts) >= 2
        assert all(forced for _, forced in parts)
        for role in ("zeus_gateway", "zeus_engine"):
            connection.execute(f"SET ROLE {role}")
            for name, _ in parts:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT FROM {name}")


def test_sec_22_a_table_of_somebody_else_is_none_of_the_gateways_business(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = _unguarded(connection)
        connection.execute("CREATE TABLE report (tenant text)")
        assert _unguarded(connection) == before
        connection.execute("GRANT SELECT ON report TO zeus_gateway")
        assert _unguarded(connection) == {*before, "public.report"}, "the walk sees what is open"


def test_sec_22_the_roles_own_nothing_and_pass_no_rule(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, "
            "EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) "
            "OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) "
            "FROM pg_roles r WHERE rolname IN ('zeus_engine', 'zeus_gateway') ORDER BY 1"
        ).fetchall()
    assert roles == [(name, *[False] * 6) for name in ("zeus_engine", "zeus_gateway")]


def test_sec_22_tables_of_an_earlier_version_are_given_their_rules(dsn: str) -> None:
    """As an upgrade finds them: without rules, and with views that see everything."""
    with psycopg.connect(dsn) as connection:
        for table in ("ocpp_chargers", "building.ocpp_sessions", "ocpp_messages"):
            connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            connection.execute(f"DROP POLICY zeus_engine ON {table}")
        connection.execute("ALTER VIEW ocpp_meter_15m RESET (security_invoker)")
        assert len(_unguarded(connection) - FLEET.keys()) > 4
        ensure_positions(connection)
        assert {name.split(".")[1] for name in _unguarded(connection) - FLEET.keys()} == APART.keys()


def test_what_is_done_as_the_owner_ends_with_it(dsn: str) -> None:
    with connect_projector(dsn) as connection:
        owner = connection.info.user
        with connection.transaction(), as_owner(connection):
            assert connection.execute("SELECT current_user").fetchone() == (owner,)
        assert connection.execute("SELECT current_user").fetchone() == ("zeus_engine",)
        with pytest.raises(psycopg.errors.UndefinedTable), connection.transaction(), as_owner(connection):
            connection.execute("SELECT FROM nothing")
        assert connection.execute("SELECT current_user").fetchone() == ("zeus_engine",)
