"""All that is told and wanted of a charger's settings, as the API shows it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.chargers.charger import Charger
from domain.desired_state.availability import Place, WantedAvailability
from domain.desired_state.goals import Standing, standing
from domain.desired_state.manners import manners_of
from domain.desired_state.settings import ChargerSettings, Known
from domain.desired_state.settings_step import CAPABILITIES, CAPABILITIES_2X
from domain.desired_state.values import folded


class SettingView(msgspec.Struct, frozen=True):
    """One setting: what the charger told, what is wanted, and how the two stand."""

    name: str
    told: Known | None
    desired: str | None
    origin: str
    """`operator`, the name of a template, or empty."""
    standing: Standing


class SettingsView(msgspec.Struct, frozen=True):
    """All settings of a charger."""

    version: int
    """Of the stream, for optimistic changes."""
    template_choice: str
    template: str
    read_complete: bool
    read_at: datetime | None
    """When everything was read last; None: not since the last boot that mattered."""
    unknown: tuple[str, ...]
    """Names that the charger said it does not know, in small letters where only it was asked for them."""
    settings: tuple[SettingView, ...]
    availability: Mapping[Place, WantedAvailability]


def view_of(state: ChargerSettings, charger: Charger) -> SettingsView:
    """All that is told or wanted, by name."""
    manners = manners_of(charger.vendor, charger.model)
    keys = sorted({*state.held, *state.by_operator, *state.by_template})
    spelled = {folded(name): name for name in (*CAPABILITIES["1.6"], *CAPABILITIES_2X)}
    spelled |= {key: want.name for key, want in state.wanted()}
    return SettingsView(
        version=state.version,
        template_choice=state.template_choice,
        template=state.template,
        read_complete=state.read_at is not None,
        read_at=state.read_at,
        unknown=tuple(spelled.get(key, key) for key in sorted(state.unknown)),
        settings=tuple(_view(state, key, standing_of=standing(state, key, manners)) for key in keys),
        availability=state.availability,
    )


def _view(state: ChargerSettings, key: str, *, standing_of: Standing) -> SettingView:
    told, want = state.held.get(key), state.want_of(key)
    origin = "operator" if key in state.by_operator else state.template if want is not None else ""
    name = told.setting.name if told is not None else want.name if want is not None else key
    return SettingView(name, told, want.value if want is not None else None, origin, standing_of)
