"""The table of people's sessions, among those by which processes work as one."""

from typing import LiteralString

SESSION_STATEMENTS: tuple[LiteralString, ...] = (
    # Logged: a crash of Postgres signs nobody out.
    """
    CREATE TABLE IF NOT EXISTS fleet.sessions (
        digest text COLLATE "C" PRIMARY KEY,
        tenant text COLLATE "C" NOT NULL,
        user_id text COLLATE "C" NOT NULL,
        handle text COLLATE "C" NOT NULL,
        epoch integer NOT NULL,
        stage text NOT NULL,
        proof text NOT NULL,
        began_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        remote text NOT NULL,
        agent text NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX IF NOT EXISTS sessions_user_idx ON fleet.sessions (tenant, user_id)",
)
