"""Leases: a sorted set for each room, by when they end, and a set of its rooms for each lease."""

from collections.abc import Sequence

from adapters.redis.link import RedisLink, redis_key
from application.fleet import Room

# KEYS: the lease, then the rooms. ARGV: the lease, how long in ms, then how many each room holds.
_TAKE = """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    for n = 2, #KEYS do
        redis.call('ZREMRANGEBYSCORE', KEYS[n], '-inf', string.format('%.0f', now))
        if not redis.call('ZSCORE', KEYS[n], ARGV[1])
            and redis.call('ZCARD', KEYS[n]) >= tonumber(ARGV[n + 1]) then return n - 1 end
    end
    for n = 2, #KEYS do
        redis.call('ZADD', KEYS[n], string.format('%.0f', now + ARGV[2]), ARGV[1])
        if redis.call('PTTL', KEYS[n]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[n], ARGV[2]) end
        redis.call('SADD', KEYS[1], KEYS[n])
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 0
"""
_GIVE_BACK = """
    for _, room in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('ZREM', room, ARGV[1]) end
    redis.call('DEL', KEYS[1])
"""


class RedisLeases:
    """The port `application.fleet.Leases` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        """Nothing has to exist."""
        self._link = link
        self._take = link.client.register_script(_TAKE)
        self._give_back = link.client.register_script(_GIVE_BACK)

    async def take(self, lease: str, rooms: Sequence[Room], *, ttl_s: float) -> str:
        """By the server's clock."""
        keys = [redis_key("lease", lease), *(redis_key("leases", room.name) for room in rooms)]
        most: list[str | int] = [room.most for room in rooms]
        async with self._link.answering():
            full = await self._take(keys=keys, args=[lease, max(1, round(ttl_s * 1000)), *most])
        return rooms[int(full) - 1].name if full else ""

    async def give_back(self, lease: str) -> None:
        """All its places."""
        async with self._link.answering():
            await self._give_back(keys=[redis_key("lease", lease)], args=[lease])
