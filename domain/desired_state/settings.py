"""The settings of one charger: what is wanted of them, what the charger told, and what was tried."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.desired_state.availability import Place, WantedAvailability
from domain.desired_state.events import (
    AvailabilityAnswered,
    AvailabilityDesired,
    BootNoticed,
    HeldSetting,
    QuestionUnanswered,
    RestartAnswered,
    SettingAnswered,
    SettingGivenUp,
    SettingNarrowed,
    SettingsDesired,
    SettingsReported,
    SettingsUndesired,
    TemplateApplied,
    TemplateChosen,
    WantedSetting,
    WriteBudgetExhausted,
)
from domain.desired_state.measurands import Items, as_items
from domain.desired_state.step import Failures, failed_again
from domain.desired_state.values import folded, is_list, is_secret, items_of, same
from domain.event import Event, Fact
from domain.identity import ChargerId

TAKEN = ("Accepted", "RebootRequired")
"""Answers to a write after which the charger has the value, or will have it."""
WRITES = 1000
"""No more of them are remembered; no budget is larger."""
READ = "ReadSettings"


class Known(msgspec.Struct, frozen=True):
    """What a charger told of a setting, and when."""

    setting: HeldSetting
    at: datetime


class ChargerSettings(msgspec.Struct):
    """State of one charger's settings; the only way to change it is `when`. Names are keys in folded form."""

    id: ChargerId
    version: int = 0
    template_choice: str = ""
    template: str = ""
    by_template: dict[str, WantedSetting] = msgspec.field(default_factory=dict)
    by_operator: dict[str, WantedSetting] = msgspec.field(default_factory=dict)
    template_may_restart: bool = False
    operator_may_restart: set[str] = msgspec.field(default_factory=set)
    """The settings that the operator allowed a restart for."""
    boot: BootNoticed | None = None
    held: dict[str, Known] = msgspec.field(default_factory=dict)
    unknown: dict[str, datetime] = msgspec.field(default_factory=dict)
    read_at: datetime | None = None
    """The last reading of everything since the last boot that mattered."""
    stale: set[str] = msgspec.field(default_factory=set)
    """What was told of these before a restart has to be told again."""
    tries: dict[str, dict[Items, bool]] = msgspec.field(default_factory=dict)
    """Lists of measurands: what was taken, what refused."""
    accepted: dict[str, str] = msgspec.field(default_factory=dict)
    """Values the charger took, not read back yet."""
    awaiting_restart: dict[str, str] = msgspec.field(default_factory=dict)
    contradicted: dict[str, int] = msgspec.field(default_factory=dict)
    """How often in a row it took a value and then told another one."""
    given_up: dict[str, str] = msgspec.field(default_factory=dict)
    """Why."""
    narrowed: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The items a list has to do without."""
    restart_asked: bool = False
    restart_refused: str = ""
    failures: dict[str, Failures] = msgspec.field(default_factory=dict)
    """By setting, by `evse/connector`, and of readings."""
    writes: list[datetime] = msgspec.field(default_factory=list)
    exhausted_until: datetime | None = None
    availability: dict[Place, WantedAvailability] = msgspec.field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Its stream id."""
        return settings_stream(self.id)

    def wanted(self) -> Iterator[tuple[str, WantedSetting]]:
        """What is wanted, the operator's values over those of the template."""
        yield from self.by_operator.items()
        for key, want in self.by_template.items():
            if key not in self.by_operator:
                yield key, want

    def want_of(self, key: str) -> WantedSetting | None:
        """What is wanted of one setting."""
        return self.by_operator.get(key) or self.by_template.get(key)

    def value_of(self, name: str) -> str | None:
        """What the charger told of a setting; None where it told nothing."""
        known = self.held.get(folded(name))
        return known.setting.value if known is not None else None

    def number_of(self, name: str) -> int | None:
        """The same as a number; None where it is none."""
        value = (self.value_of(name) or "").strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    @property
    def may_restart(self) -> bool:
        """Did whoever wants one of the values that wait for a restart allow it?"""
        return any(
            key in self.operator_may_restart if key in self.by_operator else self.template_may_restart
            for key in self.awaiting_restart
            if self.want_of(key) is not None
        )

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact, event.told.recorded_at)

    def forget_attempts(self, key: str) -> None:
        """The wish is new, or the charger is: what was tried and given up counts no more."""
        for book in (
            self.given_up,
            self.tries,
            self.narrowed,
            self.contradicted,
            self.failures,
            self.accepted,
        ):
            book.pop(key, None)

    def count_write(self, at: datetime) -> None:
        """One more; those of more than a day ago count no more."""
        self.writes = [one for one in self.writes[1 - WRITES :] if one > at - timedelta(days=1)]
        self.writes.append(at)


