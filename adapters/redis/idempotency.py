"""Requests done once under their key, as hashes in Redis that expire."""

import json
from collections.abc import Mapping

from adapters.redis.link import RedisLink, redis_key
from application.clock import time_ordered_id
from application.fleet import Begun, InProgress, Mismatch, Replay, check_answer

_BEGIN = """
    local attempt, fingerprint, ttl_ms, lease_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local held = redis.call('HMGET', KEYS[1], 'fingerprint', 'lease_until', 'status', 'headers', 'body')
    if not held[1] or (not held[3] and tonumber(held[2]) <= now) then
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], 'fingerprint', fingerprint, 'attempt', attempt,
            'lease_until', string.format('%.0f', now + lease_ms))
        redis.call('PEXPIRE', KEYS[1], ttl_ms)
        return {'begun'}
    end
    if held[1] ~= fingerprint then return {'mismatch'} end
    if not held[3] then return {'in progress'} end
    return {'replay', held[3], held[4], held[5]}
"""
_COMPLETE = """
    local held = redis.call('HMGET', KEYS[1], 'fingerprint', 'status')
    if held[1] ~= ARGV[1] then return 0 end
    if held[2] then return 1 end
    redis.call('HSET', KEYS[1], 'status', ARGV[2], 'headers', ARGV[3], 'body', ARGV[4])
    return 0
"""
_ABANDON = """
    local held = redis.call('HMGET', KEYS[1], 'attempt', 'status')
    if not held[1] or held[2] or (ARGV[1] ~= '' and ARGV[1] ~= held[1]) then return end
    redis.call('DEL', KEYS[1])
"""


class RedisIdempotencyKeys:
    """The port `application.fleet.IdempotencyKeys` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        """Nothing has to exist."""
        self._link = link
        self._begin = link.client.register_script(_BEGIN)
        self._complete = link.client.register_script(_COMPLETE)
        self._abandon = link.client.register_script(_ABANDON)

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """One script lets one in."""
        attempt = time_ordered_id()
        asked: list[str | int] = [attempt, fingerprint, max(1, round(ttl_s * 1000)), round(lease_s * 1000)]
        async with self._link.answering():
            told, *answer = await self._begin(keys=[_named(scope, key)], args=asked)
        if told == b"begun":
            return Begun(attempt)
        if told == b"replay":
            status, headers, body = answer
            return Replay(int(status), json.loads(headers), body)
        return Mismatch() if told == b"mismatch" else InProgress()

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
        kept: list[str | int | bytes] = [fingerprint, status, json.dumps(dict(headers)), body]
        async with self._link.answering():
            return bool(await self._complete(keys=[_named(scope, key)], args=kept))

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """An answer that is there stays."""
        async with self._link.answering():
            await self._abandon(keys=[_named(scope, key)], args=[attempt or ""])


def _named(scope: str, key: str) -> str:
    return redis_key("idempotency", scope, key)
