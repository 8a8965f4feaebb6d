"""The tables of the event store, its functions, and who may use them: add to the log and read, never change it."""

import itertools
from typing import LiteralString

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

from projections.row_security import ENGINE, GATEWAY, ensure_roles, let_in

SCHEMA = "eventstore"
EVENTS = "stored_events"
SNAPSHOTS = "snapshots"
MOMENTS = "moments"
CHANNEL = "stored_events"
"""NOTIFY goes out on it with every commit, without a payload: readers look at the table."""


MANY: LiteralString = "= ANY ((SELECT string_to_array(current_setting('zeus.tenants', true), ','))::text[])"
"""The rule of the log, which is written and read for several tenants at once; slugs hold no comma. In a SELECT, so
that it is worked out once a statement and not once a row."""

_RULES: dict[str, LiteralString] = {
    EVENTS: "tenant",
    SNAPSHOTS: "split_part(originator_id, '/', 2)",
    MOMENTS: "tenant",
}
"""Table → the tenant of a row."""
_RIGHTS: dict[str, LiteralString] = {
    EVENTS: "SELECT, INSERT",
    SNAPSHOTS: "SELECT, INSERT, UPDATE",
    MOMENTS: "SELECT, INSERT, UPDATE",
}


class AppRoleOwnsTheLog(ValueError):
    """The application's role must not own the event log, else it could change it: create as another."""


def create(dsn: str, app_role: str | None = None) -> None:
    """Create what is missing, in one transaction; harmless when repeated or done by two at once.

    With `app_role` that role (created with LOGIN if it is missing; give it a password yourself) may work as
    `zeus_gateway`: read and add events and write snapshots of the tenants it names, and nothing else. Raises
    AppRoleOwnsTheLog, RolesMissing, RoleTooStrong.
    """
    with psycopg.connect(dsn) as connection:
        # CREATE … IF NOT EXISTS alone fails when two do it at the same moment.
        connection.execute(SQL("SELECT pg_advisory_xact_lock({})").format(lock_key(SCHEMA, "create")))
        ensure_roles(connection)
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(SCHEMA)))
        tables = event_statements(SCHEMA, EVENTS), snapshot_statements(SCHEMA, SNAPSHOTS), moment_statements()
        for statement in itertools.chain(*tables):
            connection.execute(statement)
        for table in _RULES:
            _protect(connection, table)
        if app_role is not None:
            _let_work(connection, app_role)


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
        _read_statement(schema, table),
        SQL("""
            CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the event log is never changed: % on %.% refused', TG_OP, TG_TABLE_SCHEMA,
                    TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
                    HINT = 'What was wrong is set right by a further event.';
            END $$""").format(**names),
    ]


def read_function(schema: str, table: str) -> Composed:
    """The name of the function that reads streams of `table`."""
    return SQL("{}.{}").format(Identifier(schema), Identifier(f"read_{table}"))


def _read_statement(schema: str, table: str) -> Composed:
    """The events of each stream after a version, for the tenants of these streams: scope and rows in one round trip."""
    return SQL("""
        CREATE OR REPLACE FUNCTION {function}(streams text[], afters bigint[])
        RETURNS TABLE (place bigint, originator_version bigint, topic text, state bytea)
        LANGUAGE plpgsql AS $$
        BEGIN
            {enter};
            RETURN QUERY
                SELECT wanted.place, tail.originator_version, tail.topic, tail.state
                FROM unnest(streams, afters) WITH ORDINALITY AS wanted(stream, after, place)
                CROSS JOIN LATERAL (
                    SELECT e.originator_version, e.topic, e.state FROM {schema}.{table} e
                    WHERE e.originator_id = wanted.stream AND e.originator_version > wanted.after
                    ORDER BY e.originator_version
                ) AS tail
                ORDER BY wanted.place, tail.originator_version;
        END $$""").format(
        function=read_function(schema, table),
        enter=_enter("streams"),
        schema=Identifier(schema),
        table=Identifier(table),
    )


def _enter(streams: LiteralString) -> Composed:
    """Work for the tenants of these streams, and no others, until the transaction ends."""
    return SQL("""
            PERFORM set_config('zeus.tenants', string_agg(DISTINCT split_part(stream, '/', 2), ','), true)
               FROM unnest({streams}) AS stream""").format(streams=SQL(streams))


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
            {enter};
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
        enter=_enter("ids"),
        key=lock_key(schema, table),
        channel=Identifier(CHANNEL),
        schema=Identifier(schema),
        table=Identifier(table),
    )


