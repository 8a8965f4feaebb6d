"""One line of text for a variable of a 2.x device model, and back.

`Component.Variable`; instances stand in brackets, the EVSE and connector of a component after `#`:
`OCPPCommCtrlr.MessageTimeout[Default]`, `NetworkConfiguration[1].OcppCsmsUrl`, `Connector#1/2.Available`.
`Component` alone means all of its variables. Bare dots are read too: `NetworkConfiguration.1.OcppCsmsUrl`.
"""

import re

from domain.chargers.device_model import Place

_COMPONENT = r"(?P<component>[^.\[\]#]+)(?:\[(?P<component_instance>[^\[\]]+)\])?"
_EVSE = r"(?:#(?P<evse_id>[0-9]{1,9})(?:/(?P<connector_id>[0-9]{1,9}))?)?"
_VARIABLE = r"(?:\.(?P<variable>[^.\[\]#]+)(?:\[(?P<variable_instance>[^\[\]]+)\])?)?"
_NAME = re.compile(_COMPONENT + _EVSE + _VARIABLE)
_CONTROLLER = "ctrlr"
"""2.x names controller components so (in any case); they stand alone, and it is their variables that have instances."""


class NotAVariableName(ValueError):
    """A variable is named `Component.Variable`, with instances in brackets and EVSEs after `#`."""


def name_of(place: Place) -> str:
    """The one spelling; `place_named` reads it back, for names without `. [ ] #` (2.x has no others)."""
    evse = f"#{place.evse_id}" if place.evse_id is not None else ""
    connector = f"/{place.connector_id}" if evse and place.connector_id is not None else ""
    component = f"{place.component}{_bracketed(place.component_instance)}{evse}{connector}"
    if not place.variable:
        return component
    return f"{component}.{place.variable}{_bracketed(place.variable_instance)}"


def place_named(name: str) -> Place:
    """The address; `variable` is empty where a component alone is named. Raises NotAVariableName."""
    found = _NAME.fullmatch(name)
    if found is None:
        return _dotted(name)
    evse_id, connector_id = found["evse_id"], found["connector_id"]
    return Place(
        component=found["component"],
        component_instance=found["component_instance"] or "",
        evse_id=None if evse_id is None else int(evse_id),
        connector_id=None if connector_id is None else int(connector_id),
        variable=found["variable"] or "",
        variable_instance=found["variable_instance"] or "",
    )


def _bracketed(instance: str) -> str:
    return f"[{instance}]" if instance else ""


def _dotted(name: str) -> Place:
    parts = name.split(".")
    if not all(parts) or re.search(r"[\[\]#]", name):
        raise NotAVariableName(name)
    if len(parts) == 4:
        component, instance, variable, variable_instance = parts
    elif len(parts) == 3 and parts[0].lower().endswith(_CONTROLLER):
        component, instance, variable, variable_instance = parts[0], "", parts[1], parts[2]
    elif len(parts) == 3:
        component, instance, variable, variable_instance = parts[0], parts[1], parts[2], ""
    else:
        raise NotAVariableName(name)
    return Place(
        component=component,
        component_instance=instance,
        variable=variable,
        variable_instance=variable_instance,
    )