def settings_stream(charger: ChargerId) -> str:
    """`settings/<tenant>/<CPID>`."""
    return f"settings/{charger.tenant}/{charger.key}"


def place_key(evse_id: int, connector_id: int) -> str:
    """`<evse>/<connector>`, by which failures of a change of availability are counted."""
    return f"{evse_id}/{connector_id}"


def _desired(state: ChargerSettings, fact: SettingsDesired, at: datetime) -> None:
    for want in fact.settings:
        key = folded(want.name)
        state.by_operator[key] = want
        state.forget_attempts(key)
    keys = [folded(want.name) for want in fact.settings] or list(state.awaiting_restart)
    if fact.restart_if_required:
        state.operator_may_restart.update(keys)
    else:
        state.operator_may_restart.difference_update(keys)
    _rearm_restart(state)


def _undesired(state: ChargerSettings, fact: SettingsUndesired, at: datetime) -> None:
    for name in fact.names:
        state.by_operator.pop(folded(name), None)
        state.operator_may_restart.discard(folded(name))
        state.forget_attempts(folded(name))


def _template_chosen(state: ChargerSettings, fact: TemplateChosen, at: datetime) -> None:
    state.template_choice = fact.template
    if not fact.template:
        _replace_template(state, "", {})
        state.template_may_restart = False


def _template_applied(state: ChargerSettings, fact: TemplateApplied, at: datetime) -> None:
    _replace_template(state, fact.template, {folded(want.name): want for want in fact.settings})
    state.template_may_restart = fact.restart_if_required
    _rearm_restart(state)


def _replace_template(state: ChargerSettings, name: str, wanted: dict[str, WantedSetting]) -> None:
    for key in state.by_template.keys() | wanted.keys():
        state.forget_attempts(key)
    state.template, state.by_template = name, wanted


def _rearm_restart(state: ChargerSettings) -> None:
    state.restart_asked, state.restart_refused = False, ""


def _boot_noticed(state: ChargerSettings, fact: BootNoticed, at: datetime) -> None:
    state.boot = fact
    state.read_at = None
    state.stale.update(state.held, state.unknown)
    state.accepted.update(state.awaiting_restart)
    state.awaiting_restart.clear()
    _rearm_restart(state)
    state.failures.clear()
    if fact.changed:
        for key in (*state.given_up, *state.tries, *state.narrowed, *state.contradicted, *state.accepted):
            state.forget_attempts(key)
        state.held.clear()
        state.unknown.clear()
        state.stale.clear()
    for place, want in state.availability.items():
        if (
            not want.operative or fact.changed
        ):  # whether a closed charger remembers that it is closed, it tells nobody
            state.availability[place] = msgspec.structs.replace(want, answered="")


