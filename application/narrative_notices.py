"""Sentences for what a charger tells besides charging: firmware, security, device model, limits, cars, grid."""

from collections.abc import Callable, Mapping
from typing import Any

from application.phrasing import amount, joined, token
from domain.chargers import der, device_model, drivers, ev, firmware, monitoring, security, smart_charging
from domain.event import Fact


def _firmware(fact: firmware.FirmwareStatusReported) -> str:
    return f"Firmware update: {fact.status}{_why(fact.reason_code, fact.info)}{_request(fact.request_id)}."


def _publication(fact: firmware.FirmwarePublicationReported) -> str:
    where = f" at {', '.join(fact.locations)}" if fact.locations else ""
    return f"Firmware publication: {fact.status}{where}{_why(fact.reason_code, fact.info)}{_request(fact.request_id)}."


def _upload(fact: firmware.LogUploadReported) -> str:
    what = "Diagnostics" if fact.diagnostics else "Log"
    return f"{what} upload: {fact.status}{_why(fact.reason_code, fact.info)}{_request(fact.request_id)}."


def _signature(fact: security.SignatureRequested) -> str:
    refused = f" Refused: {fact.objection}." if fact.objection else ""
    return f"Asked for a signed {fact.purpose or 'certificate'} (request {fact.csr_sha256[:12]}…).{refused}"


def _contract(fact: security.ContractRequested) -> str:
    return f"A car asked for its contract certificate ({fact.action})."


def _events(fact: monitoring.EventsReported) -> str:
    told = "; ".join(_monitored(event) for event in fact.events[:3])
    rest = f" and {len(fact.events) - 3} more" if len(fact.events) > 3 else ""
    return f"Its monitors saw: {told}{rest}{_more(fact.more)}."


def _monitored(event: monitoring.MonitoredEvent) -> str:
    severity = f", severity {event.severity}" if event.severity is not None else ""
    over = ", over again" if event.cleared else ""
    technical = f", {joined(event.tech_code, event.tech_info)}" if event.tech_code or event.tech_info else ""
    return f"{_variable(event.place)} is {event.value} ({event.trigger}{severity}{over}{technical})"


def _variable(place: device_model.Place) -> str:
    where = f" of EVSE {place.evse_id}" if place.evse_id is not None else ""
    return f"{place.component}.{place.variable}{where}"


def _stream_opened(fact: monitoring.StreamOpened) -> str:
    return f"Will send the values of monitor {fact.monitor_id} as stream {fact.stream_id}."


def _stream_values(fact: monitoring.StreamValuesReceived) -> str:
    last = f", the last one {fact.values[-1].value}" if fact.values else ""
    return f"{len(fact.values)} values came over stream {fact.stream_id}{last}."


def _limited(fact: smart_charging.LimitNotified) -> str:
    critical = ", critical for the grid" if fact.grid_critical else ""
    return f"{fact.source} limits {_evse(fact.evse_id)}{critical} ({_count(fact.schedules, 'schedule')})."


def _profiles(fact: smart_charging.ProfilesReported) -> str:
    return (
        f"Told {_count(fact.profiles, 'charging profile')} of {_evse(fact.evse_id or None)}, "
        f"set by {fact.source}{_more(fact.more)}."
    )


def _priority(fact: smart_charging.PriorityChargingSwitched) -> str:
    what = "goes before the others" if fact.active else "no longer goes before the others"
    return f"Transaction {fact.transaction} {what}."


def _needs(fact: ev.ChargingNeedsNotified) -> str:
    wanted = fact.ac.energy_wh if fact.ac else fact.dc.energy_wh if fact.dc else None
    energy = f", {amount(wanted)} Wh" if wanted is not None else ""
    soc = f", at {fact.dc.soc_pct} %" if fact.dc and fact.dc.soc_pct is not None else ""
    departure = f", leaves {fact.departure_at:%Y-%m-%d %H:%MZ}" if fact.departure_at else ""
    return f"The car at EVSE {fact.evse_id} wants {fact.energy_transfer}{energy}{soc}{departure}."


def _plan(fact: ev.ChargingScheduleNotified) -> str:
    periods = _count(fact.schedule.periods, "period")
    return f"The car at EVSE {fact.evse_id} told how it will charge ({periods} in {fact.schedule.unit})."


