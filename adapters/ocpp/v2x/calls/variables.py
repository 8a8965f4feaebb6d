"""Variables of the device model in requests and answers: `Component.Variable` and ComponentType, VariableType."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.device_model import place_of as place_in
from domain.chargers.device_model import Place
from domain.chargers.variable_names import NotAVariableName, name_of, place_named

PASSWORD = "basicauthpassword"  # noqa: S105 — the variable's name, folded


def place_of(name: str) -> Place:
    """The address; raises CannotSay where `name` is none."""
    try:
        return place_named(name)
    except NotAVariableName as problem:
        raise CannotSay(f"{problem.__doc__} This is none: {name!r}.") from problem


def component_and_variable(name: str) -> dict[str, Any]:
    """`{"component", "variable"}`; raises CannotSay for a component alone."""
    place = place_of(name)
    if not place.variable:
        raise CannotSay(f"{name} is a component; name a variable of it.")
    return written(place)


def written(place: Place) -> dict[str, Any]:
    """`{"component"}`, and `{"variable"}` where it names one."""
    at = {"id": place.evse_id, "connectorId": place.connector_id}
    component = {"name": place.component, "instance": place.component_instance, "evse": filled(at)}
    variable = {"name": place.variable, "instance": place.variable_instance}
    parts = {"component": filled(component), "variable": filled(variable)}
    return filled(parts)


def is_password(name: str) -> bool:
    """Is it the password of the connection to us (SecurityCtrlr.BasicAuthPassword)?"""
    return place_of(name).variable.strip().lower() == PASSWORD


def names_as_asked(names: Iterable[str]) -> dict[Place, str]:
    """To call variables in an answer as they were called in the request."""
    return {_folded(place_named(name)): name for name in names}


def name_in(told: Mapping[str, Any], asked: Mapping[Place, str]) -> str:
    """The name of the variable that an entry of an answer is about."""
    place = place_in(told)
    return asked.get(_folded(place)) or name_of(place)


def _folded(place: Place) -> Place:
    """Component and variable names are compared without case (2.x: identifierString)."""
    return Place(
        component=place.component.lower(),
        component_instance=place.component_instance.lower(),
        evse_id=place.evse_id,
        connector_id=place.connector_id,
        variable=place.variable.lower(),
        variable_instance=place.variable_instance.lower(),
    )
