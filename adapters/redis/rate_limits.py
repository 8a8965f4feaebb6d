"""Leaky buckets in Redis, one script a request (the generic cell rate algorithm), which expire when empty."""

from adapters.redis.link import RedisLink, redis_key
from application.fleet import check_rate

# In whole µs of the server's clock: Lua's numbers hold them exactly. The key is when the bucket is empty.
_TAKE = """
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + ARGV[1]
    local missing = empty_at - now - ARGV[2]
    if missing > 0 then return string.format('%.0f', missing) end
    redis.call('SET', KEYS[1], string.format('%.0f', empty_at), 'PX', math.ceil((empty_at - now) / 1000))
    return '0'
"""


class RedisRateLimits:
    """The port `application.fleet.RateLimits` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        """Nothing has to exist."""
        self._link = link
        self._take = link.client.register_script(_TAKE)

    async def take(self, name: str, *, per_s: float, burst: int, cost: int = 1) -> float:
        """By the server's clock."""
        check_rate(per_s, burst, cost)
        # Rounded up and down: what is granted is never more than promised.
        cost_us, burst_us = -int(-1e6 * cost // per_s), int(1e6 * burst / per_s)
        async with self._link.answering():
            missing_us = await self._take(
                keys=[redis_key("rate", name)], args=[cost_us, max(burst_us, cost_us)]
            )
        return int(missing_us) / 1e6
