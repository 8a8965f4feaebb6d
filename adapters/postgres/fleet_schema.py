"""The tables by which gateway processes work as one on Postgres, in a schema of their own."""

from typing import LiteralString

import psycopg

from adapters.postgres.session_schema import SESSION_STATEMENTS
from projections.row_security import ensure_roles

_STATEMENTS: tuple[LiteralString, ...] = (
    "CREATE SCHEMA IF NOT EXISTS fleet",
    # Logged: generations must never come again. A row stays when its socket goes; `gateway` is NULL then.
    """
    CREATE TABLE IF NOT EXISTS fleet.sockets (
        tenant text COLLATE "C" NOT NULL,
        charger text COLLATE "C" NOT NULL,
        generation bigint NOT NULL,
        gateway text COLLATE "C",
        connection text,
        protocol text,
        PRIMARY KEY (tenant, charger)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX IF NOT EXISTS sockets_gateway_idx ON fleet.sockets (gateway) WHERE gateway IS NOT NULL",
    # Logged too: after a crash of Postgres an empty table would make every gateway look dead.
    """
    CREATE TABLE IF NOT EXISTS fleet.gateways (
        gateway text COLLATE "C" PRIMARY KEY,
        lives_until timestamptz NOT NULL,
        ttl interval NOT NULL
    ) WITH (fillfactor = 50)
    """,
    # While Postgres is down nobody can beat: after a start everybody has the time of one beat to do so.
    """
    CREATE OR REPLACE VIEW fleet.living AS
        SELECT gateway FROM fleet.gateways
        WHERE greatest(lives_until, pg_postmaster_start_time() + ttl) > clock_timestamp()
    """,
    # Unlogged: a parcel lives for seconds and its truth is in the event log. What a crash of Postgres takes
    # has missed its deadline by the time Postgres is back, or its sender's deadline tells.
    """
    CREATE UNLOGGED TABLE IF NOT EXISTS fleet.parcels (
        addressee text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        place bigint GENERATED ALWAYS AS IDENTITY,
        kind text NOT NULL,
        subject text NOT NULL,
        body bytea NOT NULL,
        reply_to text NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (addressee, id)
    )
    """,
    # Logged: a crash must not make a repeated request be done twice.
    """
    CREATE TABLE IF NOT EXISTS fleet.idempotency_keys (
        scope text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        fingerprint text NOT NULL,
        attempt text NOT NULL,
        lease_until timestamptz NOT NULL,
        kept_until timestamptz NOT NULL,
        status integer,
        headers json,
        body bytea,
        PRIMARY KEY (scope, key)
    )
    """,
    "CREATE INDEX IF NOT EXISTS idempotency_keys_kept_until_idx ON fleet.idempotency_keys (kept_until)",
    # Unlogged: after a crash of Postgres every bucket is full once, no more.
    """
    CREATE UNLOGGED TABLE IF NOT EXISTS fleet.rate_limits (
        name text COLLATE "C" PRIMARY KEY,
        empty_at timestamptz NOT NULL,
        wait_s double precision NOT NULL
    ) WITH (fillfactor = 50)
    """,
    # Logged: who has to wait has to wait after a crash, too.
    """
    CREATE TABLE IF NOT EXISTS fleet.waits (
        name text COLLATE "C" PRIMARY KEY,
        until timestamptz NOT NULL,
        kept_until timestamptz NOT NULL,
        note text NOT NULL
    )
    """,
    # Unlogged: what is leased ends with the connection that it is for. A row is a place in a room.
    """
    CREATE UNLOGGED TABLE IF NOT EXISTS fleet.leases (
        room text COLLATE "C" NOT NULL,
        lease text COLLATE "C" NOT NULL,
        until timestamptz NOT NULL,
        PRIMARY KEY (room, lease)
    )
    """,
    "CREATE INDEX IF NOT EXISTS leases_lease_idx ON fleet.leases (lease)",
    # Rooms are locked one after the other in the order of their names, so that nobody waits in a circle. The
    # count is a statement of its own after the lock: it sees what those before us have written.
    """
    CREATE OR REPLACE FUNCTION fleet.take_lease(
        taken text, rooms text[], most integer[], ttl interval
    ) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
        ends timestamptz := clock_timestamp() + ttl;
        wanted record;
    BEGIN
        FOR wanted IN SELECT * FROM unnest(rooms, most) AS r (room, most) ORDER BY room LOOP
            PERFORM pg_advisory_xact_lock(hashtextextended('fleet.lease/' || wanted.room, 0));
            IF wanted.most <= (
                SELECT count(*) FROM fleet.leases
                WHERE room = wanted.room AND lease <> taken AND until > clock_timestamp()
            ) THEN RETURN wanted.room; END IF;
        END LOOP;
        INSERT INTO fleet.leases SELECT room, taken, ends FROM unnest(rooms) AS r (room)
            ON CONFLICT (room, lease) DO UPDATE SET until = ends;
        RETURN '';
    END $$
    """,
    # How far those who follow the log have come; one row each.
    """
    CREATE TABLE IF NOT EXISTS fleet.followers (
        name text COLLATE "C" PRIMARY KEY,
        position bigint NOT NULL
    )
    """,
    # The scheduled jobs; one row each.
    """
    CREATE TABLE IF NOT EXISTS fleet.jobs (
        name text COLLATE "C" PRIMARY KEY,
        due_at timestamptz NOT NULL,
        runner text NOT NULL,
        running_since timestamptz,
        lease_until timestamptz NOT NULL,
        last_success_at timestamptz,
        last_did bigint NOT NULL DEFAULT 0,
        last_error text NOT NULL DEFAULT '',
        last_error_at timestamptz,
        runs bigint NOT NULL DEFAULT 0,
        failures bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
    """,
    # How far the deliveries of webhooks have come. `pending_*` is the end of the batch that is under way: a successor
    # delivers the very same one under the same name.
    """
    CREATE TABLE IF NOT EXISTS fleet.webhooks (
        stream text COLLATE "C" PRIMARY KEY,
        tenant text COLLATE "C" NOT NULL,
        position bigint NOT NULL,
        part integer NOT NULL,
        pending_position bigint,
        pending_part integer,
        failures integer NOT NULL DEFAULT 0,
        failing_since timestamptz,
        next_try_at timestamptz,
        last_try_at timestamptz,
        last_success_at timestamptz,
        last_status integer,
        last_error text,
        delivered bigint NOT NULL DEFAULT 0,
        reached_at timestamptz
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE IF NOT EXISTS fleet.webhook_deliveries (
        stream text COLLATE "C" NOT NULL,
        n bigint GENERATED ALWAYS AS IDENTITY,
        delivery text NOT NULL,
        tried_at timestamptz NOT NULL,
        attempt integer NOT NULL,
        messages integer NOT NULL,
        size_bytes integer NOT NULL,
        took_ms integer NOT NULL,
        status integer,
        error text,
        PRIMARY KEY (stream, n)
    )
    """,
    # How far mirrors have come, with each charger, and where the other system answers otherwise.
    """
    CREATE TABLE IF NOT EXISTS fleet.mirrors (
        tenant text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        url text NOT NULL,
        chargers text[] NOT NULL,
        position bigint NOT NULL,
        reached_at timestamptz,
        PRIMARY KEY (tenant, name)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE IF NOT EXISTS fleet.mirror_chargers (
        tenant text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        charger text COLLATE "C" NOT NULL,
        position bigint NOT NULL,
        tally jsonb NOT NULL,
        numbers jsonb NOT NULL,
        waiting text NOT NULL,
        PRIMARY KEY (tenant, name, charger),
        FOREIGN KEY (tenant, name) REFERENCES fleet.mirrors ON DELETE CASCADE
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE IF NOT EXISTS fleet.mirror_differences (
        tenant text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        charger text COLLATE "C" NOT NULL,
        action text COLLATE "C" NOT NULL,
        path text COLLATE "C" NOT NULL,
        times bigint NOT NULL,
        first_position bigint NOT NULL,
        last_position bigint NOT NULL,
        ours text NOT NULL,
        theirs text NOT NULL,
        PRIMARY KEY (tenant, name, charger, action, path),
        FOREIGN KEY (tenant, name) REFERENCES fleet.mirrors ON DELETE CASCADE
    ) WITH (fillfactor = 50)
    """,
    # What is past is of no use to anybody. A bucket that has been empty for a minute is as good as none. One
    # process sweeps at a time: two might wait in a circle for each other's rows.
    """
    CREATE OR REPLACE FUNCTION fleet.sweep() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT pg_try_advisory_xact_lock(hashtextextended('fleet.sweep', 0)) THEN RETURN; END IF;
        DELETE FROM fleet.parcels WHERE expires_at <= clock_timestamp();
        DELETE FROM fleet.idempotency_keys WHERE kept_until <= clock_timestamp();
        DELETE FROM fleet.rate_limits WHERE empty_at < clock_timestamp() - interval '1 min';
        DELETE FROM fleet.waits WHERE kept_until <= clock_timestamp();
        DELETE FROM fleet.leases WHERE until <= clock_timestamp();
        DELETE FROM fleet.gateways AS g WHERE lives_until < clock_timestamp() - interval '1 day'
            AND NOT EXISTS (SELECT FROM fleet.living AS l WHERE l.gateway = g.gateway)
            AND NOT EXISTS (SELECT FROM fleet.sockets AS s WHERE s.gateway = g.gateway);
    END $$
    """,
)

_GRANTS: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA fleet TO zeus_gateway, zeus_engine",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fleet TO zeus_gateway",
    "GRANT SELECT, INSERT, UPDATE ON fleet.followers TO zeus_engine",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON fleet.webhooks, fleet.webhook_deliveries TO zeus_engine",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON fleet.mirrors, fleet.mirror_chargers TO zeus_engine",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON fleet.mirror_differences TO zeus_engine",
    "GRANT SELECT ON fleet.jobs TO zeus_engine",
    "GRANT EXECUTE ON FUNCTION fleet.sweep() TO zeus_gateway",
    "GRANT EXECUTE ON FUNCTION fleet.take_lease(text, text[], integer[], interval) TO zeus_gateway",
)
_LACKING = """
SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('fleet') AND relkind IN ('r', 'v')
                  AND NOT has_table_privilege('zeus_gateway', oid, 'SELECT'))
"""


def create(dsn: str) -> None:
    """Create what is missing, in one transaction; harmless when repeated or done by two at once.

    The role `zeus_gateway` may use the tables, but not change their shape. Raises RolesMissing, RoleTooStrong.
    """
    with psycopg.connect(dsn) as connection:
        # CREATE … IF NOT EXISTS alone fails when two do it at the same moment.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('fleet.create', 0))")
        ensure_roles(connection)
        for statement in (*_STATEMENTS, *SESSION_STATEMENTS):
            connection.execute(statement)
        if connection.execute(_LACKING).fetchone() == (True,):
            for statement in _GRANTS:
                connection.execute(statement)
