"""What rows about lasting wishes share: the charger they are for, and the wait until it is there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

from adapters.http.action import Doing
from adapters.http.api.commands import charger_of
from adapters.http.problems import Problem, not_found
from adapters.http.services import Services
from application import clock
from application.snapshots import load_charger
from domain.chargers.charger import Charger

LOOK_EVERY_S = 0.2
"""A wish on its way is looked at no more often than that."""

T = TypeVar("T")


async def the_charger(doing: Doing[Any, Any]) -> Charger:
    """The charger `{cpid}` as the log has it; raises a 404 Problem where it is absent or of another tenant."""
    services: Services = doing.services
    charger = await load_charger(services.store, charger_of(doing))
    if not charger.registered:
        raise not_found()
    return charger


def address_of(doing: Doing[Any, Any], below: str = "") -> str:
    """Where the charger `{cpid}`, or what is `below` it, can be seen."""
    return f"/api/ocpp/chargers/{quote(doing.path['cpid'], safe='')}{below}"


async def come_true(
    doing: Doing[Any, Any],
    charger: Charger,
    look: Callable[[], Awaitable[T]],
    is_settled: Callable[[T], bool],
) -> tuple[T, bool]:
    """Have the charger led to what was wanted; what `look` finds when that is settled, or the client waits no longer.

    Nobody waits for a charger that is not connected: it is led when it returns. Raises a 504 Problem for a
    strict client; the wish stands all the same.
    """
    services: Services = doing.services
    await services.wanted(doing.caller, charger.id)
    wait_s = doing.prefer.wait_s if charger.connection else 0
    until = clock.monotonic() + wait_s
    found = await look()
    while not is_settled(found) and (left_s := until - clock.monotonic()) > 0:
        await asyncio.sleep(min(LOOK_EVERY_S, left_s))
        found = await look()
    settled = is_settled(found)
    if not settled and wait_s and doing.prefer.strict:
        raise Problem("timeout", f"Not done within {wait_s} s; what is wanted stays wanted.")
    return found, settled
