"""The connections of the fleet's ports to Redis: a small pool, and bounded time for everything."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as NoAnswer
from redis.maint_notifications import MaintNotificationsConfig

from application.fleet import FleetUnavailable

CONNECTIONS = 8
PATIENCE_S = 5.0
PREFIX = "zeus"
AWAY = (NotConnected, NoAnswer, OutOfMemoryError, ReadOnlyError, OSError, TimeoutError)
"""What the client raises where the server is gone, going, silent, or takes no writes."""

_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


class RedisLink:
    """What registry, keys, limits and post share in one process. Connects at the first use."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS, patience_s: float = PATIENCE_S) -> None:
        """`url` is redis://, rediss:// or unix://; `patience_s` the longest anybody waits."""
        self.patience_s = patience_s
        options: dict[str, Any] = {} if url.startswith("unix:") else {"socket_keepalive_options": _KEEPALIVE}
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=patience_s,
            # `answering` bounds the time. The client's own way of it, asyncio.wait_for, can swallow a
            # cancellation on Python 3.11 (bpo-37658), and then a task would not end.
            socket_timeout=None,
            socket_connect_timeout=patience_s,
            # A repetition of what may have been done already is for the caller to decide. Connections that
            # the server has closed meanwhile are replaced before they are used, without that.
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **options,
        )
        self.client = Redis.from_pool(pool)
        self._closed = False

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Bounds the time and raises FleetUnavailable where Redis is away."""
        self.check_open()
        try:
            async with asyncio.timeout(self.patience_s):
                yield
        except AWAY as error:
            raise FleetUnavailable(f"Redis does not answer: {error!s:.200}") from error

    def check_open(self) -> None:
        """Raises FleetUnavailable after `close`; the client itself would just connect again."""
        if self._closed:
            raise FleetUnavailable("the fleet's connections are closed")

    async def close(self) -> None:
        """Later calls raise FleetUnavailable."""
        self._closed = True
        await self.client.aclose()


def redis_key(kind: str, *names: str) -> str:
    """`zeus:<kind>:<name>…`, each name percent-encoded so that no two lists of names make one key."""
    return ":".join([PREFIX, kind, *(quote(name, safe="") for name in names)])
