"""The tables of the tree: tiles of 256 hashes, written once. They can be made again from the log at any time.

A tile of level 0 holds the hashes of 256 leaves; one of level n the roots of 256 tiles of the level below. Only
full tiles are kept: what is behind the last one is hashed from the log when it is asked for, at most 255 events.
"""

from typing import LiteralString

import psycopg

from projections.row_security import ensure_roles

SCHEMA = "audit"
TILE_BITS = 8
TILE = 1 << TILE_BITS
"""Hashes in a tile."""

_STATEMENTS: tuple[LiteralString, ...] = (
    "CREATE SCHEMA IF NOT EXISTS audit",
    """
    CREATE TABLE IF NOT EXISTS audit.tiles (
        level smallint NOT NULL,
        tile bigint NOT NULL,
        root bytea NOT NULL,
        hashes bytea NOT NULL,
        first_position bigint,
        runs bigint[],
        PRIMARY KEY (level, tile)
    )
    """,
    # Hashes cannot be compressed: trying would be the dearest part of writing them.
    "ALTER TABLE audit.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL",
    """
    CREATE UNIQUE INDEX IF NOT EXISTS tiles_first_position_idx ON audit.tiles (first_position)
     WHERE level = 0
    """,
    # The leaves behind the last full tile at the time of a checkpoint, so that a change among them can be named.
    """
    CREATE TABLE IF NOT EXISTS audit.tails (
        size bigint PRIMARY KEY,
        hashes bytea NOT NULL,
        runs bigint[] NOT NULL
    )
    """,
    "ALTER TABLE audit.tails ALTER COLUMN hashes SET STORAGE EXTERNAL",
)


_GRANTS: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA audit TO zeus_gateway, zeus_engine",
    "GRANT SELECT ON ALL TABLES IN SCHEMA audit TO zeus_gateway",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA audit TO zeus_engine",
)


def create(dsn: str) -> None:
    """Create what is missing, in one transaction; harmless when repeated or done by two at once.

    The gateway may read the tree: proofs are made of it. Who seals works as the engine, for the log is of every
    tenant. Raises RolesMissing, RoleTooStrong.
    """
    with psycopg.connect(dsn) as connection:
        # CREATE … IF NOT EXISTS alone fails when two do it at the same moment.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit.create', 0))")
        ensure_roles(connection)
        for statement in (*_STATEMENTS, *_GRANTS):
            connection.execute(statement)
