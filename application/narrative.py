"""Any event as a sentence: what an auditor reads of a charger's history, without knowing OCPP."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from application.narrative_alarms import ALARMS
from application.narrative_audit import AUDIT
from application.narrative_certificates import CERTIFICATES
from application.narrative_commands import SENTENCES as COMMANDS
from application.narrative_desired_state import SENTENCES as DESIRED_STATE
from application.narrative_mirrors import MIRRORS
from application.narrative_notices import NOTICES
from application.narrative_people import PEOPLE
from application.narrative_privacy import PRIVACY
from application.narrative_profiles import PROFILES
from application.narrative_provisioning import PROVISIONING
from application.narrative_repairs import REPAIRS, corrected
from application.narrative_reservations import RESERVATIONS
from application.narrative_safeguards import SAFEGUARDS
from application.narrative_tenants import TENANTS
from application.narrative_upgrades import UPGRADES
from application.narrative_uptime import UPTIME
from application.narrative_webhooks import WEBHOOKS
from application.phrasing import amount, joined, kwh, place, readings, token, told_as
from domain.artefacts import events as artefact
from domain.chargers import events as charger
from domain.chargers.absence import WentOffline
from domain.event import Event, Fact
from domain.id_tokens import events as id_token
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly

Sentence = Callable[[Any], str]


class NoSentence(LookupError):
    """This fact has no sentence yet; add one to the table beside it."""


def sentence(event: Event[Any]) -> str:
    """What happened, in one sentence. Raises NoSentence."""
    tell = SENTENCES.get(type(event.fact))
    if tell is None:
        raise NoSentence(type(event.fact).__name__)
    return tell(event.fact) + _circumstances(event)


def _circumstances(event: Event[Any]) -> str:
    """Who else than the charger did it, and what had to be mended to read it."""
    actor, repairs = event.told.actor, event.told.repairs
    by = "" if actor in ("charger", "zeus") else f" By {actor.replace(':', ' ', 1)}."
    return by + (f" Read after repair: {', '.join(repairs)}." if repairs else "")


def _registered(fact: charger.Registered) -> str:
    return f"Registered as {fact.cpid}{told_as(fact.name)}, security profile {fact.security_profile}."


def _connected(fact: charger.Connected) -> str:
    origin = f" from {fact.remote}" if fact.remote else ""
    flags = f" To put right: {', '.join(fact.flags)}." if fact.flags else ""
    return f"Connected{origin} with OCPP {fact.protocol}, security profile {fact.security_profile}.{flags}"


def _disconnected(fact: charger.Disconnected) -> str:
    code = f" with code {fact.code}" if fact.code is not None else ""
    return f"Connection ended{code}{': ' + fact.reason if fact.reason else ''}."


def _handshake_refused(fact: charger.HandshakeRefused) -> str:
    times = f", {fact.count} times" if fact.count > 1 else ""
    who = fact.cpid or "Somebody without an id"
    return f"{who} was not let in ({fact.reason}, {fact.status}{times}). {fact.hint}".rstrip()


def _went_offline(fact: WentOffline) -> str:
    why = f" ({fact.reason})" if fact.reason else ""
    return f"Is offline: away since {_time(fact.since)}{why}, {fact.patience_s} s was it waited for."


_STALE = {
    transaction.Staleness.CONNECTOR_FREE: "The connector was said to be free",
    transaction.Staleness.CHARGER_RETIRED: "The charger was retired",
}


def _booted(fact: charger.Booted) -> str:
    again = "Introduced itself again" if fact.repeated else "Booted"
    what = " ".join(part for part in (fact.vendor, fact.model) if part)
    details = joined(
        (f"serial {fact.serial or fact.box_serial}" if fact.serial or fact.box_serial else ""),
        (f"firmware {fact.firmware}" if fact.firmware else ""),
        (f"because of {fact.reason}" if fact.reason else ""),
    )
    answer = f"was answered {fact.answered}, heartbeat every {fact.interval_s} s"
    return f"{again} as {what}{', ' + details if details else ''}; {answer}."


def _clock_skew(fact: charger.ClockSkewMeasured) -> str:
    if fact.skew_s == 0:
        return "Its clock agrees with ours."
    side = "behind" if fact.skew_s > 0 else "ahead of"
    return f"Its clock is {abs(fact.skew_s)} s {side} ours."


def _status(fact: charger.StatusReported) -> str:
    activity = f" ({fact.activity})" if fact.activity and fact.activity != fact.status else ""
    error = fact.error_code if fact.error_code not in ("", "NoError") else ""
    why = joined(error, fact.vendor_error_code, fact.info)
    return f"{place(fact.evse_id, fact.connector_id)} is {fact.status}{activity}{': ' + why if why else ''}."


def _metered_outside(fact: charger.Metered) -> str:
    where = place(fact.evse_id, fact.connector_id)
    claim = f", naming an unknown transaction {fact.claimed_transaction}" if fact.claimed_transaction else ""
    return f"{where} read {readings(fact.samples)} outside any transaction{claim}."


def _token_presented(fact: charger.TokenPresented) -> str:
    where = f" at EVSE {fact.evse_id}" if fact.evse_id else ""
    return f"Token {token(fact.id_token)} was presented{where}; the answer was {fact.verdict}."


def _opened(fact: charger.TransactionOpened) -> str:
    number = f" as number {fact.number}" if fact.number else ""
    where = place(fact.evse_id, fact.connector_id)
    return f"{where} has transaction {_name(fact.transaction)} running{number}."


def _data_transferred(fact: charger.DataTransferred) -> str:
    message = f" ({fact.message_id})" if fact.message_id else ""
    answer = f"; the answer was {fact.answered}" if fact.answered else ""
    return f"Sent data of vendor {fact.vendor_id}{message}{answer}."


def _rejected(fact: charger.FrameRejected) -> str:
    action = f" {fact.action}" if fact.action else ""
    return f"A{action} frame could not be taken ({fact.code}){': ' + fact.description if fact.description else ''}."


def _suppressed(fact: charger.FramesSuppressed) -> str:
    since = _time(fact.since)
    return f"{fact.frames} more broken frames ({fact.size_bytes} bytes) since {since} were counted, not kept."


def _repeated(fact: charger.MessageRepeated) -> str:
    first = f" of {_name(fact.first)}" if fact.first else ""
    return f"Repeated a {fact.action}{first}; it got the same answer and nothing changed."


def _unexpected(fact: charger.AnswerUnexpected) -> str:
    error = f" with error {fact.error_code}" if fact.error_code else ""
    return f"Answered{error} a question nobody asked, or too late ({fact.message_id})."


def _started(fact: transaction.Started) -> str:
    who = f" by token {token(fact.id_token)} ({fact.verdict})" if fact.id_token else ""
    meter = f", meter at {amount(fact.meter_start_wh)} Wh" if fact.meter_start_wh is not None else ""
    which = f" number {fact.number}" if fact.number else f" {fact.reference}" if fact.reference else ""
    offline = ", while offline" if fact.offline else ""
    where = place(fact.evse_id, fact.connector_id)
    return f"Transaction{which} started on {where}{who}{meter}{offline}.{_odd(fact.flags)}"


def _metered(fact: transaction.Metered) -> str:
    so_far = f"; {kwh(fact.energy_wh)} so far" if fact.energy_wh is not None else ""
    where = place(fact.evse_id, fact.connector_id)
    return f"{where} read {readings(fact.samples)}{so_far}.{_odd(fact.flags)}"


def _ended(fact: transaction.Ended) -> str:
    reason = f" because of {fact.reason}" if fact.reason else ""
    who = f" by token {token(fact.id_token)}" if fact.id_token else ""
    meter = f", {readings(fact.samples)}" if fact.samples else ""
    return f"Transaction ended{reason}{who}{meter}.{_odd(fact.flags)}"


def _settled(fact: transaction.EnergySettled) -> str:
    if fact.correction is not None:
        return corrected(fact, fact.correction)
    if fact.energy_wh is None:
        return f"The energy cannot be known.{_odd(fact.flags)}"
    span = f" (from {amount(fact.meter_start_wh)} to {amount(fact.meter_stop_wh)} Wh)"
    return f"The energy is {kwh(fact.energy_wh)}{span}.{_odd(fact.flags)}"


def _issued(fact: id_token.Issued) -> str:
    details = joined(
        (f"group {fact.group}" if fact.group else ""),
        (f"until {_time(fact.expires_at)}" if fact.expires_at else ""),
        (f"at most {fact.max_active} sessions at once" if fact.max_active is not None else ""),
    )
    return f"Token {token(fact.id_token)}{told_as(fact.label)} may charge{', ' + details if details else ''}."


def _stored(fact: artefact.Stored) -> str:
    what = "Firmware" if fact.kind is artefact.Kind.FIRMWARE else f"A file of {fact.charger or 'a charger'}"
    return f"{what} was stored: {fact.name}, {fact.size_bytes} bytes, SHA-256 {fact.sha256[:12]}…"


def _released(fact: artefact.Released) -> str:
    until = _time(fact.expires_at)
    return f"A URL was made for {fact.charger}: {fact.purpose} until {until}, {fact.uses} complete at most."


def _fetched(fact: artefact.Fetched) -> str:
    whole = "; the file is complete with them" if fact.complete else ""
    return f"{fact.length} bytes from {fact.offset} on were sent{whole}."


def _odd(flags: tuple[Anomaly, ...]) -> str:
    return "".join(f" {flag.sentence}" for flag in flags)


def _name(stream: str) -> str:
    """The last part of a stream id: what a person would call the transaction."""
    return stream.rsplit("/", 1)[-1]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


SENTENCES: Mapping[type[Fact], Sentence] = {
    charger.Registered: _registered,
    charger.GuidanceBegun: lambda _: "From now on it is led to what is wanted of it.",
    charger.Connected: _connected,
    charger.Disconnected: _disconnected,
    WentOffline: _went_offline,
    charger.HandshakeRefused: _handshake_refused,
    charger.Booted: _booted,
    charger.HeartbeatReceived: lambda _: "Heartbeat: alive, asked for the time.",
    charger.ClockSkewMeasured: _clock_skew,
    charger.StatusReported: _status,
    charger.Metered: _metered_outside,
    charger.TokenPresented: _token_presented,
    charger.TransactionOpened: _opened,
    charger.TransactionClosed: lambda f: f"Transaction {_name(f.transaction)} no longer runs.",
    charger.DataTransferred: _data_transferred,
    charger.FrameRejected: _rejected,
    charger.FramesSuppressed: _suppressed,
    charger.MessageRepeated: _repeated,
    charger.MessageWithheld: lambda f: f"{f.action} was refused: the charger is {f.acceptance}.",
    charger.AnswerUnexpected: _unexpected,
    charger.FrameIgnored: lambda f: f"A frame was ignored: {f.reason}.",
    transaction.Started: _started,
    transaction.Metered: _metered,
    transaction.ChargingStateChanged: lambda f: f"Charging state is {f.state}.",
    transaction.Noted: lambda f: f"An update without news ({f.trigger}).",
    transaction.TokenShown: lambda f: f"Token {token(f.id_token)} was shown; the answer was {f.verdict}.",
    transaction.Ended: _ended,
    transaction.EnergySettled: _settled,
    transaction.Superseded: lambda f: f"Transaction {_name(f.by)} took its connector before its end came.",
    transaction.FoundStale: lambda f: f"{_STALE[f.why]}, and its end was not reported: it is waited for.",
    transaction.ClosedUnreported: lambda f: (
        f"Closed after {f.waited_s / 3600:.0f} h without word of its end, as of {_time(f.at)}."
    ),
    transaction.NumberClaimed: lambda f: f"Number {f.number} was given to {_name(f.transaction)}.",
    id_token.Issued: _issued,
    id_token.Blocked: lambda f: f"The token may no longer charge{': ' + f.reason if f.reason else ''}.",
    id_token.Unblocked: lambda _: "The token may charge again.",
    id_token.TakenUp: lambda f: f"Transaction {_name(f.transaction)} uses the token.",
    id_token.GivenBack: lambda f: f"Transaction {_name(f.transaction)} no longer uses the token.",
    artefact.Stored: _stored,
    artefact.Released: _released,
    artefact.Fetched: _fetched,
    artefact.Withdrawn: lambda f: f"The file was withdrawn{': ' + f.reason if f.reason else ''}.",
    **NOTICES,
    **COMMANDS,
    **DESIRED_STATE,
    **RESERVATIONS,
    **PROVISIONING,
    **PROFILES,
    **ALARMS,
    **CERTIFICATES,
    **AUDIT,
    **TENANTS,
    **PRIVACY,
    **REPAIRS,
    **MIRRORS,
    **SAFEGUARDS,
    **UPTIME,
    **PEOPLE,
    **WEBHOOKS,
    **UPGRADES,
}
"""Every fact of `domain.catalogue` and its sentence; a test finds the ones that are missing."""