def snapshot_statements(schema: str, table: str) -> list[Composed]:
    """One snapshot a stream: a newer one takes the place of the older."""
    names = {"schema": Identifier(schema), "table": Identifier(table)}
    return [
        SQL("""
            CREATE TABLE IF NOT EXISTS {schema}.{table} (
                originator_id text COLLATE "C" PRIMARY KEY,
                originator_version bigint NOT NULL,
                kind text NOT NULL,
                state bytea NOT NULL,
                taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )""").format(**names),
        SQL("""
            CREATE OR REPLACE FUNCTION {function}(streams text[])
            RETURNS TABLE (originator_id text, originator_version bigint, kind text, state bytea)
            LANGUAGE plpgsql AS $$
            BEGIN
                {enter};
                RETURN QUERY SELECT s.originator_id, s.originator_version, s.kind, s.state
                    FROM {schema}.{table} s WHERE s.originator_id = ANY(streams);
            END $$""").format(function=read_function(schema, table), enter=_enter("streams"), **names),
        SQL("""
            CREATE OR REPLACE FUNCTION {function}(stream text, version bigint, kind text, state bytea)
            RETURNS void LANGUAGE plpgsql AS $$
            #variable_conflict use_column
            BEGIN
                {enter};
                INSERT INTO {schema}.{table} AS old (originator_id, originator_version, kind, state)
                VALUES ($1, $2, $3, $4)
                ON CONFLICT (originator_id) DO UPDATE SET originator_version = excluded.originator_version,
                    kind = excluded.kind, state = excluded.state, taken_at = clock_timestamp()
                WHERE old.kind <> excluded.kind OR old.originator_version <= excluded.originator_version;
            END $$""").format(function=keep_function(schema, table), enter=_enter("ARRAY[$1]"), **names),
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


def keep_function(schema: str, table: str) -> Composed:
    """The name of the function that puts a row into `table`, in place of an older one."""
    return SQL("{}.{}").format(Identifier(schema), Identifier(f"keep_{table}"))


def _protect(connection: Connection[tuple[object, ...]], table: str) -> None:
    """The rules of a table and the rights to it; what stands locks nothing, for the log is being written to."""
    names = {"schema": Identifier(SCHEMA), "table": Identifier(table), "rights": SQL(_RIGHTS[table])}
    rule = SQL(_RULES[table]) + SQL(" ") + SQL(MANY)
    for role in (GATEWAY, ENGINE):
        let_in(connection, SCHEMA, role)
    done = connection.execute(
        "SELECT c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid "
        "AND p.polname = 'zeus_engine') FROM pg_class c WHERE c.oid = to_regclass(%s)",
        [f"{SCHEMA}.{table}"],
    ).fetchone()
    if done == (True,):
        return
    statements: list[LiteralString] = [
        "REVOKE ALL ON {schema}.{table} FROM PUBLIC",
        "GRANT {rights} ON {schema}.{table} TO zeus_gateway, zeus_engine",
        "ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE POLICY zeus_tenant ON {schema}.{table} USING ({rule}) WITH CHECK ({rule})",
        "CREATE POLICY zeus_engine ON {schema}.{table} TO zeus_engine USING (true) WITH CHECK (true)",
    ]
    if table == EVENTS:
        # A backup as the engine reads where the numbers stand.
        statements.append("GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO zeus_engine")
        statements.append(
            "CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change()"
        )
    for statement in statements:
        connection.execute(SQL(statement).format(rule=rule, **names))


def _let_work(connection: Connection[tuple[object, ...]], role: str) -> None:
    """Make `role` one that may work as `zeus_gateway`; rights of its own it has none."""
    known = connection.execute(
        "SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, (SELECT tableowner FROM pg_tables "
        "WHERE schemaname = %s AND tablename = %s), 'MEMBER') FROM pg_roles WHERE rolname = %s",
        (SCHEMA, EVENTS, role),
    ).fetchone()
    if known == (True,):
        raise AppRoleOwnsTheLog(role)
    if known is None:
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
    names = {
        "role": Identifier(role),
        "events": Identifier(SCHEMA, EVENTS),
        "snapshots": Identifier(SCHEMA, SNAPSHOTS),
    }
    connection.execute(SQL("REVOKE ALL ON {events}, {snapshots} FROM {role}").format(**names))
    connection.execute(SQL("GRANT zeus_gateway TO {role}").format(**names))
