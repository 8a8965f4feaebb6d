"""Drift: a setting that was as wanted, or had been given up, and that the charger tells differently."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec

from domain.desired_state.goals import State, standing
from domain.desired_state.manners import Manners
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.values import folded, same
from domain.event import Event
from domain.identity import ChargerId


class Drift(msgspec.Struct, frozen=True):
    """One setting that is not as wanted, and that nothing on its way will change, or did change behind our back."""

    name: str
    since: datetime
    version: int
    """Of the event on the settings' stream that made it so."""
    why: str
    """`given_up`, `read_only` or `reached` once."""


def drifting(
    charger: ChargerId, events: Iterable[Event[Any]], names: Collection[str], manners: Manners
) -> list[Drift]:
    """Which of these settings drift, and since when; a setting on its way to a wish for the first time does not."""
    state, keys = ChargerSettings(charger), [folded(name) for name in names]
    reached: dict[str, str] = {}
    """Setting → the wish that it was as wanted for."""
    found: dict[str, Drift] = {}
    for event in events:
        state.when(event)
        for key in keys:
            why = _why(state, key, reached, manners)
            if not why:
                found.pop(key, None)
            elif key not in found:
                name = state.held[key].setting.name
                found[key] = Drift(name, event.told.recorded_at, event.originator_version, why)
    return list(found.values())


def _why(state: ChargerSettings, key: str, reached: dict[str, str], manners: Manners) -> str:
    """Why it drifts as things stand; empty where it does not. Notes in `reached` what was reached."""
    want, known = state.want_of(key), state.held.get(key)
    if want is None or known is None or known.setting.secret:
        return ""
    stands = standing(state, key, manners).state
    if stands is State.REACHED:
        reached[key] = want.value
    if same(key, known.setting.value, want.value):
        return ""
    if stands in (State.GIVEN_UP, State.READ_ONLY):
        return str(stands)
    return str(State.REACHED) if stands is State.PENDING and reached.get(key) == want.value else ""
