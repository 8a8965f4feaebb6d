"""What the fleet's contracts are run on: a broker on which several processes' fleets are opened."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from application.fleet import Fleet

PATIENCE_S = 10.0


class Rig(Protocol):
    """A broker, real or not."""

    def open(self) -> Fleet:
        """The fleet of one more process; the test closes it."""
        ...

    def now(self) -> datetime:
        """The time by which `until` is given."""
        ...

    async def elapse(self, seconds: float) -> None:
        """Let so much of the broker's time go by."""
        ...

    async def cut(self, fleet: Fleet) -> None:
        """Cut the connection on which the fleet's post listens; it may come back by itself at once."""
        ...

    async def mend(self, fleet: Fleet) -> None:
        """Let it come back."""
        ...


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it holds; for what a real server does by itself and tells nobody."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)
