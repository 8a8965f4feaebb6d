"""ReportDERControl (2.1): the grid controls a charger has, in parts; answered empty (R04)."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.ocpp.v2x.fields import number_in, time_in
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.der import DerControl, DerControlsReported, Point, Setting

KINDS = {
    "curve": ("", "curve"),
    "enterService": ("EnterService", "enterService"),
    "fixedPFAbsorb": ("FixedPFAbsorb", "fixedPF"),
    "fixedPFInject": ("FixedPFInject", "fixedPF"),
    "fixedVar": ("FixedVar", "fixedVar"),
    "freqDroop": ("FreqDroop", "freqDroop"),
    "gradient": ("Gradients", "gradient"),
    "limitMaxDischarge": ("LimitMaxDischarge", "limitMaxDischarge"),
}
"""List in the payload → (kind of control, field of its parameters). A curve tells its kind itself."""

SETTINGS = {
    "autonomousVRefEnable": "autonomous_reference_voltage",
    "autonomousVRefTimeConstant": "autonomous_reference_voltage_time_constant",
    "delay": "delay_s",
    "displacement": "power_factor",
    "excitation": "under_excited",
    "gradient": "ramp_time_s",
    "highFreq": "high_frequency",
    "highVoltage": "high_voltage",
    "hv10MinMeanTripDelay": "ten_minute_mean_trip_delay",
    "hv10MinMeanValue": "ten_minute_mean_voltage",
    "hysteresisDelay": "hysteresis_delay_s",
    "hysteresisGradient": "hysteresis_ramp_pct_s",
    "hysteresisHigh": "hysteresis_high",
    "hysteresisLow": "hysteresis_low",
    "lowFreq": "low_frequency",
    "lowVoltage": "low_voltage",
    "overDroop": "over_frequency_droop",
    "overFreq": "over_frequency",
    "pctMaxDischargePower": "max_discharge_pct",
    "powerDuringCessation": "power_during_cessation",
    "rampRate": "ramp_rate_s",
    "randomDelay": "random_delay_s",
    "responseTime": "response_time_s",
    "setpoint": "setpoint_pct",
    "softGradient": "soft_start_ramp_time_s",
    "underDroop": "under_frequency_droop",
    "underFreq": "under_frequency",
    "vRef": "reference_voltage_pct",
}
"""Parameter on the wire → the setting's name."""

NESTED = ("hysteresis", "powerMonitoringMustTrip", "reactivePowerParams", "voltageParams")
"""Parameters that come as objects of their own."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """The controls of all kinds in one list."""
    return Report(
        DerControlsReported(
            request_id=int32(payload["requestId"]),
            more=payload.get("tbc", False),
            controls=tuple(
                _control(told, kind, told[field])
                for name, (kind, field) in KINDS.items()
                for told in payload.get(name, ())
            ),
        )
    )


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}


def _control(told: Mapping[str, Any], kind: str, parameters: Mapping[str, Any]) -> DerControl:
    curve = parameters.get("powerMonitoringMustTrip", parameters)
    return DerControl(
        control_id=told["id"],
        kind=kind or told["curveType"],
        priority=int32(parameters["priority"]),
        default=told.get("isDefault", False),
        superseded=told.get("isSuperseded", False),
        start_at=time_in(parameters, "startTime"),
        duration_s=number_in(parameters, "duration"),
        unit=curve.get("yUnit", "") or parameters.get("unit", ""),
        points=tuple(Point(number_in(p, "x"), number_in(p, "y")) for p in curve.get("curveData", ())),
        settings=tuple(_settings(parameters)),
    )


def _settings(parameters: Mapping[str, Any]) -> Iterator[Setting]:
    for field, value in parameters.items():
        if field in SETTINGS:
            yield Setting(SETTINGS[field], _as_told(value))
    for field in NESTED:
        if field in parameters:
            yield from _settings(parameters[field])


def _as_told(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)
