"""The answers of a 2.0.1 or 2.1 charger, a function for each action."""

from collections.abc import Callable
from typing import Any

from entrypoints.simulator.commands import effects, variables
from entrypoints.simulator.commands.refusal import Refusal
from entrypoints.simulator.outbox import Call
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload, Step, timestamp


def _status(word: str) -> Payload:
    return {"status": word}


def _evse(payload: Payload) -> int | None:
    number: int | None = (payload.get("evse") or {}).get("id")
    return number


def _cancel_reservation(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status(effects.cancel_reservation(station, payload["reservationId"], now_s))


def _certificate_signed(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status("Accepted" if "BEGIN CERTIFICATE" in payload["certificateChain"] else "Rejected")


def _change_availability(station: Station, payload: Payload, now_s: float) -> Payload:
    operative = payload["operationalStatus"] == "Operative"
    return _status(effects.change_availability(station, _evse(payload), operative, now_s))


def _clear_cache(station: Station, payload: Payload, now_s: float) -> Payload:
    station.token_cache.clear()
    return _status("Accepted")


def _clear_charging_profile(station: Station, payload: Payload, now_s: float) -> Payload:
    criteria = payload.get("chargingProfileCriteria") or {}
    gone = station.profiles.clear(
        payload.get("chargingProfileId"),
        criteria.get("evseId"),
        criteria.get("chargingProfilePurpose"),
        criteria.get("stackLevel"),
    )
    return _status("Accepted" if gone else "Unknown")


def _cost_updated(station: Station, payload: Payload, now_s: float) -> Payload:
    return {}


def _data_transfer(station: Station, payload: Payload, now_s: float) -> Payload:
    mine = payload["vendorId"] == station.equipment.vendor
    return _status("UnknownMessageId" if mine else "UnknownVendorId")


def _delete_certificate(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status(effects.delete_certificate(station, payload["certificateHashData"]))


def _get_charging_profiles(station: Station, payload: Payload, now_s: float) -> Payload:
    asked, wanted = payload.get("evseId"), payload["chargingProfile"]
    found = [
        (evse_id, profile)
        for evse_id, profile in station.profiles.installed()
        if (asked is None or asked == evse_id)
        and profile["id"] in (wanted.get("chargingProfileId") or [profile["id"]])
        and wanted.get("chargingProfilePurpose") in (None, profile["chargingProfilePurpose"])
        and wanted.get("stackLevel") in (None, profile["stackLevel"])
    ]
    for number, (evse_id, profile) in enumerate(found, start=1):
        report: Payload = {
            "requestId": payload["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": evse_id,
            "chargingProfile": [profile],
        }
        if number < len(found):
            report["tbc"] = True
        station.tell(Step("ReportChargingProfiles", report))
    return _status("Accepted" if found else "NoProfiles")


def _get_composite_schedule(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id, unit = payload["evseId"], payload.get("chargingRateUnit", "A")
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    running = station.connectors[evse_id].transaction if evse_id else None
    began = running.started_at_s if running else None
    ceiling_w, duration_s = station.equipment.max_power_w, payload["duration"]
    schedule = {
        "evseId": evse_id,
        "duration": duration_s,
        "scheduleStart": timestamp(station.plan.clock(now_s)),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": station.profiles.composite(
            evse_id, now_s, duration_s, unit, ceiling_w, began
        ),
    }
    return {"status": "Accepted", "schedule": schedule}


def _get_installed_certificate_ids(station: Station, payload: Payload, now_s: float) -> Payload:
    asked = payload.get("certificateType")
    chain = [
        {"certificateType": kind, "certificateHashData": hashes}
        for kind, hashes in station.certificates.values()
        if asked is None or kind in asked
    ]
    return {"status": "Accepted", "certificateHashDataChain": chain} if chain else _status("NotFound")


def _get_local_list_version(station: Station, payload: Payload, now_s: float) -> Payload:
    return {"versionNumber": station.local_list_version}


def _get_log(station: Station, payload: Payload, now_s: float) -> Payload:
    extra = {"requestId": payload["requestId"]}
    effects.progress(station, now_s, "LogStatusNotification", ("Uploading", "Uploaded"), extra)
    return {"status": "Accepted", "filename": f"{station.equipment.charger_id}.log"}


def _get_transaction_status(station: Station, payload: Payload, now_s: float) -> Payload:
    waiting = station.outbox.kept_waiting > 0
    name = payload.get("transactionId")
    if name is None:
        return {"messagesInQueue": waiting}
    ongoing = station.transaction_known_as(name) is not None
    return {"messagesInQueue": waiting, "ongoingIndicator": ongoing}


def _install_certificate(station: Station, payload: Payload, now_s: float) -> Payload:
    kind, pem = payload["certificateType"], payload["certificate"]
    return _status(effects.install_certificate(station, kind, pem))


def _request_start(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id = payload.get("evseId") or effects.free_connector(station)
    token = payload["idToken"]["idToken"]
    started = station.remote_start(evse_id, token, now_s, payload["remoteStartId"])
    if not started:
        return _status("Rejected")
    if "chargingProfile" in payload:
        station.profiles.put(evse_id, payload["chargingProfile"])
    running = station.connectors[evse_id].transaction
    return {"status": "Accepted", "transactionId": running.key} if running else _status("Accepted")


def _request_stop(station: Station, payload: Payload, now_s: float) -> Payload:
    connector = station.transaction_known_as(payload["transactionId"])
    if connector is None:
        return _status("Rejected")
    station.after(now_s, lambda at_s: station.end(connector, at_s, "Remote"))
    return _status("Accepted")


def _reserve_now(station: Station, payload: Payload, now_s: float) -> Payload:
    token = payload["idToken"]["idToken"]
    word = effects.reserve(
        station, payload.get("evseId"), payload["id"], token, payload["expiryDateTime"], now_s
    )
    return _status(word)


def _reset(station: Station, payload: Payload, now_s: float) -> Payload:
    busy = any(c.transaction is not None for c in station.connectors.values())
    if payload["type"] == "OnIdle" and busy:
        station.after(now_s + 10, lambda at_s: _reset_when_idle(station, at_s))
        return _status("Scheduled")
    effects.reset(station, now_s, hard=True)
    return _status("Accepted")


def _reset_when_idle(station: Station, now_s: float) -> None:
    if any(c.transaction is not None for c in station.connectors.values()):
        station.after(now_s + 10, lambda at_s: _reset_when_idle(station, at_s))
    else:
        station.reboot(now_s, "ScheduledReset")


def _send_local_list(station: Station, payload: Payload, now_s: float) -> Payload:
    entries = [
        (entry["idToken"]["idToken"], (entry.get("idTokenInfo") or {}).get("status"))
        for entry in payload.get("localAuthorizationList") or ()
    ]
    version, kind = payload["versionNumber"], payload["updateType"]
    return _status(effects.send_local_list(station, version, kind, entries))


def _set_charging_profile(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id, profile = payload["evseId"], payload["chargingProfile"]
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    if profile["chargingProfilePurpose"] == "TxProfile":
        name = profile["transactionId"]
        if station.transaction_known_as(name) is None:
            return _status("Rejected")  # K01.FR.33: the transaction must be known here
    station.profiles.put(evse_id, profile)
    station.after(now_s, lambda _: None)
    return _status("Accepted")


def _trigger_message(station: Station, payload: Payload, now_s: float) -> Payload:
    message, evse_id = payload["requestedMessage"], _evse(payload)
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    if message == "BootNotification":
        station.outbox.put_first(Call(station.dialect.boot(station.equipment, "Triggered")))
    elif message == "Heartbeat":
        station.tell(station.dialect.heartbeat())
    elif message == "MeterValues":
        for connector in effects.chosen(station, evse_id):
            connector.advance(now_s, station.limit_w(connector, now_s))
            reading = connector.reading(station.plan.clock(now_s))
            station.tell(station.dialect.idle_meter(connector.evse_id, reading, station.wanted))
    elif message == "TransactionEvent":
        running = [c for c in effects.chosen(station, evse_id) if c.transaction is not None]
        for connector in running:
            effects.trigger_sample(station, connector.evse_id, now_s)
        return _status("Accepted" if running else "Rejected")
    elif message == "StatusNotification":
        effects.trigger_status(station, evse_id, now_s)
    elif message in ("FirmwareStatusNotification", "LogStatusNotification"):
        station.tell(Step(message, {"status": "Idle"}))
    else:
        return _status("NotImplemented")
    return _status("Accepted")


def _unlock_connector(station: Station, payload: Payload, now_s: float) -> Payload:
    connector = station.connectors.get(payload["evseId"])
    if connector is None or payload["connectorId"] != 1:
        return _status("UnknownConnector")
    if connector.transaction is not None:
        return _status("OngoingAuthorizedTransaction")
    return _status("UnlockFailed" if station.equipment.tethered else "Unlocked")


def _update_firmware(station: Station, payload: Payload, now_s: float) -> Payload:
    words = ("Downloading", "Downloaded", "Installing", "Installed")
    extra = {"requestId": payload["requestId"]}
    effects.progress(station, now_s, "FirmwareStatusNotification", words, extra)
    return _status("Accepted")


def _customer_information(station: Station, payload: Payload, now_s: float) -> Payload:
    report: dict[str, Any] = {
        "data": "",
        "seqNo": 0,
        "generatedAt": timestamp(station.plan.clock(now_s)),
        "requestId": payload["requestId"],
    }
    station.tell(Step("NotifyCustomerInformation", report))
    return _status("Accepted")


HANDLERS: dict[str, Callable[[Station, Payload, float], Payload | Refusal]] = {
    "CancelReservation": _cancel_reservation,
    "CertificateSigned": _certificate_signed,
    "ChangeAvailability": _change_availability,
    "ClearCache": _clear_cache,
    "ClearChargingProfile": _clear_charging_profile,
    "CostUpdated": _cost_updated,
    "CustomerInformation": _customer_information,
    "DataTransfer": _data_transfer,
    "DeleteCertificate": _delete_certificate,
    "GetBaseReport": variables.get_base_report,
    "GetChargingProfiles": _get_charging_profiles,
    "GetCompositeSchedule": _get_composite_schedule,
    "GetInstalledCertificateIds": _get_installed_certificate_ids,
    "GetLocalListVersion": _get_local_list_version,
    "GetLog": _get_log,
    "GetReport": variables.get_report,
    "GetTransactionStatus": _get_transaction_status,
    "GetVariables": variables.get_variables,
    "InstallCertificate": _install_certificate,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "ReserveNow": _reserve_now,
    "Reset": _reset,
    "SendLocalList": _send_local_list,
    "SetChargingProfile": _set_charging_profile,
    "SetVariables": variables.set_variables,
    "TriggerMessage": _trigger_message,
    "UnlockConnector": _unlock_connector,
    "UpdateFirmware": _update_firmware,
}
"""Action → answer."""

NOT_OFFERED = frozenset(
    {
        "ClearDisplayMessage",
        "ClearVariableMonitoring",
        "GetDisplayMessages",
        "GetMonitoringReport",
        "PublishFirmware",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariableMonitoring",
        "UnpublishFirmware",
    }
)
"""Actions of 2.0.1 this charger knows but does not offer: NotSupported. All others: NotImplemented."""
