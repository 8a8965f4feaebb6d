"""Row-level security: whose rows a connection sees, what it works as, and how a table comes to be kept apart.

A connection names the tenants it works for in `zeus.tenants`, for one transaction; where nothing is named there are
no rows. It works as one of two roles that own nothing and are no superusers. Only the second sees rows of everybody.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import LiteralString

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Composed, Identifier

from projections.read_model import Link

logger = logging.getLogger("zeus.projections")

GATEWAY = "zeus_gateway"
"""Sockets and API: adds to the log and reads, each time for the tenants it names."""
ENGINE = "zeus_engine"
"""Projector, follower, upkeep, the command line: the one role that crosses tenants, and its use is recorded."""
SETTING = "zeus.tenants"

ENTER: LiteralString = "SELECT set_config('zeus.tenants', %s, true)"
"""Work for this tenant until the transaction ends."""
STAY: LiteralString = "SELECT set_config('zeus.tenants', %s, false)"
"""The same for every transaction of a connection that is used for nothing else."""
CROSS: LiteralString = "SET LOCAL ROLE zeus_engine"
"""Work for everybody until the transaction ends; who says it has recorded that he does."""

ONE: LiteralString = "tenant = current_setting('zeus.tenants', true)"
"""The rule of a read model. One value and no list: the planner then compares the scope with the tenant of a query
once, not row by row; a scope of several tenants shows no rows at all."""

APART: Mapping[str, str] = {
    "zeus_read_models": "where each read model stands in the log; no row is a tenant's",
    "ocpp_meter_watermark": "up to when meter values are summed up; one row for all",
}
"""Tables of ours that have no tenant, and why."""

VIEWS = ("ocpp_meter_15m",)
"""Views of ours over read models."""

_MAKE: Mapping[str, LiteralString] = {
    ENGINE: "CREATE ROLE zeus_engine NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS",
    # NOINHERIT: it is a member of the other and has its rights only where it says so, by SET ROLE.
    GATEWAY: "CREATE ROLE zeus_gateway NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS",
}

_CHOOSY = 160_000
"""From this version of PostgreSQL on a membership says apart what is inherited and what may be set."""

_ROLES = (
    "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname IN ('zeus_gateway', 'zeus_engine')"
)

_MEMBERS = """
SELECT pg_has_role('zeus_gateway', 'zeus_engine', %(may)s), pg_has_role(session_user, 'zeus_engine', %(may)s),
       pg_has_role(session_user, 'zeus_gateway', %(may)s)
"""

_RELATIONS = """
WITH RECURSIVE own AS (
  SELECT c.oid, false AS part FROM pg_class c
   WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname = ANY(%(names)s)
     AND c.relkind IN ('r', 'p', 'v', 'm')
  UNION
  SELECT child.oid, child.part FROM own JOIN LATERAL (
    SELECT i.inhrelid AS oid, true AS part FROM pg_inherits i WHERE i.inhparent = own.oid
    UNION ALL
    SELECT w.ev_class, false FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
     WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.refobjid = own.oid AND d.deptype = 'n' AND %(with_views)s
  ) child ON true
)
SELECT c.relname AS name, c.relkind::text AS kind, own.part,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant'
                  AND NOT a.attisdropped) AS of_tenants,
       c.relrowsecurity AND c.relforcerowsecurity AND (own.part OR EXISTS (
         SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'zeus_engine')) AS secured,
       'security_invoker=true' = ANY(coalesce(c.reloptions, '{}')) AS for_its_reader,
       has_table_privilege('zeus_engine', c.oid, 'SELECT')
         AND has_table_privilege('zeus_gateway', c.oid, 'SELECT') AS open
  FROM own JOIN pg_class c ON c.oid = own.oid
 WHERE c.relnamespace = to_regnamespace(%(schema)s) ORDER BY own.part, c.relname
