"""Requests done once under their key, as rows of `fleet.idempotency_keys`."""

from collections.abc import Mapping

from psycopg.types.json import Json

from adapters.postgres.link import PostgresLink
from application.clock import time_ordered_id
from application.fleet import Begun, InProgress, Mismatch, Replay, check_answer

# The row comes back as it stands afterwards: ours where the key was free, else the holder's. One statement,
# since a select beside an insert would not see a row that another has just added.
_BEGIN = """
    INSERT INTO fleet.idempotency_keys AS k (scope, key, fingerprint, attempt, lease_until, kept_until)
    VALUES (%(scope)s, %(key)s, %(fingerprint)s, %(attempt)s,
        clock_timestamp() + make_interval(secs => %(lease_s)s),
        clock_timestamp() + make_interval(secs => %(ttl_s)s))
    ON CONFLICT (scope, key) DO UPDATE
    SET (fingerprint, attempt, lease_until, kept_until, status, headers, body) = (
        SELECT stands.* FROM (
            SELECT k.kept_until <= now OR (k.status IS NULL AND k.lease_until <= now) AS free
            FROM (SELECT clock_timestamp() AS now) AS clock
        ) AS key, LATERAL (
            SELECT excluded.fingerprint, excluded.attempt, excluded.lease_until, excluded.kept_until,
                NULL::integer, NULL::json, NULL::bytea WHERE free
            UNION ALL
            SELECT k.fingerprint, k.attempt, k.lease_until, k.kept_until, k.status, k.headers, k.body
            WHERE NOT free
        ) AS stands
    )
    RETURNING attempt, fingerprint, status, headers, body
"""
# The lock comes first: a row is then seen as the last who held it left it.
_COMPLETE = """
    WITH held AS (
        SELECT scope, key, status FROM fleet.idempotency_keys
        WHERE scope = %(scope)s AND key = %(key)s AND fingerprint = %(fingerprint)s
            AND kept_until > clock_timestamp()
        FOR UPDATE
    ), kept AS (
        UPDATE fleet.idempotency_keys AS k SET status = %(status)s, headers = %(headers)s, body = %(body)s
        FROM held WHERE k.scope = held.scope AND k.key = held.key AND held.status IS NULL
    )
    SELECT status IS NOT NULL FROM held
"""
_ABANDON = """
    DELETE FROM fleet.idempotency_keys
    WHERE scope = %(scope)s AND key = %(key)s AND status IS NULL
        AND attempt = coalesce(%(attempt)s::text, attempt)
"""


class PostgresIdempotencyKeys:
    """The port `application.fleet.IdempotencyKeys` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """The row's key lets one in."""
        attempt = time_ordered_id()
        asked = {"scope": scope, "key": key, "fingerprint": fingerprint, "attempt": attempt}
        [row] = await self._link.rows(_BEGIN, {**asked, "ttl_s": ttl_s, "lease_s": lease_s})
        holder, known, status, headers, body = row
        if holder == attempt:
            return Begun(attempt)
        if known != fingerprint:
            return Mismatch()
        return InProgress() if status is None else Replay(status, headers, bytes(body))

    async def complete(
        self,
        scope: str,
        key: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """The first answer stays."""
        check_answer(body)
        asked = {"scope": scope, "key": key, "fingerprint": fingerprint}
        answer = {"status": status, "headers": Json(dict(headers)), "body": body}
        return any(before for (before,) in await self._link.rows(_COMPLETE, asked | answer))

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """An answer that is there stays."""
        await self._link.rows(_ABANDON, {"scope": scope, "key": key, "attempt": attempt})
