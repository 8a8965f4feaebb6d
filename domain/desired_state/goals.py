"""What a setting should be given now, and how it stands with what is wanted of it."""

from enum import StrEnum

import msgspec

from domain.desired_state.events import WantedSetting
from domain.desired_state.manners import Manners
from domain.desired_state.measurands import Plan, as_items, plan
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.values import folded, is_list, items_of, same

UNLOCK_ON_UNPLUG = "unlockconnectoronevsidedisconnect"


class State(StrEnum):
    """How a setting stands with what is wanted of it."""

    FREE = "free"
    """Nobody wants a certain value."""
    UNREAD = "unread"
    """Wanted, and the charger told nothing of it yet."""
    REACHED = "reached"
    PENDING = "pending"
    """It differs, and will be changed."""
    AWAITING_RESTART = "awaiting_restart"
    NARROWED = "narrowed"
    """The charger takes only a part of the list, and has it."""
    UNSUPPORTED = "unsupported"
    """The charger does not know the setting; no error."""
    READ_ONLY = "read_only"
    """It differs and cannot be changed."""
    GIVEN_UP = "given_up"


class Standing(msgspec.Struct, frozen=True):
    """A state with its reason, where it needs one."""

    state: State
    reason: str = ""


def list_plan(state: ChargerSettings, key: str, want: WantedSetting, manners: Manners) -> Plan:
    """How far a list of measurands has been found out."""
    tries = dict(state.tries.get(key, {}))
    if held := state.value_of(want.name):
        tries[as_items(items_of(held))] = True
    return plan(items_of(want.value), tries, state.number_of(f"{want.name}MaxLength"), probes=manners.probes)


def goal_of(state: ChargerSettings, key: str, manners: Manners) -> str | None:
    """The value it should have now; None where none is wanted, or none can be given."""
    want, known = state.want_of(key), state.held.get(key)
    if want is None or known is None or key in state.given_up or key in state.unknown:
        return None
    if known.setting.readonly or known.setting.secret:
        return None
    if not is_list(want.name) or not items_of(want.value):
        return want.value
    found = list_plan(state, key, want, manners)
    return ",".join(found.trial if found.settled is None else found.settled) or None


def due(state: ChargerSettings, key: str, manners: Manners) -> str | None:
    """The value it has to be given; None where it has it, or will have it after a restart."""
    goal = goal_of(state, key, manners)
    if goal is None:
        return None
    now = state.awaiting_restart.get(key, state.held[key].setting.value)
    return None if same(key, now, goal) else goal


def standing(state: ChargerSettings, name: str, manners: Manners) -> Standing:
    """How one setting stands."""
    key = folded(name)
    want, known = state.want_of(key), state.held.get(key)
    if want is None:
        return Standing(State.FREE)
    if key in state.unknown:
        return Standing(State.UNSUPPORTED, "the charger does not know it")
    if key in state.given_up:
        return Standing(State.GIVEN_UP, state.given_up[key])
    if key in state.awaiting_restart:
        return Standing(State.AWAITING_RESTART, state.restart_refused)
    if known is None:
        return Standing(State.UNREAD)
    if same(key, known.setting.value, want.value):
        return Standing(State.REACHED)
    if known.setting.readonly:
        return _read_only(key, manners)
    if key in state.narrowed and due(state, key, manners) is None:
        return Standing(State.NARROWED, f"not supported: {', '.join(state.narrowed[key])}")
    return Standing(State.PENDING)


def _read_only(key: str, manners: Manners) -> Standing:
    """A fixed cable cannot be unlocked; that its setting says so is no drift (1.6 errata 3.85)."""
    if key == UNLOCK_ON_UNPLUG:
        return Standing(
            State.UNSUPPORTED, "fixed cable" if manners.tethered else "read-only, as with a fixed cable"
        )
    return Standing(State.READ_ONLY, "the charger calls it read-only")
