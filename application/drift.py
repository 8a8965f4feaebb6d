"""Drift as an alarm: chargers that tell a setting differently from what is wanted, for longer than it takes to mend.

A plain function for a scheduler; it may run in every process and as often as wanted: a drift raises its alarm once.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from application.alarms import INFO, end_alarms, raise_occurrence
from application.ports import EventStore
from application.snapshots import load_charger
from domain.alarms import kinds
from domain.alarms.alarms import Occurrence
from domain.chargers.provisioning import Standing
from domain.desired_state.drift import drifting
from domain.desired_state.manners import manners_of
from domain.desired_state.settings import settings_stream
from domain.identity import ChargerId


async def watch_drift(
    store: EventStore,
    suspected: Mapping[ChargerId, Collection[str]],
    alarmed: Collection[ChargerId],
    after: timedelta,
    now: datetime,
) -> int:
    """Raise alarms for settings that drift for longer than `after`, end those of chargers that drift no more.

    `suspected` (charger → names) and `alarmed` are what read models say, which may be behind: the log decides.
    Returns how many chargers drift. Raises EventStoreError.
    """
    count = 0
    for charger in {*suspected, *alarmed}:
        state = await load_charger(store, charger)
        events = await store.read(settings_stream(charger))
        manners = manners_of(state.vendor, state.model)
        active = state.registered and state.standing is Standing.ACTIVE
        found = drifting(charger, events, suspected.get(charger, ()), manners) if active else []
        if not found:
            if charger in alarmed:
                why = "it is set as wanted"
                await end_alarms(store, charger.tenant, charger.key, (kinds.CONFIGURATION_DRIFT,), why)
            continue
        count += 1
        overdue = [one for one in found if now - one.since >= after]
        if overdue:
            newest = max(overdue, key=lambda one: one.since)
            names = ", ".join(sorted(f"{one.name} ({one.why})" for one in overdue))
            what = Occurrence(
                kind=kinds.CONFIGURATION_DRIFT,
                source=f"{settings_stream(charger)}@{newest.version}",
                at=newest.since,
                info=names[:INFO],
            )
            await raise_occurrence(store, charger.tenant, charger.key, what)
    return count