def _der_alarm(fact: der.DerAlarmReported) -> str:
    what = "is within its limits again" if fact.ended else "left its limits"
    return f"The grid {what} ({joined(fact.control, fact.fault, fact.info)})."


def _der_switched(fact: der.DerControlSwitched) -> str:
    yielded = f"; {', '.join(fact.superseded)} had to yield" if fact.superseded else ""
    return f"Grid control {fact.control_id} {'began to act' if fact.active else 'ended'}{yielded}."


def _customer(fact: drivers.CustomerInformationReported) -> str:
    return f"Told what it knows of a customer ({fact.characters} characters, in the frame){_more(fact.more)}."


def _settlement(fact: drivers.SettlementReported) -> str:
    sum_ = f" of {amount(fact.amount)}" if fact.amount is not None else ""
    return f"Payment {token(fact.id_token)}{sum_}: {fact.status}{_why('', fact.info)}."


def _batteries(fact: drivers.BatterySwapped) -> str:
    told = ", ".join(f"{battery.serial} in slot {battery.evse_id}" for battery in fact.batteries)
    return f"{fact.step} by token {token(fact.id_token)}{': ' + told if told else ''}."


def _why(code: str, info: str) -> str:
    why = joined(code, info)
    return f" ({why})" if why else ""


def _request(request_id: int | None) -> str:
    return f", request {request_id}" if request_id is not None else ""


def _more(more: bool) -> str:
    return "; more follows" if more else ""


def _evse(evse_id: int | None) -> str:
    return "the charger" if evse_id is None else f"EVSE {evse_id}"


def _count(items: tuple[Any, ...], noun: str) -> str:
    return f"{len(items)} {noun}" if len(items) == 1 else f"{len(items)} {noun}s"


NOTICES: Mapping[type[Fact], Callable[[Any], str]] = {
    firmware.FirmwareStatusReported: _firmware,
    firmware.FirmwarePublicationReported: _publication,
    firmware.LogUploadReported: _upload,
    security.SecurityEventReported: lambda f: f"Security event: {joined(f.kind, f.info)}.",
    security.SignatureRequested: _signature,
    security.ContractRequested: _contract,
    security.RevocationAsked: lambda f: f"Asked whether {_count(f.questions, 'certificate')} still hold.",
    device_model.VariablesReported: lambda f: (
        f"Told {_count(f.variables, 'variable')} of its device model{_more(f.more)}."
    ),
    device_model.MonitorsReported: lambda f: (
        f"Told the monitors of {_count(f.variables, 'variable')}{_more(f.more)}."
    ),
    monitoring.EventsReported: _events,
    monitoring.StreamOpened: _stream_opened,
    monitoring.StreamClosed: lambda f: f"No more values come over stream {f.stream_id}.",
    monitoring.StreamValuesReceived: _stream_values,
    smart_charging.LimitNotified: _limited,
    smart_charging.LimitCleared: lambda f: f"{f.source} no longer limits {_evse(f.evse_id)}.",
    smart_charging.ProfilesReported: _profiles,
    smart_charging.ScheduleUpdateAsked: lambda f: f"Asked for new values of profile {f.profile_id}.",
    smart_charging.PriorityChargingSwitched: _priority,
    ev.ChargingNeedsNotified: _needs,
    ev.ChargingScheduleNotified: _plan,
    der.DerAlarmReported: _der_alarm,
    der.DerControlSwitched: _der_switched,
    der.DerControlsReported: lambda f: f"Told {_count(f.controls, 'grid control')}{_more(f.more)}.",
    drivers.ReservationEnded: lambda f: f"Reservation {f.reservation_id} ended at the charger: {f.why}.",
    drivers.DisplayMessagesReported: lambda f: (
        f"Told {_count(f.messages, 'display message')}{_more(f.more)}."
    ),
    drivers.CustomerInformationReported: _customer,
    drivers.SettlementReported: _settlement,
    drivers.VatNumberPresented: lambda f: f"VAT number {f.vat_number} was entered for a receipt.",
    drivers.BatterySwapped: _batteries,
}
"""Fact → sentence."""
