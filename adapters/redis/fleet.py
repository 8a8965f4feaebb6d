"""All that gateways need to work as one, on Redis."""

from adapters.redis.idempotency import RedisIdempotencyKeys
from adapters.redis.leases import RedisLeases
from adapters.redis.link import CONNECTIONS, PATIENCE_S, RedisLink
from adapters.redis.post import RedisPost
from adapters.redis.rate_limits import RedisRateLimits
from adapters.redis.socket_registry import RedisSocketRegistry
from adapters.redis.waits import RedisWaits
from application.fleet import Fleet


def open_fleet(url: str, *, connections: int = CONNECTIONS, patience_s: float = PATIENCE_S) -> Fleet:
    """The fleet's ports at `url` (redis://, rediss:// or unix://). Connects at the first use.

    At most `connections` connections, one of them for the post while it is open. Use it on one event loop and
    `await close()` it there.
    """
    link = RedisLink(url, connections=connections, patience_s=patience_s)
    return Fleet(
        sockets=RedisSocketRegistry(link),
        post=RedisPost(link),
        keys=RedisIdempotencyKeys(link),
        limits=RedisRateLimits(link),
        waits=RedisWaits(link),
        leases=RedisLeases(link),
        let_go=link.close,
    )
