"""Views that integrators put over our tables: they survive when a table is replaced."""

import logging
from collections.abc import Sequence

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from projections.read_model import Link

logger = logging.getLogger("zeus.projections")

_OVER = """
WITH RECURSIVE over_ AS (
  SELECT c.oid, 0 AS depth FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s) AND c.relkind IN ('r', 'p')
  UNION
  SELECT w.ev_class, over_.depth + 1 FROM over_
    JOIN pg_depend d ON d.refobjid = over_.oid AND d.refclassid = 'pg_class'::regclass
     AND d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n'
    JOIN pg_rewrite w ON w.oid = d.objid
   WHERE over_.depth < 30
)
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       pg_get_userbyid(c.relowner) AS owner, pg_get_viewdef(c.oid) AS definition,
       coalesce((
         SELECT array_agg(format('GRANT %%s ON %%I.%%I TO %%s', a.privilege_type, n.nspname, c.relname,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END))
           FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner), '{}') AS grants
  FROM (SELECT oid, max(depth) AS depth FROM over_ GROUP BY oid) o
  JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND NOT (n.nspname = 'public' AND c.relname = ANY(%(ours)s))
 ORDER BY o.depth, c.oid
"""

_KINDS = {"v": SQL("VIEW"), "m": SQL("MATERIALIZED VIEW")}


class View(msgspec.Struct, frozen=True):
    """A view as it stands, with all that is needed to make it again."""

    schema: str
    name: str
    kind: str
    owner: str
    definition: str
    grants: list[str]


def foreign_views(connection: Link, tables: Sequence[str], ours: Sequence[str]) -> list[View]:
    """Views over the live `tables`, directly or not, that are not `ours`; in an order to make them again."""
    # With an empty search_path the definitions name every table with its schema.
    connection.execute("SELECT set_config('search_path', '', true)")
    with connection.cursor(row_factory=class_row(View)) as cursor:
        return cursor.execute(_OVER, {"tables": list(tables), "ours": list(ours)}).fetchall()


def restore_view(connection: Link, view: View) -> None:
    """Make the view again; one that does not fit the new tables is given up, loudly, with its text."""
    name, kind = Identifier(view.schema, view.name), _KINDS[view.kind]
    definition = view.definition.encode()
    try:
        with connection.transaction():  # a savepoint: the swap goes on
            head = SQL("CREATE {} {} AS ").format(kind, name).as_bytes(connection)
            connection.execute(head + definition)
            connection.execute(SQL("ALTER {} {} OWNER TO {}").format(kind, name, Identifier(view.owner)))
            for grant in view.grants:
                connection.execute(grant.encode())
    except psycopg.Error as error:
        told = "view %s.%s does not fit the new tables (%s) and is gone; it was: %s"
        logger.error(told, view.schema, view.name, error, view.definition)