"""


class RolesMissing(RuntimeError):
    """The user of DATABASE_URL may not make the roles that Zeus works as; let a superuser make them, once."""

    def __init__(self, user: str, join: str) -> None:
        made = "; ".join(_MAKE.values())
        super().__init__(
            f"{user} may not make the roles that Zeus works as. Let a superuser say, once for the server: {made}; "
            f"GRANT {ENGINE} TO {GATEWAY}; {join}"
        )


class RoleTooStrong(RuntimeError):
    """A role that Zeus works as is a superuser or bypasses row-level security, and would see every row."""


class _Relation(msgspec.Struct, frozen=True):
    name: str
    kind: str
    part: bool
    """A partition: nobody reads it but through its table."""
    of_tenants: bool
    secured: bool
    for_its_reader: bool
    """A view that shows what its reader may see, not what its owner may."""
    open: bool


def ensure_roles(connection: Link) -> None:
    """Make the two roles where they are missing, and who is connected a member of both.

    Roles are the server's: its databases share them. Raises RolesMissing, RoleTooStrong.
    """
    for attempt in range(5):
        try:
            with connection.transaction():
                _make_roles(connection)
            return
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation, psycopg.InternalError):
            time.sleep(0.05 * attempt)  # another database of this server makes them at this moment
        except psycopg.errors.InsufficientPrivilege as error:
            user = connection.info.user
            raise RolesMissing(user, _join(connection, Identifier(user)).as_string(connection)) from error
    with connection.transaction():
        _make_roles(connection)


def _make_roles(connection: Link) -> None:
    known = dict(connection.execute(_ROLES).fetchall())
    if strong := sorted(name for name, too_strong in known.items() if too_strong):
        raise RoleTooStrong(", ".join(strong))
    for name, statement in _MAKE.items():
        if name not in known:
            connection.execute(statement)
    may = "SET" if connection.info.server_version >= _CHOOSY else "MEMBER"
    reaches, *ours = connection.execute(_MEMBERS, {"may": may}).fetchone() or (False, False, False)
    if not reaches:
        connection.execute("GRANT zeus_engine TO zeus_gateway")
    if not all(ours):
        connection.execute(_join(connection, SQL("SESSION_USER")))


def _join(connection: Link, user: Composable) -> Composed:
    """Without the rights as such: the rules hold for who owns the tables too, unless he says SET ROLE.

    Below PostgreSQL 16 a member has them, unless he is NOINHERIT.
    """
    kept = SQL(" WITH INHERIT FALSE" if connection.info.server_version >= _CHOOSY else "")
    return SQL("GRANT zeus_engine, zeus_gateway TO {}{}").format(user, kept)


@contextmanager
def as_owner(connection: Link) -> Iterator[None]:
    """What makes, moves and drops tables is done as the user who connected; within a transaction."""
    row = connection.execute("SELECT current_setting('role'), set_config('role', 'none', true)").fetchone()
    yield  # where it fails, the rollback brings the role back
    connection.execute("SELECT set_config('role', %s, true)", [row[0] if row else "none"])


def protect(connection: Link, schema: str, names: Iterable[str], *, with_views: bool = False) -> None:
    """Keep the rows of these tables and views apart by tenant, and let the two roles at them; as their owner.

    Partitions are included, and with `with_views` all views over them in this schema. Where it is done already it
    locks nothing.
    """
    for one in _relations(connection, schema, names, with_views=with_views):
        name = Identifier(schema, one.name)
        if one.kind in ("r", "p") and one.of_tenants and not one.secured:
            _secure(connection, name, part=one.part)
        if one.kind == "v" and not one.for_its_reader:
            connection.execute(SQL("ALTER VIEW {} SET (security_invoker = true)").format(name))
        if not one.open and not one.part:
            rights = SQL("SELECT" if one.kind in ("v", "m") else "SELECT, INSERT, UPDATE, DELETE")
            connection.execute(SQL("GRANT {} ON {} TO zeus_engine").format(rights, name))
            connection.execute(SQL("GRANT SELECT ON {} TO zeus_gateway").format(name))


def protect_partition(connection: Link, schema: str, name: str) -> None:
    """No rule and no right: a partition is read through its table alone, whose rule it is."""
    _secure(connection, Identifier(schema, name), part=True)


def protect_standing(connection: Link) -> None:
    """The same for every read model that stands, as after an upgrade from a version that did not do it."""
    for schema in ("public", "building"):
        for role in (ENGINE, GATEWAY):
            let_in(connection, schema, role)
    protect(connection, "public", ["zeus_read_models"])
    rows = connection.execute("SELECT place, tables FROM public.zeus_read_models").fetchall()
    for place, tables in rows:
        # Views of ours by name: those of others stay as they were made.
        protect(connection, "public" if place == "live" else "building", [*tables, *VIEWS])


def let_in(connection: Link, schema: str, role: str) -> None:
    """Let `role` use the schema, where it may not yet."""
    row = connection.execute("SELECT has_schema_privilege(%s, %s, 'USAGE')", [role, schema]).fetchone()
    if row != (True,):
        connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(Identifier(schema), Identifier(role)))


def _relations(connection: Link, schema: str, names: Iterable[str], *, with_views: bool) -> list[_Relation]:
    asked = {"schema": schema, "names": list(names), "with_views": with_views}
    with connection.cursor(row_factory=class_row(_Relation)) as cursor:
        return cursor.execute(_RELATIONS, asked).fetchall()


def _secure(connection: Link, name: Identifier, *, part: bool) -> None:
    """FORCE: the rules hold for the owner too."""
    try:
        with connection.transaction():
            connection.execute(
                SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY").format(name)
            )
    except psycopg.errors.FeatureNotSupported as error:
        # TimescaleDB's columnstore and continuous aggregates do not go with row-level security.
        logger.warning("%s is kept apart by its queries alone: %s", name.as_string(), error)
        return
    if part:
        return
    for statement in (
        "DROP POLICY IF EXISTS zeus_tenant ON {table}",
        "DROP POLICY IF EXISTS zeus_engine ON {table}",
        "CREATE POLICY zeus_tenant ON {table} USING ({one}) WITH CHECK ({one})",
        "CREATE POLICY zeus_engine ON {table} TO zeus_engine USING (true) WITH CHECK (true)",
    ):
        connection.execute(SQL(statement).format(table=name, one=SQL(ONE)))
