"""What may be wished of a charger's settings and availability; the same wish again changes nothing."""

from collections.abc import Iterable, Mapping

from domain.desired_state.availability import Place
from domain.desired_state.events import (
    AvailabilityDesired,
    SettingsDesired,
    SettingsUndesired,
    TemplateChosen,
    WantedSetting,
)
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.values import folded, is_secret, same
from domain.event import Fact


class SecretNotKept(ValueError):
    """Secrets are not kept as wishes; a password has a command of its own."""


class SettingReadOnly(ValueError):
    """The charger calls this setting read-only and holds another value."""


def want_settings(
    state: ChargerSettings, values: Mapping[str, str], *, restart_if_required: bool = False
) -> list[Fact]:
    """Want these values; one that was given up is tried again. Raises SecretNotKept, SettingReadOnly."""
    for name, value in values.items():
        if is_secret(name):
            raise SecretNotKept(name)
        known = state.held.get(folded(name))
        if known is not None and known.setting.readonly and not same(name, known.setting.value, value):
            raise SettingReadOnly(name)
    news = tuple(
        WantedSetting(name, value) for name, value in values.items() if not _wanted(state, name, value)
    )
    waits = bool(state.awaiting_restart) and (bool(state.restart_refused) or not state.may_restart)
    if not news and not (restart_if_required and waits):
        return []
    return [SettingsDesired(settings=news, restart_if_required=restart_if_required)]


def want_no_settings(state: ChargerSettings, names: Iterable[str]) -> list[Fact]:
    """Want no certain values any more; of names nobody wants, nothing."""
    known = tuple(name for name in names if folded(name) in state.by_operator)
    return [SettingsUndesired(known)] if known else []


def want_availability(
    state: ChargerSettings, operative: bool, *, evse_id: int = 0, connector_id: int = 0, reason: str = ""
) -> list[Fact]:
    """Want a place in service or out of it; one that the charger refused before is asked for again."""
    want = state.availability.get(Place(evse_id, connector_id))
    if want is not None and want.operative == operative and want.agreed and want.reason == reason:
        return []
    return [
        AvailabilityDesired(operative=operative, evse_id=evse_id, connector_id=connector_id, reason=reason)
    ]


def choose_template(state: ChargerSettings, template: str) -> list[Fact]:
    """Follow `auto`, the template of this name, or none (empty)."""
    return [] if state.template_choice == template else [TemplateChosen(template)]


def _wanted(state: ChargerSettings, name: str, value: str) -> bool:
    want = state.by_operator.get(folded(name))
    return want is not None and want.value == value and folded(name) not in state.given_up
