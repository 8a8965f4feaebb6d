"""The tables of the event store, and the role that may add to the log but never change it."""

import itertools

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

SCHEMA = "eventstore"
EVENTS = "stored_events"
SNAPSHOTS = "snapshots"
MOMENTS = "moments"
CHANNEL = "stored_events"
"""NOTIFY goes out on it with every commit, without a payload: readers look at the table."""


class AppRoleOwnsTheLog(ValueError):
    """The application's role must not own the event log, else it could change it: create as another."""


def create(dsn: str, app_role: str | None = None) -> None:
    """Create what is missing, in one transaction; harmless when repeated or done by two at once.

    With `app_role` that role (created with LOGIN if it is missing; give it a password yourself) may read
    and add events and write snapshots, and nothing else. Raises AppRoleOwnsTheLog.
    """
    with psycopg.connect(dsn) as connection:
        # CREATE … IF NOT EXISTS alone fails when two do it at the same moment.
        connection.execute(SQL("SELECT pg_advisory_xact_lock({})").format(lock_key(SCHEMA, "create")))
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(SCHEMA)))
        tables = event_statements(SCHEMA, EVENTS), snapshot_statements(SCHEMA, SNAPSHOTS), moment_statements()
        for statement in itertools.chain(*tables):
            connection.execute(statement)
        if app_role is not None:
            _grant(connection, app_role)


def lock_key(schema: str, name: str) -> Composed:
    """The advisory lock of a name in a schema, as SQL."""
    return SQL("hashtextextended({}, 0)").format(Literal(f"{schema}.{name}"))


def append_function(schema: str, table: str) -> Composed:
    """The name of the function that adds events to `table`."""
    return SQL("{}.{}").format(Identifier(schema), Identifier(f"append_{table}"))


def event_statements(schema: str, table: str) -> list[Composed]:
    """The log, its order and the one way in.

    Stream ids compare as bytes (COLLATE "C"): quicker, and no upgrade of the system's locales can damage
    the key. There is no index by tenant: whoever reads one tenant's log reads its streams by the key's
    prefix or a read model, and a third index would cost every insert. `recorded_at` never goes back
    within the log, since it is taken under the same lock as the position.
    """
    names = {"schema": Identifier(schema), "table": Identifier(table)}
    return [
        SQL("""
            CREATE TABLE IF NOT EXISTS {schema}.{table} (
                originator_id text COLLATE "C" NOT NULL,
                originator_version bigint NOT NULL,
                topic text NOT NULL,
                state bytea NOT NULL,
                notification_id bigint GENERATED ALWAYS AS IDENTITY,
                recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                tenant text NOT NULL GENERATED ALWAYS AS (split_part(originator_id, '/', 2)) STORED,
                PRIMARY KEY (originator_id, originator_version)
            )""").format(**names),
        SQL("CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {schema}.{table} (notification_id)").format(
            index=Identifier(f"{table}_notification_id_idx"), **names
        ),
        _append_statement(schema, table),
    ]


def _append_statement(schema: str, table: str) -> Composed:
    """One call is one transaction: the lock makes the order of commits the order of positions.

    LOCK TABLE would wait behind VACUUM and ANALYZE, the advisory lock does not. A position is given to
    a row after ORDER BY, hence in the order of the arrays.
    """
    return SQL("""
        CREATE OR REPLACE FUNCTION {function}(ids text[], versions bigint[], topics text[], states bytea[])
        RETURNS bigint[] LANGUAGE plpgsql AS $$
        DECLARE positions bigint[];
        BEGIN
            PERFORM pg_advisory_xact_lock({key});
            NOTIFY {channel};
            WITH added AS (
                INSERT INTO {schema}.{table} (originator_id, originator_version, topic, state)
                SELECT given.id, given.version, given.topic, given.state
                FROM unnest(ids, versions, topics, states)
                    WITH ORDINALITY AS given(id, version, topic, state, place)
                ORDER BY given.place
                RETURNING notification_id
            )
            SELECT array_agg(notification_id ORDER BY notification_id) INTO positions FROM added;
            RETURN positions;
        END $$""").format(
        function=append_function(schema, table),
        key=lock_key(schema, table),
        channel=Identifier(CHANNEL),
        schema=Identifier(schema),
        table=Identifier(table),
    )


def snapshot_statements(schema: str, table: str) -> list[Composed]:
    """One snapshot a stream: a newer one takes the place of the older."""
    return [
        SQL("""
            CREATE TABLE IF NOT EXISTS {schema}.{table} (
                originator_id text COLLATE "C" PRIMARY KEY,
                originator_version bigint NOT NULL,
                kind text NOT NULL,
                state bytea NOT NULL,
                taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )""").format(schema=Identifier(schema), table=Identifier(table))
    ]


def moment_statements() -> list[Composed]:
    """What chargers looked like after some of their events, to begin from when the past is looked at.

    Made of events alone; may be emptied at any time.
    """
    return [
        SQL("""
            CREATE TABLE IF NOT EXISTS {schema}.{table} (
                stream text COLLATE "C" NOT NULL,
                version bigint NOT NULL,
                position bigint NOT NULL,
                kind text NOT NULL,
                state bytea NOT NULL,
                tenant text NOT NULL GENERATED ALWAYS AS (split_part(stream, '/', 2)) STORED,
                PRIMARY KEY (stream, version)
            )""").format(schema=Identifier(SCHEMA), table=Identifier(MOMENTS))
    ]


def _grant(connection: Connection[tuple[object, ...]], role: str) -> None:
    known = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is None:
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
    owner = connection.execute(
        "SELECT tableowner FROM pg_tables WHERE schemaname = %s AND tablename = %s", (SCHEMA, EVENTS)
    ).fetchone()
    if owner == (role,) or known == (True,):
        raise AppRoleOwnsTheLog(role)
    names = {
        "role": Identifier(role),
        "schema": Identifier(SCHEMA),
        "events": Identifier(EVENTS),
        "snapshots": Identifier(SNAPSHOTS),
        "moments": Identifier(MOMENTS),
    }
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "REVOKE ALL ON {schema}.{events}, {schema}.{snapshots}, {schema}.{moments} FROM {role}, PUBLIC",
        "GRANT SELECT, INSERT ON {schema}.{events} TO {role}",
        "GRANT SELECT, INSERT, UPDATE ON {schema}.{snapshots} TO {role}",
        "GRANT SELECT ON {schema}.{moments} TO {role}",
    ):
        connection.execute(SQL(statement).format(**names))
