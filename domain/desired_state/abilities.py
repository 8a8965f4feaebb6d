"""What a charger told of what it can do, for those who are to ask it for something."""

from domain.commands.intent import Abilities
from domain.desired_state.goals import UNLOCK_ON_UNPLUG
from domain.desired_state.manners import manners_of
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.values import items_of


def abilities_of(state: ChargerSettings, *, vendor: str = "", model: str = "") -> Abilities:
    """As last told; of a charger that told nothing yet, nothing is ruled out."""
    profiles = state.value_of("SupportedFeatureProfiles")
    return Abilities(
        profiles=frozenset(items_of(profiles)) if profiles else None,
        connectors=state.number_of("NumberOfConnectors") or None,
        settings={
            known.setting.name: known.setting.value
            for known in state.held.values()
            if known.setting.value is not None
        },
        complete=state.read_at is not None,
        tethered=manners_of(vendor, model).tethered or _cannot_unlock(state),
    )


def _cannot_unlock(state: ChargerSettings) -> bool:
    """On a fixed cable the setting is read-only and false (1.6 errata 3.85)."""
    known = state.held.get(UNLOCK_ON_UNPLUG)
    return (
        known is not None
        and known.setting.readonly
        and (known.setting.value or "").strip().lower() == "false"
    )
