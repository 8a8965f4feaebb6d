"""The next step towards the wanted settings: read, write one by one, read back, restart once; a pure function."""

from datetime import datetime, timedelta

from domain.commands.intent import Intent
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state.events import (
    AvailabilityAnswered,
    SettingGivenUp,
    SettingNarrowed,
    WantedSetting,
    WriteBudgetExhausted,
)
from domain.desired_state.goals import due, list_plan
from domain.desired_state.manners import Manners, manners_of
from domain.desired_state.settings import READ, ChargerSettings, place_key
from domain.desired_state.step import (
    CHECK_AGAIN,
    WAIT_FOR_TRANSACTION,
    Note,
    Pause,
    Situation,
    Step,
    earliest,
    resting,
)
from domain.desired_state.values import folded, is_list, items_of
from domain.event import Fact

WHOLE_READINGS = 2
"""A charger that twice fails to tell everything is asked for what is wanted, by name."""
NAMES_AT_ONCE = {"1.6": 20}
"""Names in one reading where the charger told no limit; 2.x: 10."""
ERRORS = 3
"""So many errors in a row for an answer, and the wish is given up."""
CONTRADICTIONS = 2
"""So many times it took a value and then told another."""

CAPABILITIES = {
    "1.6": (
        "GetConfigurationMaxKeys",
        "SupportedFeatureProfiles",
        "NumberOfConnectors",
        "LocalAuthListMaxLength",
        "SendLocalListMaxLength",
    )
}
CAPABILITIES_2X = ("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "LocalAuthListCtrlr.ItemsPerMessage")


def next_setting(state: ChargerSettings, at: Situation, now: datetime) -> Step:
    """Never two writes closer than the charger's pace, never more of them a day than its budget."""
    manners = manners_of(at.vendor, at.model)
    verdicts = _verdicts(state, manners)
    if verdicts:
        return Note(tuple(verdicts))
    names = _to_read(state, at, now)
    if names is not None:
        return _read(state, names, now)
    pauses: list[Pause] = []
    write = _next_write(state, manners, now, pauses)
    if write is not None:
        held_back = _pace(state, manners, now) or _budget(state, at, now)
        if not isinstance(held_back, Pause):
            return held_back or write
        if (held_back.until - now).total_seconds() <= manners.pace_s:
            return held_back
        pauses.append(held_back)
    if state.accepted:
        return _read(state, _chunk(state, at, sorted(state.accepted)), now)
    restart = _restart(state, now, at)
    if isinstance(restart, Pause):
        pauses.append(restart)
    elif restart is not None:
        return restart
    return earliest([*pauses, _next_check(state, at, now)])


def limits_known(state: ChargerSettings, protocol: str) -> bool:
    """Did the charger tell what its local list may be, or that it has no such limit?"""
    limit = "SendLocalListMaxLength" if protocol == "1.6" else CAPABILITIES_2X[1]
    return state.read_at is not None or _told_at(state, folded(limit)) is not None


def next_availability(state: ChargerSettings, now: datetime) -> Step:
    """Every wish is sent once, in the order in which they came, and again where no answer came."""
    pauses: list[Pause] = []
    for place, want in state.availability.items():
        if want.answered:
            continue
        failures = state.failures.get(place_key(*place))
        if failures is not None and failures.errors >= ERRORS:
            return Note(
                (
                    AvailabilityAnswered(
                        operative=want.operative,
                        evse_id=place.evse_id,
                        connector_id=place.connector_id,
                        status="Error",
                        agreed=False,
                    ),
                )
            )
        rest = resting(failures, now)
        if rest is None:
            return ChangeAvailability(
                operative=want.operative,
                evse_id=place.evse_id or None,
                connector_id=place.connector_id or None,
            )
        pauses.append(rest)
    return earliest(pauses)


def _verdicts(state: ChargerSettings, manners: Manners) -> list[Fact]:
    """What experience says and is not written down yet."""
    found: list[Fact] = []
    for key, want in state.wanted():
        if key in state.given_up or key in state.unknown:
            continue
        failures = state.failures.get(key)
        if failures is not None and failures.errors >= ERRORS:
            why = f"it answered {failures.errors} times with an error"
            found.append(SettingGivenUp(name=want.name, value=want.value, reason=why))
        elif state.contradicted.get(key, 0) >= CONTRADICTIONS:
            why = f"it accepted the value, but holds {state.value_of(key)!r}"
            found.append(SettingGivenUp(name=want.name, value=want.value, reason=why))
        elif is_list(want.name):
            found += _list_verdict(state, key, want, manners)
    return found


def _list_verdict(state: ChargerSettings, key: str, want: WantedSetting, manners: Manners) -> list[Fact]:
    known = state.held.get(key)
    wanted = items_of(want.value)
    if known is None or known.setting.readonly or not wanted:
        return []
    settled = list_plan(state, key, want, manners).settled
    if settled is None or settled == wanted:
        return []
    if not settled:
        return [SettingGivenUp(name=want.name, value=want.value, reason="it takes none of the measurands")]
    refused = tuple(item for item in wanted if item not in settled)
    if state.narrowed.get(key) == refused:
        return []
    return [SettingNarrowed(name=want.name, value=",".join(settled), refused=refused)]


def _fresh(told_at: datetime | None, now: datetime) -> bool:
    return told_at is not None and now < told_at + CHECK_AGAIN


def _to_read(state: ChargerSettings, at: Situation, now: datetime) -> tuple[str, ...] | None:
    """The names to read; empty: all; None: everything is known well enough."""
    by_name = at.protocol != "1.6"
    if not by_name and not _fresh(state.read_at, now):
        failures = state.failures.get(READ)
        if failures is None or failures.count < WHOLE_READINGS or failures.last_at + CHECK_AGAIN <= now:
            return ()
        by_name = True
    names = [want.name for _, want in state.wanted()]
    if by_name:
        names += CAPABILITIES.get(at.protocol, CAPABILITIES_2X)
    stale = [name for name in dict.fromkeys(names) if not _fresh(_told_at(state, folded(name)), now)]
    return _chunk(state, at, stale) if stale else None


def _told_at(state: ChargerSettings, key: str) -> datetime | None:
    """When the charger told of it, if that still counts."""
    if key in state.stale:
        return None
    known = state.held.get(key)
    return known.at if known is not None else state.unknown.get(key)


def _chunk(state: ChargerSettings, at: Situation, names: list[str]) -> tuple[str, ...]:
    """As many names as one question may hold (EVBox: 1)."""
    limit = "GetConfigurationMaxKeys" if at.protocol == "1.6" else CAPABILITIES_2X[0]
    if _told_at(state, folded(limit)) is None:
        return (limit,)  # before more than one is asked for at once
    most = state.number_of(limit) or NAMES_AT_ONCE.get(at.protocol, 10)
    return tuple(_spelled(state, name) for name in names[: max(1, min(most, 100))])


def _spelled(state: ChargerSettings, name: str) -> str:
    """The name as the charger spells it, else as whoever wants it."""
    key = folded(name)
    known, want = state.held.get(key), state.want_of(key)
    return known.setting.name if known is not None else want.name if want is not None else name


def _read(state: ChargerSettings, names: tuple[str, ...], now: datetime) -> Step:
    return resting(state.failures.get(READ), now) or ReadSettings(names=names)


def _next_write(
    state: ChargerSettings, manners: Manners, now: datetime, pauses: list[Pause]
) -> ChangeSettings | None:
    for key, _ in state.wanted():
        value = due(state, key, manners)
        if value is None:
            continue
        rest = resting(state.failures.get(key), now)
        if rest is None:
            return ChangeSettings(values={_spelled(state, key): value})
        pauses.append(rest)  # one that gets no answer does not hold up the others
    return None


def _pace(state: ChargerSettings, manners: Manners, now: datetime) -> Pause | None:
    if not state.writes:
        return None
    until = state.writes[-1] + timedelta(seconds=manners.pace_s)
    return Pause(until, "the pace of the charger") if now < until else None


def _budget(state: ChargerSettings, at: Situation, now: datetime) -> Pause | Note | None:
    recent = [one for one in state.writes if one > now - timedelta(days=1)]
    if len(recent) < at.write_budget:
        return None
    until = recent[-max(at.write_budget, 1)] + timedelta(days=1) if recent else now + timedelta(days=1)
    if state.exhausted_until is None or state.exhausted_until <= now:
        return Note((WriteBudgetExhausted(until),))
    return Pause(until, "the write budget of the day is used up")


def _restart(state: ChargerSettings, now: datetime, at: Situation) -> Intent | Pause | None:
    if not state.awaiting_restart or not state.may_restart or state.restart_asked:
        return None
    if at.in_transaction:
        return Pause(now + WAIT_FOR_TRANSACTION, "a transaction is running: no restart")
    return Reset(hard=False)


def _next_check(state: ChargerSettings, at: Situation, now: datetime) -> Pause:
    """When drift is looked for again."""
    told = [_told_at(state, key) for key, _ in state.wanted()]
    if at.protocol == "1.6":
        failures = state.failures.get(READ)
        told.append(failures.last_at if failures is not None else state.read_at)
    first = min((one for one in told if one is not None), default=now)
    return Pause(first + CHECK_AGAIN, "all is known; drift is looked for once a day")
