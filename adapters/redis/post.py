"""Parcels as lists in Redis, PUBLISH as the bell, and a look every second in case a bell was lost."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from adapters.redis.link import RedisLink, redis_key
from application import clock
from application.fleet import FleetUnavailable, Heard, Parcel, Take, check_ring
from application.receiving import Inbox, Rings

logger = logging.getLogger("zeus.fleet")

_BELL = redis_key("bell")
_POLL_S = 1.0
_PAUSE_S = 0.25
"""Between two attempts to connect."""
_BATCH = 200

# An item is when it expires, in ms of the server's clock, a colon, and the parcel as its sender wrote it.
_SEND = """
    local time = redis.call('TIME')
    local expires_at = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
    redis.call('RPUSH', KEYS[1], string.format('%.0f', expires_at) .. ':' .. ARGV[2])
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
    end
    redis.call('PUBLISH', KEYS[1], '')
"""
_FETCH = """
    local time = redis.call('TIME')
    return {time[1] * 1000 + math.floor(time[2] / 1000), redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)}
"""
# By value: whatever a lost connection left undone or did, nothing that was not handed over goes.
_TAKEN = "for _, item in ipairs(ARGV) do redis.call('LREM', KEYS[1], 1, item) end"


class RedisPost:
    """The port `application.fleet.Post` on Redis: sends by the shared pool, listens by one subscription."""

    def __init__(self, link: RedisLink, now: Callable[[], datetime] = clock.now) -> None:
        """Nothing has to exist."""
        self._link = link
        self._now = now
        self._rings = Rings()
        self._keeper: asyncio.Task[None] | None = None
        script = link.client.register_script
        self._send, self._fetched, self._taken = script(_SEND), script(_FETCH), script(_TAKEN)

    async def send(self, parcel: Parcel) -> None:
        """List and bell in one script."""
        left_ms = int((parcel.until - self._now()).total_seconds() * 1000)
        if left_ms > 0:
            async with self._link.answering():
                await self._send(keys=[_box(parcel.to)], args=[left_ms, msgspec.msgpack.encode(parcel)])

    async def open(self, gateway: str, take: Take) -> None:
        """Starts the one task that listens."""
        await self.close()
        self._link.check_open()
        listening = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(gateway, Inbox(take, self._now), listening))
        try:
            async with asyncio.timeout(self._link.patience_s):
                await listening.wait()
        except TimeoutError:
            await self.close()
            raise FleetUnavailable("Redis does not let the post listen") from None

    async def ring(self, topic: str, payload: str) -> None:
        """To all who are subscribed at this moment."""
        check_ring(topic, payload)
        async with self._link.answering():
            await self._link.client.publish(_BELL, msgspec.msgpack.encode([topic, payload]))

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Sorted by topic on this side."""
        return self._rings.on_ring(topic, heard)

    async def close(self) -> None:
        """Ends the task and its connection."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def _keep(self, gateway: str, inbox: Inbox, listening: asyncio.Event) -> None:
        """Listen, and again whenever the connection is lost, until cancelled."""
        while True:
            try:
                async with self._link.client.pubsub() as subscription:
                    await self._listen(subscription, gateway, inbox, listening)
            except (RedisError, OSError, FleetUnavailable) as error:
                logger.warning("the post of %s lost Redis, connecting again: %s", gateway, error)
            await asyncio.sleep(_PAUSE_S)

    async def _listen(
        self, subscription: PubSub, gateway: str, inbox: Inbox, listening: asyncio.Event
    ) -> None:
        """Listen first, then look: what comes in between rings."""
        async with self._link.answering():
            await subscription.subscribe(_box(gateway), _BELL)
            for _ in range(2):  # each channel is confirmed
                await subscription.get_message(timeout=self._link.patience_s)
        while True:
            await self._fetch(gateway, inbox)
            listening.set()
            await self._wait(subscription)

    async def _wait(self, subscription: PubSub) -> None:
        """Until a parcel's bell, or for one poll; what else has come by then is handled too."""
        look_at = clock.monotonic() + _POLL_S
        called = False
        while True:
            left_s = 0.0 if called else max(0.0, look_at - clock.monotonic())
            message = await subscription.get_message(ignore_subscribe_messages=True, timeout=left_s)
            if message is not None and message["channel"] == _BELL.encode():
                self._hear(message)
            elif message is not None:
                called = True
            elif called or clock.monotonic() >= look_at:
                return

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            topic, payload = msgspec.msgpack.decode(message["data"], type=tuple[str, str])
        except msgspec.DecodeError:
            logger.warning("a ring that no gateway sent: %.100s", message["data"])
            return
        self._rings.deliver(topic, payload)

    async def _fetch(self, gateway: str, inbox: Inbox) -> None:
        """Hand over, then remove: who is cut off in between gets them again, and the inbox knows them."""
        full = True
        while full:
            asked_at = self._now()  # the time left is counted from before the question, never from after
            async with self._link.answering():
                server_ms, items = await self._fetched(keys=[_box(gateway)], args=[_BATCH])
            for item in items:
                inbox.deliver(_parcel(item, asked_at, server_ms))
            if items:
                async with self._link.answering():
                    await self._taken(keys=[_box(gateway)], args=items)
            full = len(items) == _BATCH


def _parcel(item: bytes, asked_at: datetime, server_ms: int) -> Parcel:
    expires_ms, _, written = item.partition(b":")
    until = asked_at + timedelta(milliseconds=int(expires_ms) - server_ms)
    return msgspec.msgpack.decode(written, type=Parcel)._replace(until=until)


def _box(gateway: str) -> str:
    """The list, and the channel that rings for it."""
    return redis_key("parcels", gateway)
