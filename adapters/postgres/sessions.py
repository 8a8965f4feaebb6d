"""Sessions of people, as rows of `fleet.sessions`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.postgres.link import PostgresLink
from application.sessions import IDLE, Session, Stage

_BEGIN = """
    INSERT INTO fleet.sessions
        (digest, handle, tenant, user_id, epoch, stage, proof, began_at, seen_at, ends_at, remote, agent)
    VALUES (%(digest)s, %(handle)s, %(tenant)s, %(user_id)s, %(epoch)s, %(stage)s, %(proof)s, %(began_at)s,
        %(seen_at)s, %(ends_at)s, %(remote)s, %(agent)s)
"""
_COLUMNS = "digest, handle, tenant, user_id, epoch, stage, proof, began_at, seen_at, ends_at, remote, agent"
_FIND = f"SELECT {_COLUMNS} FROM fleet.sessions WHERE digest = %(digest)s"  # noqa: S608 - of constants
_OF_USER = f"""
    SELECT {_COLUMNS} FROM fleet.sessions WHERE tenant = %(tenant)s AND user_id = %(user_id)s
    ORDER BY handle DESC
"""  # noqa: S608 - of constants
_TOUCH = "UPDATE fleet.sessions SET seen_at = greatest(seen_at, %(seen_at)s) WHERE digest = %(digest)s"
_END = """
    DELETE FROM fleet.sessions WHERE tenant = %(tenant)s AND user_id = %(user_id)s AND handle = %(handle)s
    RETURNING handle
"""
_END_ALL = """
    DELETE FROM fleet.sessions WHERE tenant = %(tenant)s AND user_id = %(user_id)s AND digest <> %(but)s
"""
_SWEEP = "DELETE FROM fleet.sessions WHERE ends_at <= %(now)s OR seen_at <= %(idle_since)s"


class PostgresSessions:
    """The port `application.sessions.Sessions` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The table exists (`fleet_schema.create`)."""
        self._link = link

    async def begin(self, session: Session) -> None:
        """A new row."""
        await self._link.rows(_BEGIN, {**msgspec.structs.asdict(session), "stage": str(session.stage)})

    async def find(self, digest: str) -> Session | None:
        """By key."""
        rows = await self._link.rows(_FIND, {"digest": digest})
        return _session(rows[0]) if rows else None

    async def touch(self, digest: str, seen_at: datetime) -> None:
        """Never moved back."""
        await self._link.rows(_TOUCH, {"digest": digest, "seen_at": seen_at})

    async def of_user(self, tenant: str, user_id: str) -> list[Session]:
        """Handles sort by time."""
        rows = await self._link.rows(_OF_USER, {"tenant": tenant, "user_id": user_id})
        return [_session(row) for row in rows]

    async def end(self, tenant: str, user_id: str, handle: str) -> bool:
        """One row goes."""
        named = {"tenant": tenant, "user_id": user_id, "handle": handle.replace("\0", "")}
        return bool(await self._link.rows(_END, named))

    async def end_all(self, tenant: str, user_id: str, *, but: str = "") -> None:
        """All rows go, but one."""
        await self._link.rows(_END_ALL, {"tenant": tenant, "user_id": user_id, "but": but})

    async def sweep(self, now: datetime) -> None:
        """Rows that open nothing any more."""
        await self._link.rows(_SWEEP, {"now": now, "idle_since": now - IDLE})


def _session(row: Sequence[Any]) -> Session:
    digest, handle, tenant, user_id, epoch, stage, proof, *times, remote, agent = row
    began_at, seen_at, ends_at = (at.astimezone(UTC) for at in times)
    return Session(
        digest=digest,
        handle=handle,
        tenant=tenant,
        user_id=user_id,
        epoch=epoch,
        stage=Stage(stage),
        proof=proof,
        began_at=began_at,
        seen_at=seen_at,
        ends_at=ends_at,
        remote=remote,
        agent=agent,
    )
