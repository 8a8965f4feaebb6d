"""Connections of a gateway that died without a goodbye: closed in the books, so that nobody looks online."""

import asyncio
import logging
from collections.abc import Collection, Iterable

from application import clock
from application.desk import Desk
from application.intake import Intake, ReportNotSettled
from application.ports import EventStore, EventStoreError
from application.snapshots import load_charger
from domain.event import Told
from domain.identity import ChargerId

log = logging.getLogger("zeus.gateway")

REASON = "the server ended without a goodbye"
AT_ONCE = 200


async def close_stranded(
    store: EventStore, intake: Intake, chargers: Iterable[ChargerId], living: Collection[str]
) -> int:
    """Record the end of connections that belong to none of the `living` gateways; returns how many there were.

    `chargers` may be stale (a read model): each is looked up in the log before anything is said of it.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def close(charger: ChargerId) -> int:
        async with gate:
            try:
                return await _close(Desk(store, await load_charger(store, charger)), intake, living)
            except (EventStoreError, ReportNotSettled) as error:  # no reason to leave the others
                log.warning("%s: looks online after a server's end: %r", charger.stream, error)
                return 0

    return sum(await asyncio.gather(*(close(charger) for charger in chargers)))


async def _close(desk: Desk, intake: Intake, living: Collection[str]) -> int:
    connection = desk.charger.connection
    if not connection or desk.charger.gateway in living:
        return 0
    told = Told(recorded_at=clock.now(), actor="job:stranded", connection=connection)
    await intake.disconnected(desk, connection, None, REASON, told)
    return 1
