"""The calls of one connection to its charger: one in flight at a time (OCPP-J 1.6 §4.1.1, 2.x part 4 §4.1.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from adapters.ocpp.frames import CallError, CallResult
from domain.event import Told

Reply: TypeAlias = CallResult | CallError
Hear: TypeAlias = Callable[[Reply, Told], Awaitable[None]]
"""Records what the charger replied. Awaited by the reader of the socket, so that the log keeps the wire's order."""

REMEMBERED = 32
"""Calls given up whose answer may still come."""


class Outgoing:
    """The slot for calls, and the one that is waiting for its answer."""

    __slots__ = ("_given_up", "_hear", "_in_flight", "_over", "_replied", "_slot")

    def __init__(self) -> None:
        self._slot = asyncio.Lock()
        self._in_flight = ""
        self._hear: Hear | None = None
        self._replied: asyncio.Future[bool] | None = None
        self._given_up: dict[str, Hear] = {}
        self._over = False

    async def free(self, timeout_s: float) -> bool:
        """Take the slot, in the order of asking; False where it did not become free in time, or never will.

        Call `done` afterwards, whatever happens.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._slot.acquire()
        except TimeoutError:
            return False
        if self._over:
            self._slot.release()
            return False
        return True

    def done(self) -> None:
        """Give the slot to the next in line."""
        self._slot.release()

    async def exchange(
        self, message_id: str, send: Callable[[], Awaitable[None]], hear: Hear, timeout_s: float
    ) -> bool | None:
        """Send, and wait until the reply was heard: True; None after `timeout_s`; False where the line is gone.

        A reply that comes after the time-out is still given to `hear`.
        """
        if self._over:
            return False
        self._in_flight, self._hear = message_id, hear
        self._replied = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await send()
                return await self._replied
        except TimeoutError:
            self._given_up[message_id] = hear
            while len(self._given_up) > REMEMBERED:
                del self._given_up[next(iter(self._given_up))]
            return None
        except OSError:  # sending to a socket that is gone
            return False
        finally:
            self._in_flight, self._hear, self._replied = "", None, None

    def awaits(self, message_id: str) -> bool:
        """Does anybody wait for a reply to this call, or did?"""
        in_flight = bool(message_id) and message_id == self._in_flight and self._hear is not None
        return in_flight or message_id in self._given_up

    async def reply(self, reply: Reply, told: Told) -> bool:
        """A reply came; False where nobody waits for it, or ever did."""
        message_id = str(reply.message_id)
        if message_id and message_id == self._in_flight and self._hear is not None:
            replied, hear = self._replied, self._hear
            self._in_flight, self._hear = "", None  # a second reply to the same call is none
            try:
                await hear(reply, told)
            finally:
                if replied is not None and not replied.done():
                    replied.set_result(True)
            return True
        late = self._given_up.pop(message_id, None)
        if late is None:
            return False
        await late(reply, told)
        return True

    def hang_up(self) -> None:
        """The connection is gone: nobody will reply any more, and nothing more is sent."""
        self._over = True
        self._given_up.clear()
        if self._replied is not None and not self._replied.done():
            self._replied.set_result(False)
