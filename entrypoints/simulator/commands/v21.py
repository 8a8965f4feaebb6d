"""The answers of a 2.1 charger to what 2.0.1 does not have: prices, priority, signals, streams; no grid functions."""

from collections.abc import Callable

from entrypoints.simulator.commands.refusal import Refusal
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload


def _status(word: str) -> Payload:
    return {"status": word}


def _afrr_signal(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status("Rejected" if payload["signal"] is None else "Accepted")


def _change_transaction_tariff(station: Station, payload: Payload, now_s: float) -> Payload:
    running = station.transaction_known_as(payload["transactionId"])
    return _status("TxNotFound" if running is None else "Accepted")


def _clear_tariffs(station: Station, payload: Payload, now_s: float) -> Payload:
    asked = payload.get("tariffIds") or [None]
    held = {tariff["tariffId"]: evse_id for evse_id, tariff in station.tariffs.items()}
    results = []
    for tariff_id in asked:
        meant = [name for name in held if tariff_id in (None, name)]
        for name in meant:
            del station.tariffs[held.pop(name)]
        result: Payload = _status("Accepted" if meant else "NoTariff")
        results.append(result if tariff_id is None else {"tariffId": tariff_id, **result})
    return {"clearTariffsResult": results}


def _get_tariffs(station: Station, payload: Payload, now_s: float) -> Payload:
    asked = payload["evseId"]
    found = [
        {"tariffId": tariff["tariffId"], "tariffKind": "DefaultTariff", "evseIds": [evse_id]}
        for evse_id, tariff in station.tariffs.items()
        if asked in (0, evse_id)
    ]
    return {"status": "Accepted", "tariffAssignments": found} if found else _status("NoTariff")


def _get_periodic_event_stream(station: Station, payload: Payload, now_s: float) -> Payload:
    return {}


def _notify_allowed_energy_transfer(station: Station, payload: Payload, now_s: float) -> Payload:
    running = station.transaction_known_as(payload["transactionId"])
    return _status("Rejected" if running is None else "Accepted")


def _notify_web_payment_started(station: Station, payload: Payload, now_s: float) -> Payload:
    return {}


def _set_default_tariff(station: Station, payload: Payload, now_s: float) -> Payload:
    station.tariffs[payload["evseId"]] = payload["tariff"]
    return _status("Accepted")


def _use_priority_charging(station: Station, payload: Payload, now_s: float) -> Payload:
    running = station.transaction_known_as(payload["transactionId"])
    return _status("Rejected" if running is None else "NoProfile")


HANDLERS: dict[str, Callable[[Station, Payload, float], Payload | Refusal]] = {
    "AFRRSignal": _afrr_signal,
    "ChangeTransactionTariff": _change_transaction_tariff,
    "ClearTariffs": _clear_tariffs,
    "GetPeriodicEventStream": _get_periodic_event_stream,
    "GetTariffs": _get_tariffs,
    "NotifyAllowedEnergyTransfer": _notify_allowed_energy_transfer,
    "NotifyWebPaymentStarted": _notify_web_payment_started,
    "SetDefaultTariff": _set_default_tariff,
    "UsePriorityCharging": _use_priority_charging,
}
"""Action → answer."""

NOT_OFFERED = frozenset(
    {
        "AdjustPeriodicEventStream",
        "ClearDERControl",
        "GetDERControl",
        "RequestBatterySwap",
        "SetDERControl",
        "UpdateDynamicSchedule",
    }
)
"""Actions of 2.1 this charger knows but does not offer: NotSupported."""
