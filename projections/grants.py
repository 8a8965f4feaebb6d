"""What a reading role may see of the read models: those that stand, those to come, those being rebuilt."""

from psycopg.sql import SQL, Identifier

from projections.positions import ensure_positions
from projections.read_model import Link

SCHEMAS = ("public", "building")


def grant_reading(connection: Link, role: str) -> None:
    """Let `role` read every read model, now and after each swap; run it as the owner of the tables."""
    ensure_positions(connection)
    for schema in SCHEMAS:
        names = {"schema": Identifier(schema), "role": Identifier(role)}
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role}",
        ):
            connection.execute(SQL(statement).format(**names))
