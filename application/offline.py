"""The offline detector: who stays away for longer than a charger may is said to be offline, once."""

import logging
from collections.abc import Sequence
from datetime import datetime

from application.ports import EventStore, EventStoreError, VersionConflict
from application.snapshots import load_charger
from domain.event import Told, events_of
from domain.identity import ChargerId

log = logging.getLogger("zeus.jobs")

ACTOR = "job:offline_detector"


async def note_absence(store: EventStore, chargers: Sequence[ChargerId], now: datetime, ping_s: float) -> int:
    """Say of those of `chargers` that stay away that they are offline; returns of how many it was said.

    `chargers` may be stale (a read model): the log decides. Harmless when repeated, and done twice at once it
    is done once. Raises StoreUnavailable.
    """
    said = 0
    for charger in chargers:
        try:
            state = await load_charger(store, charger)
            if facts := state.miss(now, ping_s):
                told = Told(recorded_at=now, actor=ACTOR)
                await store.append(events_of(state.stream, state.version, facts, told))
                said += 1
        except VersionConflict:  # it returned, or another process said it
            continue
        except EventStoreError as error:
            log.warning("%s: whether it is offline cannot be told: %r", charger.stream, error)
    return said
