"""Settings told, wanted, written and given up → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.desired_state import events as desired
from domain.desired_state.values import canonical, folded, is_secret
from domain.event import Event, Fact, Recorded
from projections.bounds import key_text
from projections.configuration.tables import CONFIGURATION, CONFIGURED_CHARGERS, METADATA
from projections.read_model import ReadModel
from projections.streams import subject_of
from projections.writes import Update, Upsert, Values, Write

Who = tuple[str, str]
_UNTRIED: Values = {
    "given_up": None,
    "left_out": None,
    "narrowed_meaning": None,
    "failure": None,
}
_UNTOLD: Values = {"told": False, "value": None, "meaning": None}


class Configuration(ReadModel):
    """What chargers are set to, and what they should be."""

    name, version = "configuration", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """What one fact changes."""
        event: Event[Any] = recorded.event
        return _TELL[type(event.fact)](event.fact, event, subject_of(event.originator_id))


def _row(who: Who, name: str, values: Values) -> Write:
    key = (*who, key_text(folded(name)))
    return Upsert(CONFIGURATION, key, values, {} if "name" in values else {"name": name})


def _rows(who: Who, values: Values, **match: Any) -> Write:
    tenant, charger = who
    return Update(CONFIGURATION, {"tenant": tenant, "charger": charger, **match}, values)


def _one(who: Who, name: str, values: Values) -> Write:
    return _rows(who, values, key=key_text(folded(name)))


def _desired(fact: desired.SettingsDesired, event: Event[Any], who: Who) -> Iterable[Write]:
    for want in fact.settings:
        values = {"operator_value": want.value, "operator_meaning": canonical(want.name, want.value)}
        yield _row(who, want.name, {"by_operator": True, **values, **_UNTRIED})
    yield Upsert(CONFIGURED_CHARGERS, who, {"restart_refused": None})


def _undesired(fact: desired.SettingsUndesired, event: Event[Any], who: Who) -> Iterable[Write]:
    values = {"by_operator": False, "operator_value": None, "operator_meaning": None}
    return [_one(who, name, {**values, **_UNTRIED}) for name in fact.names]


def _template_chosen(fact: desired.TemplateChosen, event: Event[Any], who: Who) -> Iterable[Write]:
    yield Upsert(CONFIGURED_CHARGERS, who, {"template_choice": fact.template})
    if not fact.template:
        yield Upsert(CONFIGURED_CHARGERS, who, {"template": None})
        yield from _no_template(who)


def _template_applied(fact: desired.TemplateApplied, event: Event[Any], who: Who) -> Iterable[Write]:
    yield Upsert(CONFIGURED_CHARGERS, who, {"template": fact.template, "restart_refused": None})
    yield from _no_template(who)
    for want in fact.settings:
        values = {"template_value": want.value, "template_meaning": canonical(want.name, want.value)}
        yield _row(who, want.name, {"by_template": True, **values, **_UNTRIED})


def _no_template(who: Who) -> Iterable[Write]:
    yield _rows(who, _UNTRIED, by_template=True)
    yield _rows(who, {"by_template": False, "template_value": None, "template_meaning": None})


def _boot_noticed(fact: desired.BootNoticed, event: Event[Any], who: Who) -> Iterable[Write]:
    yield Upsert(CONFIGURED_CHARGERS, who, {"restart_refused": None})
    again: Values = {"awaiting_restart": None, "failure": None}
    if fact.changed:
        again = {**again, **_UNTRIED, **_UNTOLD, "unsupported": False}
    yield _rows(who, again)


def _reported(fact: desired.SettingsReported, event: Event[Any], who: Who) -> Iterable[Write]:
    at = event.told.recorded_at
    charger: dict[str, Any] = {"failure": None}
    if fact.complete:
        charger["read_at"] = at
        yield _rows(who, {"read_at": at}, told=True)
    yield Upsert(CONFIGURED_CHARGERS, who, charger)
    for name in fact.asked:
        yield _one(who, name, {"read_at": at})
    for name in fact.gone:
        yield _one(who, name, _UNTOLD)
    for name in fact.unknown:
        yield _row(who, name, {**_UNTOLD, "unsupported": True, "read_at": at})
    for setting in fact.settings:
        values = {
            "name": setting.name,
            "value": setting.value,
            "meaning": canonical(setting.name, setting.value),
            "readonly": setting.readonly,
            "secret": setting.secret,
            "told": True,
            "unsupported": False,
            "read_at": at,
        }
        yield _row(who, setting.name, values)


def _answered(fact: desired.SettingAnswered, event: Event[Any], who: Who) -> Iterable[Write]:
    at = event.told.recorded_at
    values: dict[str, Any] = {"answered": fact.status, "written_at": at, "failure": None}
    if is_secret(fact.name):
        values["secret"] = True
    elif fact.status == "RebootRequired":
        values["awaiting_restart"] = fact.value
    elif fact.status == "Accepted":
        meaning = canonical(fact.name, fact.value)
        values |= {"value": fact.value, "meaning": meaning, "told": True, "readonly": False}
        values |= {"awaiting_restart": None, "read_at": at}
    return [_row(who, fact.name, values)]


def _given_up(fact: desired.SettingGivenUp, event: Event[Any], who: Who) -> Iterable[Write]:
    return [_row(who, fact.name, {"given_up": fact.reason})]


def _narrowed(fact: desired.SettingNarrowed, event: Event[Any], who: Who) -> Iterable[Write]:
    meaning = canonical(fact.name, fact.value)
    return [_row(who, fact.name, {"left_out": list(fact.refused), "narrowed_meaning": meaning})]


def _unanswered(fact: desired.QuestionUnanswered, event: Event[Any], who: Who) -> Iterable[Write]:
    if fact.intent == "ReadSettings":
        return [Upsert(CONFIGURED_CHARGERS, who, {"failure": fact.why})]
    if fact.intent == "ChangeSettings":
        return [_one(who, fact.about, {"failure": fact.why, "written_at": event.told.recorded_at})]
    return []


def _restart_answered(fact: desired.RestartAnswered, event: Event[Any], who: Who) -> Iterable[Write]:
    refused = None if fact.agreed else fact.reason or "refused"
    return [Upsert(CONFIGURED_CHARGERS, who, {"restart_refused": refused})]


def _exhausted(fact: desired.WriteBudgetExhausted, event: Event[Any], who: Who) -> Iterable[Write]:
    return [Upsert(CONFIGURED_CHARGERS, who, {"writes_held_until": fact.until})]


_TELL: dict[type[Fact], Callable[[Any, Event[Any], Who], Iterable[Write]]] = {
    desired.SettingsDesired: _desired,
    desired.SettingsUndesired: _undesired,
    desired.TemplateChosen: _template_chosen,
    desired.TemplateApplied: _template_applied,
    desired.BootNoticed: _boot_noticed,
    desired.SettingsReported: _reported,
    desired.SettingAnswered: _answered,
    desired.SettingGivenUp: _given_up,
    desired.SettingNarrowed: _narrowed,
    desired.QuestionUnanswered: _unanswered,
    desired.RestartAnswered: _restart_answered,
    desired.WriteBudgetExhausted: _exhausted,
}
