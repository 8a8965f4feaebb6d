"""What is told of chargers: their lives, their connectors, who knocked, what they report of themselves."""

from collections.abc import Mapping
from typing import Any

from domain.chargers import events as charger
from domain.chargers import firmware, monitoring, security, smart_charging
from domain.chargers import provisioning as particulars
from domain.chargers.absence import WentOffline
from domain.event import Event, Fact
from projections.live.message import Message, Teller, about, about_charger, token
from projections.live.meters import samples_of

Told = list[Message]
A = Event[Any]


def _registered(fact: charger.Registered, event: A) -> Told:
    return [
        about(
            event,
            "charger.provisioned",
            cpid=fact.cpid,
            name=fact.name,
            security_profile=fact.security_profile,
        )
    ]


def _connected(fact: charger.Connected, event: A) -> Told:
    return [
        about(
            event,
            "charger.connected",
            connection=fact.connection,
            protocol=fact.protocol,
            security_profile=fact.security_profile,
            remote=fact.remote,
            flags=fact.flags or None,
        )
    ]


def _disconnected(fact: charger.Disconnected, event: A) -> Told:
    return [
        about(event, "charger.disconnected", connection=fact.connection, code=fact.code, reason=fact.reason)
    ]


def _went_offline(fact: WentOffline, event: A) -> Told:
    return [about(event, "charger.offline", since=fact.since, reason=fact.reason)]


def _booted(fact: charger.Booted, event: A) -> Told:
    return [
        about(
            event,
            "charger.booted",
            vendor=fact.vendor,
            model=fact.model,
            serial=fact.serial,
            firmware=fact.firmware,
            answered=fact.answered,
            reason=fact.reason,
            repeated=fact.repeated,
        )
    ]


def _refused(fact: charger.HandshakeRefused, event: A) -> Told:
    return [
        about_charger(
            event,
            fact.cpid.upper(),
            "handshake.refused",
            reason=fact.reason,
            status=fact.status,
            hint=fact.hint,
            remote=fact.remote,
            known=fact.known,
            count=fact.count,
        )
    ]


def _status(fact: charger.StatusReported, event: A) -> Told:
    return [
        about(
            event,
            "connector.status_changed",
            fact.evse_id,
            connector_id=fact.connector_id,
            status=fact.status,
            activity=fact.activity,
            error_code=fact.error_code,
            info=fact.info,
            vendor_error_code=fact.vendor_error_code,
        )
    ]


def _metered(fact: charger.Metered, event: A) -> Told:
    return samples_of(event, fact.evse_id, fact.samples)


def _presented(fact: charger.TokenPresented, event: A) -> Told:
    return [
        about(event, "authorize.attempt", fact.evse_id, id_token=token(fact.id_token), verdict=fact.verdict)
    ]


def _firmware(fact: firmware.FirmwareStatusReported, event: A) -> Told:
    return [
        about(
            event,
            "firmware.status",
            status=fact.status,
            request_id=fact.request_id,
            reason_code=fact.reason_code,
            info=fact.info,
        )
    ]


def _published(fact: firmware.FirmwarePublicationReported, event: A) -> Told:
    return [
        about(
            event,
            "firmware.status",
            publication=True,
            status=fact.status,
            request_id=fact.request_id,
            reason_code=fact.reason_code,
            info=fact.info,
        )
    ]


def _log_upload(fact: firmware.LogUploadReported, event: A) -> Told:
    return [
        about(
            event,
            "diagnostics.status",
            status=fact.status,
            request_id=fact.request_id,
            diagnostics=fact.diagnostics,
            reason_code=fact.reason_code,
            info=fact.info,
        )
    ]


def _security(fact: security.SecurityEventReported, event: A) -> Told:
    return [about(event, "security.event", kind=fact.kind, info=fact.info)]


def _monitored(fact: monitoring.EventsReported, event: A) -> Told:
    return [about(event, "monitoring.events", seq_no=fact.seq_no, more=fact.more, events=fact.events)]


def _limited(fact: smart_charging.LimitNotified, event: A) -> Told:
    return [
        about(
            event,
            "load.limited",
            fact.evse_id,
            source=fact.source,
            grid_critical=fact.grid_critical,
            schedules=fact.schedules or None,
        )
    ]


def _limit_cleared(fact: smart_charging.LimitCleared, event: A) -> Told:
    return [about(event, "load.updated", fact.evse_id, source=fact.source, limited=False)]


def _changed(what: str, *names: str) -> Teller:
    """An operator's word about a charger: what kind it is, and these fields of the fact."""

    def tell(fact: Any, event: A) -> Told:
        values = {name: getattr(fact, name) for name in names}
        return [about(event, "charger.changed", what=what, by=event.told.actor, **values)]

    return tell


def _retired(fact: particulars.Retired, event: A) -> Told:
    return [about(event, "charger.retired", reason=fact.reason, by=event.told.actor)]


TOLD: Mapping[type[Fact], Teller] = {
    charger.Registered: _registered,
    charger.SecurityProfileChosen: _changed("security_profile", "security_profile"),
    charger.AcceptanceDecided: _changed("acceptance", "acceptance"),
    particulars.Renamed: _changed("name", "name"),
    particulars.Placed: _changed("place", "site", "node"),
    particulars.ModelProfileChosen: _changed("model_profile", "model_profile"),
    particulars.ConnectorsDescribed: _changed("connectors", "connectors"),
    particulars.Disabled: _changed("disabled", "reason"),
    particulars.Enabled: _changed("enabled"),
    particulars.Retired: _retired,
    charger.Connected: _connected,
    charger.Disconnected: _disconnected,
    WentOffline: _went_offline,
    charger.HandshakeRefused: _refused,
    charger.Booted: _booted,
    charger.StatusReported: _status,
    charger.Metered: _metered,
    charger.TokenPresented: _presented,
    firmware.FirmwareStatusReported: _firmware,
    firmware.FirmwarePublicationReported: _published,
    firmware.LogUploadReported: _log_upload,
    security.SecurityEventReported: _security,
    monitoring.EventsReported: _monitored,
    smart_charging.LimitNotified: _limited,
    smart_charging.LimitCleared: _limit_cleared,
}
