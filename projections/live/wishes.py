"""What is told of lasting wishes: settings, local lists, charging profiles, reservations; and of alarms and files."""

from collections.abc import Mapping
from typing import Any

from domain.alarms import events as alarm
from domain.artefacts import events as artefact
from domain.charging_profiles import events as profile
from domain.desired_state import events as desired
from domain.desired_state import local_list_events as local_list
from domain.event import Event, Fact
from domain.reservations import events as reservation
from projections.live.message import Message, Teller, about, about_charger, token
from projections.streams import session_id

Told = list[Message]
A = Event[Any]


def _settings_reported(fact: desired.SettingsReported, event: A) -> Told:
    if not (fact.settings or fact.unknown or fact.gone):
        return []
    settings = [
        {"name": one.name, "value": one.value, "readonly": one.readonly, "secret": one.secret}
        for one in fact.settings
    ]
    return [
        about(
            event,
            "config.changed",
            settings=settings or None,
            unknown=fact.unknown or None,
            gone=fact.gone or None,
        )
    ]


def _setting_answered(fact: desired.SettingAnswered, event: A) -> Told:
    return [about(event, "config.answered", name=fact.name, value=fact.value, status=fact.status)]


def _given_up(fact: desired.SettingGivenUp, event: A) -> Told:
    return [about(event, "config.drift", name=fact.name, wanted=fact.value, reason=fact.reason)]


def _list_accepted(fact: local_list.ListAccepted, event: A) -> Told:
    return [about(event, "local_list.updated", version=fact.version, full=fact.full, more=fact.more)]


def _list_refused(fact: local_list.ListRefused, event: A) -> Told:
    return [about(event, "local_list.refused", version=fact.version, status=fact.status, full=fact.full)]


def _list_given_up(fact: local_list.ListGivenUp, event: A) -> Told:
    return [about(event, "local_list.given_up", version=fact.version, reason=fact.reason)]


def _installed(fact: profile.Installed, event: A) -> Told:
    return [
        about(
            event,
            "profile.applied",
            fact.evse_id,
            profile=fact.profile.profile_id,
            purpose=fact.profile.purpose,
            stack_level=fact.profile.stack_level,
            command=fact.command,
        )
    ]


def _profile_refused(fact: profile.Refused, event: A) -> Told:
    return [
        about(
            event,
            "profile.rejected",
            profile=fact.profile_id,
            status=fact.status,
            reason=fact.reason,
            command=fact.command,
        )
    ]


def _profile_lost(fact: profile.Lost, event: A) -> Told:
    return [about(event, "profile.mismatch", profile=fact.profile_id, command=fact.command)]


def _lapsed(fact: profile.Lapsed, event: A) -> Told:
    return [about(event, "profile.lapsed", profile=fact.profile_id, why=fact.why)]


def _cleared(fact: profile.Cleared, event: A) -> Told:
    return [about(event, "profile.cleared", profile=fact.profile_id, command=fact.command)]


def _confirmed(fact: reservation.Confirmed, event: A) -> Told:
    return [
        about(
            event,
            "reservation.created",
            fact.evse_id,
            reservation=fact.reservation_id,
            id_token=token(fact.id_token),
            expires_at=fact.expires_at,
            command=fact.command,
        )
    ]


def _refused(fact: reservation.Refused, event: A) -> Told:
    return [
        about(
            event,
            "reservation.refused",
            reservation=fact.reservation_id,
            status=fact.status,
            reason=fact.reason,
            command=fact.command,
        )
    ]


def _used(fact: reservation.Used, event: A) -> Told:
    used = about(
        event,
        "reservation.used",
        fact.evse_id,
        reservation=fact.reservation_id,
        session=session_id(fact.transaction),
        by=fact.by,
    )
    return [used]


def _expired(fact: reservation.Expired, event: A) -> Told:
    return [about(event, "reservation.expired", reservation=fact.reservation_id)]


def _cancelled(fact: reservation.Cancelled, event: A) -> Told:
    return [
        about(
            event, "reservation.cancelled", reservation=fact.reservation_id, by=fact.by, command=fact.command
        )
    ]


def _lost(fact: reservation.Lost, event: A) -> Told:
    return [about(event, "reservation.lost", reservation=fact.reservation_id, why=fact.why)]


def _alarm(fact: alarm.AlarmFact, event: A, kind: str, /, **values: Any) -> Told:
    subject = event.originator_id.split("/", 2)[2]
    charger = "" if subject.startswith("address:") else subject
    return [
        about_charger(event, charger, kind, alarm=fact.alarm_id, kind=fact.kind, subject=subject, **values)
    ]


def _raised(fact: alarm.AlarmRaised, event: A) -> Told:
    return _alarm(
        fact,
        event,
        "alarm.raised",
        severity=fact.severity,
        words=fact.words,
        info=fact.info,
        source=fact.source,
        at=fact.at,
        count=fact.count,
    )


def _repeated(fact: alarm.AlarmRepeated, event: A) -> Told:
    return _alarm(fact, event, "alarm.repeated", source=fact.source, at=fact.at, count=fact.count)


def _acknowledged(fact: alarm.AlarmAcknowledged, event: A) -> Told:
    return _alarm(fact, event, "alarm.acknowledged", by=event.told.actor, note=fact.note)


def _alarm_cleared(fact: alarm.AlarmCleared, event: A) -> Told:
    return _alarm(fact, event, "alarm.cleared", by=event.told.actor, why=fact.why)


def _stored(fact: artefact.Stored, event: A) -> Told:
    if fact.kind is not artefact.Kind.UPLOAD:
        return []
    return [
        about_charger(
            event,
            fact.charger,
            "diagnostics.status",
            status="Stored",
            artefact=event.originator_id.rsplit("/", 1)[1],
            name=fact.name,
            size_bytes=fact.size_bytes,
            command=fact.command,
        )
    ]


TOLD: Mapping[type[Fact], Teller] = {
    desired.SettingsReported: _settings_reported,
    desired.SettingAnswered: _setting_answered,
    desired.SettingGivenUp: _given_up,
    local_list.ListAccepted: _list_accepted,
    local_list.ListRefused: _list_refused,
    local_list.ListGivenUp: _list_given_up,
    profile.Installed: _installed,
    profile.Refused: _profile_refused,
    profile.Lost: _profile_lost,
    profile.Lapsed: _lapsed,
    profile.Cleared: _cleared,
    reservation.Confirmed: _confirmed,
    reservation.Refused: _refused,
    reservation.Used: _used,
    reservation.Expired: _expired,
    reservation.Cancelled: _cancelled,
    reservation.Lost: _lost,
    alarm.AlarmRaised: _raised,
    alarm.AlarmRepeated: _repeated,
    alarm.AlarmAcknowledged: _acknowledged,
    alarm.AlarmCleared: _alarm_cleared,
    artefact.Stored: _stored,
}
