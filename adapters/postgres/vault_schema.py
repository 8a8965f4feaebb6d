"""The schema `vault`: who is behind the pseudonyms of the log. Back it up apart, and for less long, than the log."""

from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

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


def create(dsn: str, app_role: str | None = None) -> None:
    """Create what is missing; harmless when repeated or done by two at once. `app_role` must exist."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('vault.create', 0))")
        connection.execute(_TABLES)
        if app_role is None:
            return
        role = Identifier(app_role)
        for statement in (
            "GRANT USAGE ON SCHEMA vault TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON vault.subjects TO {}",
            "GRANT SELECT, INSERT ON vault.keys TO {}",
        ):
            connection.execute(SQL(statement).format(role))
