"""The answers of a 1.6 charger, a function for each action."""

from collections.abc import Callable

from entrypoints.simulator.commands import effects
from entrypoints.simulator.commands.refusal import Refusal
from entrypoints.simulator.outbox import Call
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload, Step, timestamp

_CHANGE = {"Unknown": "NotSupported"}


def _status(word: str) -> Payload:
    return {"status": word}


def _cancel_reservation(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status(effects.cancel_reservation(station, payload["reservationId"], now_s))


def _change_availability(station: Station, payload: Payload, now_s: float) -> Payload:
    operative = payload["type"] == "Operative"
    return _status(effects.change_availability(station, payload["connectorId"], operative, now_s))


def _change_configuration(station: Station, payload: Payload, now_s: float) -> Payload:
    name, value = payload["key"], payload["value"]
    if name == station.dialect.sampled_data_key and not _all_known(station, value):
        return _status("Rejected")
    word = station.settings.change(name, value)
    if name == station.dialect.attempts_key and word == "Accepted":
        station.outbox.max_attempts = int(value)
    if name == station.dialect.retry_interval_key and word == "Accepted":
        station.outbox.retry_interval_s = float(value) * station.pace.stretch
    if name == station.dialect.heartbeat_key and word == "Accepted":
        station.heartbeat_at_s = now_s + float(value)
    if name == station.dialect.metering_interval_key and word == "Accepted":
        for connector in station.connectors.values():
            if connector.transaction is not None:
                connector.next_sample_s = now_s + station.sample_interval_s
    return _status(_CHANGE.get(word, word))


def _all_known(station: Station, value: str) -> bool:
    """One unsupported measurand rejects the whole list (errata 3.14.4)."""
    known = {"Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage", "SoC"}
    return all(part.strip() in known for part in value.split(","))


def _clear_cache(station: Station, payload: Payload, now_s: float) -> Payload:
    station.token_cache.clear()
    return _status("Accepted")


def _clear_charging_profile(station: Station, payload: Payload, now_s: float) -> Payload:
    gone = station.profiles.clear(
        payload.get("id"),
        payload.get("connectorId"),
        payload.get("chargingProfilePurpose"),
        payload.get("stackLevel"),
    )
    return _status("Accepted" if gone else "Unknown")


def _data_transfer(station: Station, payload: Payload, now_s: float) -> Payload:
    mine = payload["vendorId"] == station.equipment.vendor
    return _status("UnknownMessageId" if mine else "UnknownVendorId")


def _get_composite_schedule(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id, unit = payload["connectorId"], payload.get("chargingRateUnit", "A")
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    running = station.connectors[evse_id].transaction if evse_id else None
    periods = station.profiles.composite(
        evse_id,
        now_s,
        payload["duration"],
        unit,
        station.equipment.max_power_w,
        running.started_at_s if running else None,
    )
    schedule = {
        "duration": payload["duration"],
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": periods,
    }
    return {
        "status": "Accepted",
        "connectorId": evse_id,
        "scheduleStart": timestamp(station.plan.clock(now_s)),
        "chargingSchedule": schedule,
    }


def _get_configuration(station: Station, payload: Payload, now_s: float) -> Payload:
    asked = payload.get("key") or [name for name, _ in station.settings]
    known = []
    for name in asked:
        setting = station.settings.get(name)
        if setting is not None:
            entry = {"key": name, "readonly": setting.read_only}
            known.append(entry if setting.write_only else {**entry, "value": setting.value})
    unknown = [name for name in asked if name not in station.settings]
    return {"configurationKey": known, "unknownKey": unknown}


def _get_diagnostics(station: Station, payload: Payload, now_s: float) -> Payload:
    effects.progress(station, now_s, "DiagnosticsStatusNotification", ("Uploading", "Uploaded"), {})
    return {"fileName": f"{station.equipment.charger_id}.log"}


def _get_local_list_version(station: Station, payload: Payload, now_s: float) -> Payload:
    return {"listVersion": station.local_list_version}


def _get_log(station: Station, payload: Payload, now_s: float) -> Payload:
    extra = {"requestId": payload["requestId"]}
    effects.progress(station, now_s, "LogStatusNotification", ("Uploading", "Uploaded"), extra)
    return {"status": "Accepted", "filename": f"{station.equipment.charger_id}.log"}


def _remote_start(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id = payload.get("connectorId") or effects.free_connector(station)
    started = station.remote_start(evse_id, payload["idTag"], now_s)
    if started and "chargingProfile" in payload:
        station.profiles.put(evse_id, payload["chargingProfile"])
    return _status("Accepted" if started else "Rejected")


def _remote_stop(station: Station, payload: Payload, now_s: float) -> Payload:
    connector = station.transaction_known_as(str(payload["transactionId"]))
    if connector is None:
        return _status("Rejected")
    station.after(now_s, lambda at_s: station.end(connector, at_s, "Remote"))
    return _status("Accepted")


def _reserve_now(station: Station, payload: Payload, now_s: float) -> Payload:
    word = effects.reserve(
        station,
        payload["connectorId"],
        payload["reservationId"],
        payload["idTag"],
        payload["expiryDate"],
        now_s,
    )
    return _status(word)


def _reset(station: Station, payload: Payload, now_s: float) -> Payload:
    effects.reset(station, now_s, hard=payload["type"] == "Hard")
    return _status("Accepted")


def _send_local_list(station: Station, payload: Payload, now_s: float) -> Payload:
    entries = [
        (entry["idTag"], (entry.get("idTagInfo") or {}).get("status"))
        for entry in payload.get("localAuthorizationList") or ()
    ]
    return _status(effects.send_local_list(station, payload["listVersion"], payload["updateType"], entries))


def _set_charging_profile(station: Station, payload: Payload, now_s: float) -> Payload:
    evse_id, profile = payload["connectorId"], payload["csChargingProfiles"]
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    if profile["chargingProfilePurpose"] == "TxProfile":
        connector = station.connectors.get(evse_id)
        if connector is None or connector.transaction is None:
            return _status("Rejected")  # 1.6 §5.16: a TxProfile needs its transaction
    station.profiles.put(evse_id, profile)
    station.after(now_s, lambda _: None)
    return _status("Accepted")


def _trigger_message(station: Station, payload: Payload, now_s: float) -> Payload:
    message, evse_id = payload["requestedMessage"], payload.get("connectorId")
    if evse_id and evse_id not in station.connectors:
        return _status("Rejected")
    if message == "BootNotification":
        station.outbox.put_first(Call(station.dialect.boot(station.equipment, "Triggered")))
    elif message == "Heartbeat":
        station.tell(station.dialect.heartbeat())
    elif message == "MeterValues":
        effects.trigger_sample(station, evse_id, now_s)
    elif message == "StatusNotification":
        effects.trigger_status(station, evse_id, now_s)
    elif message in ("FirmwareStatusNotification", "DiagnosticsStatusNotification", "LogStatusNotification"):
        station.tell(Step(message, {"status": "Idle"}))
    else:
        return _status("NotImplemented")
    return _status("Accepted")


def _unlock_connector(station: Station, payload: Payload, now_s: float) -> Payload:
    connector = station.connectors.get(payload["connectorId"])
    if connector is None or station.equipment.tethered:
        return _status("NotSupported")  # errata 3.87; a fixed cable cannot be unlocked (3.85)
    if connector.transaction is not None:
        station.after(now_s, lambda at_s: station.end(connector, at_s, "UnlockCommand"))
    return _status("Unlocked")


def _update_firmware(station: Station, payload: Payload, now_s: float) -> Payload:
    words = ("Downloading", "Downloaded", "Installing", "Installed")
    effects.progress(station, now_s, "FirmwareStatusNotification", words, {})
    return {}


def _signed_update_firmware(station: Station, payload: Payload, now_s: float) -> Payload:
    words = ("Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed")
    extra = {"requestId": payload["requestId"]}
    effects.progress(station, now_s, "SignedFirmwareStatusNotification", words, extra)
    return _status("Accepted")


def _certificate_signed(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status("Accepted" if "BEGIN CERTIFICATE" in payload["certificateChain"] else "Rejected")


def _install_certificate(station: Station, payload: Payload, now_s: float) -> Payload:
    kind, pem = payload["certificateType"], payload["certificate"]
    return _status(effects.install_certificate(station, kind, pem))


def _delete_certificate(station: Station, payload: Payload, now_s: float) -> Payload:
    return _status(effects.delete_certificate(station, payload["certificateHashData"]))


def _get_installed_certificate_ids(station: Station, payload: Payload, now_s: float) -> Payload:
    found = [h for kind, h in station.certificates.values() if kind == payload["certificateType"]]
    return {"status": "Accepted", "certificateHashData": found} if found else _status("NotFound")


HANDLERS: dict[str, Callable[[Station, Payload, float], Payload | Refusal]] = {
    "CancelReservation": _cancel_reservation,
    "CertificateSigned": _certificate_signed,
    "ChangeAvailability": _change_availability,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "ClearChargingProfile": _clear_charging_profile,
    "DataTransfer": _data_transfer,
    "DeleteCertificate": _delete_certificate,
    "ExtendedTriggerMessage": _trigger_message,
    "GetCompositeSchedule": _get_composite_schedule,
    "GetConfiguration": _get_configuration,
    "GetDiagnostics": _get_diagnostics,
    "GetInstalledCertificateIds": _get_installed_certificate_ids,
    "GetLocalListVersion": _get_local_list_version,
    "GetLog": _get_log,
    "InstallCertificate": _install_certificate,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "ReserveNow": _reserve_now,
    "Reset": _reset,
    "SendLocalList": _send_local_list,
    "SetChargingProfile": _set_charging_profile,
    "SignedUpdateFirmware": _signed_update_firmware,
    "TriggerMessage": _trigger_message,
    "UnlockConnector": _unlock_connector,
    "UpdateFirmware": _update_firmware,
}
"""Action → answer; what is missing here is NotImplemented."""
