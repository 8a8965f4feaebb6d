"""What a 2.x charger tells of its device model in reports, taken into what is known of its settings."""

from typing import Any

from application.ports import EventStore, VersionConflict
from domain.chargers.device_model import VariablesReported
from domain.desired_state.hearing import variables_heard
from domain.desired_state.settings import ChargerSettings
from domain.event import Recorded, Told, events_of
from domain.identity import ChargerId

ATTEMPTS = 8


async def heard_variables(store: EventStore, recorded: Recorded[Any]) -> None:
    """A part of a report came. Told again, or after something newer, it changes nothing."""
    event = recorded.event
    report: VariablesReported = event.fact
    _, tenant, key = event.originator_id.split("/", 2)
    # As of when it was told: so a repetition finds that it is known, and what was heard since stands.
    at = event.told.recorded_at
    told = Told(
        recorded_at=at, actor="job:follower", cause=f"{event.originator_id}@{event.originator_version}"
    )
    for _ in range(ATTEMPTS):
        state = ChargerSettings(ChargerId(tenant, key))
        for one in await store.read(state.stream):
            state.when(one)
        facts = variables_heard(state, report, at)
        if not facts:
            return
        try:
            await store.append(events_of(state.stream, state.version, facts, told))
        except VersionConflict:
            continue
        return
    raise VersionConflict(key)
