"""The device model and its monitors in 2.x (functional blocks B and N)."""

from adapters.ocpp.secrets import hidden_if_secret
from adapters.ocpp.v2x.fields import Payload, number_in, time_in, whole_in
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.device_model import (
    Attribute,
    Characteristics,
    Monitor,
    MonitoredVariable,
    MonitorsReported,
    Place,
    ReportedVariable,
    VariablesReported,
)


def variables_report(payload: Payload) -> Report:
    """NotifyReport."""
    fact = VariablesReported(
        request_id=int32(payload["requestId"]),
        seq_no=int32(payload["seqNo"]),
        more=payload.get("tbc", False),
        variables=tuple(_variable(told) for told in payload.get("reportData", ())),
    )
    return Report(fact, time_in(payload, "generatedAt"))


def monitors_report(payload: Payload) -> Report:
    """NotifyMonitoringReport."""
    fact = MonitorsReported(
        request_id=int32(payload["requestId"]),
        seq_no=int32(payload["seqNo"]),
        more=payload.get("tbc", False),
        variables=tuple(
            MonitoredVariable(
                place=place_of(told), monitors=tuple(_monitor(one) for one in told["variableMonitoring"])
            )
            for told in payload.get("monitor", ())
        ),
    )
    return Report(fact, time_in(payload, "generatedAt"))


def place_of(told: Payload) -> Place:
    """The address made of `component` and `variable`."""
    component, variable = told["component"], told["variable"]
    evse = component.get("evse") or {}
    return Place(
        component=component["name"],
        component_instance=component.get("instance", ""),
        evse_id=whole_in(evse, "id"),
        connector_id=whole_in(evse, "connectorId"),
        variable=variable["name"],
        variable_instance=variable.get("instance", ""),
    )


def _variable(told: Payload) -> ReportedVariable:
    characteristics = told.get("variableCharacteristics")
    return ReportedVariable(
        place=place_of(told),
        attributes=tuple(_attribute(one, told["variable"]["name"]) for one in told["variableAttribute"]),
        characteristics=None if characteristics is None else _characteristics(characteristics),
    )


def _attribute(told: Payload, variable: str) -> Attribute:
    return Attribute(
        kind=told.get("type", "Actual"),
        value=hidden_if_secret(variable, told.get("value")),
        mutability=told.get("mutability", "ReadWrite"),
        persistent=told.get("persistent", False),
        constant=told.get("constant", False),
    )


def _characteristics(told: Payload) -> Characteristics:
    return Characteristics(
        data_type=told["dataType"],
        unit=told.get("unit", ""),
        minimum=number_in(told, "minLimit"),
        maximum=number_in(told, "maxLimit"),
        most_elements=whole_in(told, "maxElements"),
        values=told.get("valuesList", ""),
        monitorable=told["supportsMonitoring"],
    )


def _monitor(told: Payload) -> Monitor:
    return Monitor(
        monitor_id=int32(told["id"]),
        kind=told["type"],
        value=number_in(told, "value"),
        severity=int32(told["severity"]),
        transaction_only=told["transaction"],
        origin=told.get("eventNotificationType", ""),
    )
