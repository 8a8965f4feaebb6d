"""Who owns a charger's socket, in Redis; the scripts make each step one, the server's clock says who lives.

`zeus:generation:<charger>` counts for ever; `zeus:sockets` maps charger → [gateway, connection, generation, protocol];
`zeus:gateways` maps gateway → [lives until, time to live] in ms; `zeus:claims:<gateway>` holds the gateway's chargers.
"""

import json
from urllib.parse import quote, unquote

from adapters.redis.link import RedisLink, redis_key
from application.fleet import Owner
from domain.identity import ChargerId

# While Redis is down nobody can beat: after a start everybody has the time of one beat to do so.
_LIVES = """
    local sockets, gateways = 'zeus:sockets', 'zeus:gateways'
    local function now_ms()
        local time = redis.call('TIME')
        return time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local function lives(gateway)
        local told = redis.call('HGET', gateways, gateway)
        if not told then return false end
        local beat, now = cjson.decode(told), now_ms()
        if beat[1] > now then return true end
        local up_s = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
        return now - up_s * 1000 + beat[2] > now
    end
    local function owner_of(charger)
        local told = redis.call('HGET', sockets, charger)
        if not told then return nil end
        return cjson.decode(told), told
    end
    local function claims(gateway) return 'zeus:claims:' .. gateway end
"""
# A generation is at least the present in ms, so that it grows even where Redis lost the last one.
_CLAIM = """
    local charger, gateway = ARGV[1], ARGV[2]
    local generation = redis.call('INCR', KEYS[1])
    if generation < now_ms() then
        generation = now_ms()
        redis.call('SET', KEYS[1], string.format('%.0f', generation))
    end
    local former = owner_of(charger)
    if former then redis.call('SREM', claims(former[1]), charger) end
    local owner = {gateway, ARGV[3], string.format('%.0f', generation), ARGV[4]}
    redis.call('HSET', sockets, charger, cjson.encode(owner))
    redis.call('SADD', claims(gateway), charger)
    redis.call('HSETNX', gateways, gateway, '[0,0]')
    return generation
"""
_RELEASE = """
    local charger, owner = ARGV[1], owner_of(ARGV[1])
    if not owner or owner[3] ~= ARGV[2] then return 0 end
    redis.call('HDEL', sockets, charger)
    redis.call('SREM', claims(owner[1]), charger)
    return 1
"""
_OWNER = """
    local owner, told = owner_of(ARGV[1])
    if owner and lives(owner[1]) then return told end
    return false
"""
_BEAT = """
    local lived = lives(ARGV[1])
    local beat = string.format('[%.0f,%s]', now_ms() + ARGV[2], ARGV[2])
    redis.call('HSET', gateways, ARGV[1], beat)
    return lived and 1 or 0
"""
_LIVING = """
    local living = {}
    for _, gateway in ipairs(redis.call('HKEYS', gateways)) do
        if lives(gateway) then living[#living + 1] = gateway end
    end
    return living
"""
_LEAVE = """
    for _, charger in ipairs(redis.call('SMEMBERS', claims(ARGV[1]))) do
        redis.call('HDEL', sockets, charger)
    end
    redis.call('DEL', claims(ARGV[1]))
    redis.call('HDEL', gateways, ARGV[1])
"""
# A dead gateway without claims is forgotten.
_DEAD = """
    local dead = {}
    for _, gateway in ipairs(redis.call('HKEYS', gateways)) do
        if not lives(gateway) then
            local chargers = redis.call('SMEMBERS', claims(gateway))
            if #chargers == 0 then redis.call('HDEL', gateways, gateway) end
            for _, charger in ipairs(chargers) do
                dead[#dead + 1] = {charger, redis.call('HGET', sockets, charger)}
            end
        end
    end
    return dead
"""


class RedisSocketRegistry:
    """The port `application.fleet.SocketRegistry` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        """Nothing has to exist."""
        self._link = link
        script = link.client.register_script
        self._claim, self._release, self._owner = (script(_LIVES + s) for s in (_CLAIM, _RELEASE, _OWNER))
        self._beat, self._living = script(_LIVES + _BEAT), script(_LIVES + _LIVING)
        self._leave, self._dead = script(_LIVES + _LEAVE), script(_LIVES + _DEAD)

    async def claim(self, charger: ChargerId, gateway: str, connection: str, protocol: str) -> int:
        """Whoever comes last stands in the map."""
        counter, claimed = (
            redis_key("generation", charger.tenant, charger.key),
            [gateway, connection, protocol],
        )
        async with self._link.answering():
            return int(await self._claim(keys=[counter], args=[_name(charger), *claimed]))

    async def release(self, charger: ChargerId, generation: int) -> bool:
        """The counter stays."""
        async with self._link.answering():
            return bool(await self._release(args=[_name(charger), generation]))

    async def owner(self, charger: ChargerId) -> Owner | None:
        """One look in the map."""
        async with self._link.answering():
            told = await self._owner(args=[_name(charger)])
        return None if told is None else _owner(told)

    async def beat(self, gateway: str, ttl_s: float) -> bool:
        """Counted from the server's present, in whole milliseconds."""
        async with self._link.answering():
            return bool(await self._beat(args=[gateway, max(1, round(ttl_s * 1000))]))

    async def living(self) -> frozenset[str]:
        """Of all who ever beat and did not leave."""
        async with self._link.answering():
            return frozenset(gateway.decode() for gateway in await self._living())

    async def leave(self, gateway: str) -> None:
        """In one script."""
        async with self._link.answering():
            await self._leave(args=[gateway])

    async def owned_by_the_dead(self) -> list[tuple[ChargerId, Owner]]:
        """In order of the chargers' ids."""
        async with self._link.answering():
            dead = await self._dead()
        return sorted((_charger(name), _owner(told)) for name, told in dead)


def _name(charger: ChargerId) -> str:
    return f"{quote(charger.tenant, safe='')}:{quote(charger.key, safe='')}"


def _charger(name: bytes) -> ChargerId:
    tenant, _, cpid = name.decode().partition(":")
    return ChargerId(unquote(tenant), unquote(cpid))


def _owner(told: bytes) -> Owner:
    gateway, connection, generation, protocol = json.loads(told)
    return Owner(gateway, connection, int(generation), protocol)
