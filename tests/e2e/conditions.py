"""Waiting for something to become true, and not a moment longer."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
LOOK_EVERY_S = 0.05


async def until(look: Callable[[], T], what: str, timeout_s: float = 20.0) -> T:
    """What `look` returns as soon as it is true; AssertionError with `what` when it takes too long.

    `look` runs in a thread: it may ask a database.
    """
    deadline = monotonic() + timeout_s
    while True:
        found = await asyncio.to_thread(look)
        if found:
            return found
        if monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what} (last seen: {found!r})")
        await asyncio.sleep(LOOK_EVERY_S)


async def until_told(
    ask: Callable[[], Awaitable[T]],
    enough: Callable[[T], object],
    what: str,
    timeout_s: float = 20.0,
    every_s: float = LOOK_EVERY_S,
) -> T:
    """What `ask` is told as soon as that is `enough`; AssertionError with `what` when it takes too long."""
    deadline = monotonic() + timeout_s
    while True:
        told = await ask()
        if enough(told):
            return told
        if monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what} (last told: {told!r})")
        await asyncio.sleep(every_s)
