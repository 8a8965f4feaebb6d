"""Who has to wait, as keys in Redis that expire when nothing is to be remembered any more."""

from adapters.redis.link import RedisLink, redis_key
from application.fleet import Waiting

_KIND = "wait"
_BATCH = 1000

# The wait itself is over when only so much of the key's life is left as it is remembered afterwards.
_READ = """
    local found = {}
    for n, key in ipairs(KEYS) do
        local told = redis.call('HMGET', key, 'name', 'kept_ms', 'note')
        if told[1] then
            local left = redis.call('PTTL', key) - told[2]
            table.insert(found, {told[1], string.format('%.0f', left), told[3]})
        end
    end
    return found
"""


class RedisWaits:
    """The port `application.fleet.Waits` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        """Nothing has to exist."""
        self._link = link
        self._read = link.client.register_script(_READ)

    async def put(self, name: str, note: str, *, wait_s: float, kept_s: float) -> None:
        """By the server's clock."""
        key, kept_ms = redis_key(_KIND, name), round(kept_s * 1000)
        async with self._link.answering(), self._link.client.pipeline(transaction=True) as both:
            both.hset(key, mapping={"name": name, "kept_ms": kept_ms, "note": note})
            both.pexpire(key, max(1, round(wait_s * 1000) + kept_ms))
            await both.execute()

    async def all(self, prefix: str) -> list[Waiting]:
        """Key after key: asked once, when a process starts."""
        found: list[Waiting] = []
        async with self._link.answering():
            match = redis_key(_KIND, prefix) + "*"
            keys = [key async for key in self._link.client.scan_iter(match=match, count=_BATCH)]
            for n in range(0, len(keys), _BATCH):
                for name, left_ms, note in await self._read(keys=keys[n : n + _BATCH]):
                    found.append(Waiting(name.decode(), int(left_ms) / 1000, note.decode()))
        return found
