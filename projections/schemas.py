"""Where the tables of a read model live: created in a schema, moved to another, dropped."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.sql import SQL, Composed, Identifier

from projections.positions import SCHEMAS, Place
from projections.read_model import Link, ReadModel
from projections.row_security import as_owner, protect
from projections.views import foreign_views, restore_view

# Everything that belongs to the given tables in a schema: partitions at any depth, and views over them.
_BELONGINGS = """
WITH RECURSIVE own AS (
  SELECT c.oid, c.relname, c.relkind FROM pg_class c
   WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname = ANY(%(tables)s)
     AND c.relkind IN ('r', 'p', 'v', 'm')
  UNION
  SELECT c.oid, c.relname, c.relkind FROM own
    JOIN LATERAL (
      SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = own.oid
      UNION ALL
      SELECT w.ev_class FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
       WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
         AND d.refobjid = own.oid AND d.deptype = 'n'
    ) child ON true
    JOIN pg_class c ON c.oid = child.oid
   WHERE c.relnamespace = %(schema)s::regnamespace
)
SELECT relname, relkind::text FROM own ORDER BY oid
"""

_GRANTS = """
SELECT c.relname, a.privilege_type, a.is_grantable,
       CASE a.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
 WHERE c.relnamespace = %s::regnamespace AND c.relname = ANY(%s) AND a.grantee <> c.relowner
"""

_KINDS = {"v": SQL("VIEW"), "m": SQL("MATERIALIZED VIEW")}


def enter_place(connection: Link, place: Place) -> None:
    """Set the search_path for this transaction; `public` stays visible for what extensions keep there."""
    path = "public" if place == "live" else f"{SCHEMAS[place]}, public"
    connection.execute("SELECT set_config('search_path', %s, true)", [path])


def create_tables_at(connection: Link, model: ReadModel, place: Place) -> None:
    """Create the tables of `model`, empty, at `place`, with the rules that keep tenants apart."""
    with as_owner(connection):
        enter_place(connection, place)
        model.create(connection)
        protect(connection, SCHEMAS[place], table_names(model), with_views=True)


def drop_tables_at(connection: Link, tables: Iterable[str], place: Place) -> None:
    """Drop tables with their partitions, and the views over them."""
    with as_owner(connection):
        for name in tables:
            table = Identifier(SCHEMAS[place], name)
            connection.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(table))


def table_names(model: ReadModel) -> list[str]:
    """The names of the model's tables, in no need of a schema."""
    return sorted(model.tables.tables)


def move_to_live(connection: Link, tables: Sequence[str], old_tables: Sequence[str]) -> None:
    """Put the tables of `building` in the place of the live ones, with the rights and views others put there.

    One transaction of the caller: readers see the old rows until it commits and the new ones after.
    """
    with as_owner(connection):
        _move_to_live(connection, tables, old_tables)


def _move_to_live(connection: Link, tables: Sequence[str], old_tables: Sequence[str]) -> None:
    grants = connection.execute(_GRANTS, [SCHEMAS["live"], list(old_tables)]).fetchall()
    moving = _belongings(connection, tables)
    views = foreign_views(connection, old_tables, [name for name, _ in moving])
    # An old table that kept its name has to go first, whichever version listed it.
    drop_tables_at(connection, dict.fromkeys((*old_tables, *tables)), "live")
    for name, kind in moving:
        connection.execute(_move(name, kind))
    for table, right, grantable, role in grants:
        if table in tables:
            connection.execute(_grant(table, right, grantable, role))
    for view in views:
        restore_view(connection, view)


def _belongings(connection: Link, tables: Sequence[str]) -> list[tuple[str, str]]:
    found: list[Any] = connection.execute(
        _BELONGINGS, {"schema": SCHEMAS["building"], "tables": list(tables)}
    ).fetchall()
    return [(name, kind) for name, kind in found]


def _move(name: str, kind: str) -> Composed:
    return SQL("ALTER {} {} SET SCHEMA {}").format(
        _KINDS.get(kind, SQL("TABLE")), Identifier(SCHEMAS["building"], name), Identifier(SCHEMAS["live"])
    )


def _grant(table: str, right: str, grantable: bool, role: str | None) -> Composed:
    return SQL("GRANT {} ON {} TO {}{}").format(
        SQL(right),  # a privilege keyword out of Postgres' own catalogue
        Identifier(SCHEMAS["live"], table),
        SQL("PUBLIC") if role is None else Identifier(role),
        SQL(" WITH GRANT OPTION" if grantable else ""),
    )