def _reported(state: ChargerSettings, fact: SettingsReported, at: datetime) -> None:
    for setting in fact.settings:
        state.held[folded(setting.name)] = Known(setting, at)
    for name in fact.gone:
        state.held.pop(folded(name), None)
    asked = {folded(name) for name in fact.asked}
    for name in fact.unknown:
        state.unknown[folded(name)] = at
        state.held.pop(folded(name), None)
        state.accepted.pop(folded(name), None)
    seen = state.held.keys() if fact.complete else asked & state.held.keys()
    state.stale -= seen | {folded(name) for name in fact.unknown}
    for key in seen:
        state.held[key] = Known(state.held[key].setting, at)
        state.unknown.pop(key, None)
    for key in seen & state.accepted.keys():
        _compare(state, key)
    if fact.complete:
        state.read_at = at
    state.failures.pop(READ, None)


def _compare(state: ChargerSettings, key: str) -> None:
    """Does the charger hold what it took?"""
    setting = state.held[key].setting
    if same(setting.name, setting.value, state.accepted.pop(key)):
        state.contradicted.pop(key, None)
    else:
        state.contradicted[key] = state.contradicted.get(key, 0) + 1


def _answered(state: ChargerSettings, fact: SettingAnswered, at: datetime) -> None:
    key = folded(fact.name)
    state.count_write(at)
    state.failures.pop(key, None)
    if is_list(fact.name):
        tried = state.tries.setdefault(key, {})
        tried[as_items(items_of(fact.value))] = fact.status in TAKEN
    if is_secret(fact.name):
        return
    if fact.status == "RebootRequired":
        state.awaiting_restart[key] = fact.value
        state.accepted.pop(key, None)
    elif fact.status == "Accepted":
        state.awaiting_restart.pop(key, None)
        state.accepted[key] = fact.value
        state.held[key] = Known(HeldSetting(name=fact.name, value=fact.value), at)


def _given_up(state: ChargerSettings, fact: SettingGivenUp, at: datetime) -> None:
    state.given_up[folded(fact.name)] = fact.reason


def _narrowed(state: ChargerSettings, fact: SettingNarrowed, at: datetime) -> None:
    state.narrowed[folded(fact.name)] = fact.refused


def _unanswered(state: ChargerSettings, fact: QuestionUnanswered, at: datetime) -> None:
    key = READ if fact.intent == READ else folded(fact.about)
    state.failures[key] = failed_again(state.failures.get(key), at, error=fact.error)
    if fact.intent == "ChangeSettings":  # it may have been done
        state.count_write(at)


def _restart_answered(state: ChargerSettings, fact: RestartAnswered, at: datetime) -> None:
    state.restart_asked = True
    state.restart_refused = "" if fact.agreed else fact.reason or "refused"


def _exhausted(state: ChargerSettings, fact: WriteBudgetExhausted, at: datetime) -> None:
    state.exhausted_until = fact.until


def _availability_desired(state: ChargerSettings, fact: AvailabilityDesired, at: datetime) -> None:
    place = Place(fact.evse_id, fact.connector_id)
    state.availability.pop(place, None)  # the newest wish is the last to be sent
    state.availability[place] = WantedAvailability(fact.operative, fact.reason)
    state.failures.pop(place_key(*place), None)


def _availability_answered(state: ChargerSettings, fact: AvailabilityAnswered, at: datetime) -> None:
    place = Place(fact.evse_id, fact.connector_id)
    state.failures.pop(place_key(*place), None)
    want = state.availability.get(place)
    if want is not None and want.operative == fact.operative:
        state.availability[place] = msgspec.structs.replace(want, answered=fact.status, agreed=fact.agreed)


_EVOLVE: dict[type[Fact], Callable[[ChargerSettings, Any, datetime], None]] = {
    SettingsDesired: _desired,
    SettingsUndesired: _undesired,
    TemplateChosen: _template_chosen,
    TemplateApplied: _template_applied,
    BootNoticed: _boot_noticed,
    SettingsReported: _reported,
    SettingAnswered: _answered,
    SettingGivenUp: _given_up,
    SettingNarrowed: _narrowed,
    QuestionUnanswered: _unanswered,
    RestartAnswered: _restart_answered,
    WriteBudgetExhausted: _exhausted,
    AvailabilityDesired: _availability_desired,
    AvailabilityAnswered: _availability_answered,
}
