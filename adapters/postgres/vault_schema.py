"""The schema `vault`: who is behind the pseudonyms of the log. Back it up apart, and for less long, than the log."""

from typing import LiteralString

import psycopg

from projections.row_security import ensure_roles

SCHEMA = "vault"

_TABLES: LiteralString = """
    CREATE SCHEMA IF NOT EXISTS vault;
    CREATE TABLE IF NOT EXISTS vault.keys (
        version integer PRIMARY KEY,
        fingerprint bytea NOT NULL
    );
    CREATE TABLE IF NOT EXISTS vault.subjects (
        tenant text COLLATE "C" NOT NULL,
        ref text COLLATE "C" NOT NULL,
        lookup bytea NOT NULL,
        wrapped_key bytea NOT NULL,
        spelling bytea NOT NULL,
        key_version integer NOT NULL,
        plain_stream boolean NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (tenant, ref)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS subjects_lookup ON vault.subjects (tenant, lookup);
"""


_GRANTS: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA vault TO zeus_gateway, zeus_engine",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON vault.subjects TO zeus_gateway, zeus_engine",
    "GRANT SELECT, INSERT ON vault.keys TO zeus_gateway, zeus_engine",
)


def create(dsn: str) -> None:
    """Create what is missing; harmless when repeated or done by two at once. Raises RolesMissing, RoleTooStrong."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('vault.create', 0))")
        ensure_roles(connection)
        connection.execute(_TABLES)
        for statement in _GRANTS:
            connection.execute(statement)
