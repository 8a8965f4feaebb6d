"""What is wanted of chargers, and what came of it, in sentences."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from domain.desired_state import events as desired
from domain.desired_state import local_list_events as local_list
from domain.desired_state import template_events as template
from domain.event import Fact


def _values(settings: Iterable[desired.WantedSetting]) -> str:
    return ", ".join(f"{one.name} = {one.value}" for one in settings) or "nothing"


def _because(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


def _place(evse_id: int, connector_id: int) -> str:
    if not evse_id:
        return "the charger"
    return f"EVSE {evse_id}" + (f", connector {connector_id}" if connector_id else "")


def _settings_reported(fact: desired.SettingsReported) -> str:
    unknown = f" It does not know {', '.join(fact.unknown)}." if fact.unknown else ""
    what = "all its settings" if fact.complete else "settings"
    return f"It told {what}; {len(fact.settings)} of them were news.{unknown}"


def _availability_desired(fact: desired.AvailabilityDesired) -> str:
    service = "in service" if fact.operative else "out of service"
    return f"Wanted {service}: {_place(fact.evse_id, fact.connector_id)}{_because(fact.reason)}."


def _availability_answered(fact: desired.AvailabilityAnswered) -> str:
    service = "go into service" if fact.operative else "go out of service"
    return (
        f"Asked to {service}, {_place(fact.evse_id, fact.connector_id)} answered {fact.status or 'nothing'}."
    )


def _boot_noticed(fact: desired.BootNoticed) -> str:
    changed = " It is another box or firmware than before: everything is asked anew." if fact.changed else ""
    return f"Its restart matters to what is wanted of it.{changed}"


def _list_accepted(fact: local_list.ListAccepted) -> str:
    more = f"; {fact.more} more parts follow" if fact.more else ""
    how = "replaced" if fact.full else "changed"
    return f"Its local list was {how}, {fact.entries} entries, version {fact.version}{more}."


SENTENCES: Mapping[type[Fact], Callable[[Any], str]] = {
    desired.SettingsDesired: lambda f: f"Wanted: {_values(f.settings)}.",
    desired.SettingsUndesired: lambda f: f"No certain value is wanted any more of {', '.join(f.names)}.",
    desired.TemplateChosen: lambda f: (
        f"It follows the template {f.template}." if f.template else "It follows no template."
    ),
    desired.TemplateApplied: lambda f: f"The template {f.template} fits it: {_values(f.settings)}.",
    desired.BootNoticed: _boot_noticed,
    desired.SettingsReported: _settings_reported,
    desired.SettingAnswered: lambda f: f"To {f.name} = {f.value} it answered {f.status or 'nothing'}.",
    desired.SettingGivenUp: lambda f: f"{f.name} = {f.value} cannot be had{_because(f.reason)}.",
    desired.SettingNarrowed: lambda f: (
        f"Of {f.name} it takes {f.value or 'nothing'}, without {', '.join(f.refused) or 'anything'}."
    ),
    desired.QuestionUnanswered: lambda f: f"{f.intent} led to nothing{_because(f.why)}; it is asked again.",
    desired.RestartAnswered: lambda f: (
        f"Asked to restart for its settings, it {'agreed' if f.agreed else 'refused'}{_because(f.reason)}."
    ),
    desired.WriteBudgetExhausted: lambda f: (
        f"Enough was written for a day; the next write is at {f.until:%c}."
    ),
    desired.AvailabilityDesired: _availability_desired,
    desired.AvailabilityAnswered: _availability_answered,
    local_list.ListDesired: lambda f: f"A local list of {f.size} tokens is wanted, version {f.version}.",
    local_list.ListReported: lambda f: f"Its local list has version {f.version}.",
    local_list.ListAccepted: _list_accepted,
    local_list.ListRefused: lambda f: (
        f"It did not take the local list, version {f.version}{_because(f.status)}."
    ),
    local_list.ListUnanswered: lambda f: f"A part of the local list led to nothing{_because(f.why)}.",
    local_list.ListGivenUp: lambda f: f"It cannot hold the local list {f.version}{_because(f.reason)}.",
    local_list.ListDoubted: lambda f: (
        f"Whether it still has its local list is to be asked{_because(f.reason)}."
    ),
    template.TemplateDefined: lambda f: f"Template {f.name}: {_values(f.settings)}.",
    template.TemplateWithdrawn: lambda f: f"The template {f.name} is offered no more.",
}
"""Fact → its sentence."""
