"""Alarms: what events of others raise them, and what operators do about them."""

from collections.abc import Callable, Collection
from typing import Any

from application import clock
from application.lockouts import origin_of
from application.ports import EventStore, VersionConflict
from domain.alarms import kinds
from domain.alarms.alarms import ACTOR as ABOUT
from domain.alarms.alarms import ADDRESS, PERSON, Alarms, Occurrence, alarms_stream
from domain.alarms.kinds import Kind
from domain.certificates.events import Issued
from domain.chargers.absence import WentOffline
from domain.chargers.events import HandshakeRefused, Metered
from domain.chargers.profile_upgrade import CANCELLED, ProfileFellBack, ProfileUpgradeEnded
from domain.chargers.security import SecurityEventReported
from domain.commands.events import OutcomeUnknown
from domain.event import Event, Fact, Recorded, Told, events_of
from domain.identity import ChargerId, InvalidChargerId
from domain.people.events import Locked
from domain.safeguards.events import AddressHeld, MassCommandsRefused
from domain.signed_values.events import SignedValuesJudged
from domain.transactions.anomalies import Anomaly
from domain.transactions.events import Ended

ATTEMPTS = 8
ACTOR = "job:alarms"
INFO = 255
"""Characters that are kept of what others say."""
GUESSES = 5
"""So many wrong passwords within a minute are no slip."""

Decide = Callable[[Alarms], list[Fact]]


class AlarmBook:
    """The operator's side."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._told = Told(recorded_at=clock.now(), actor=actor, cause=cause)

    async def acknowledge(self, subject: str, alarm_id: str, note: str, *, clear: bool = False) -> None:
        """Somebody looks after it, or with `clear` it is over. Raises AlarmNotOpen."""

        def decide(alarms: Alarms) -> list[Fact]:
            facts = alarms.acknowledge(alarm_id, note)
            return [*facts, *alarms.clear(alarm_id, note)] if clear else facts

        await _change(self._store, alarms_stream(self._tenant, subject), decide, self._told)


async def heard_security_event(store: EventStore, recorded: Recorded[Any]) -> None:
    """A charger told something of security relevance (white paper §8)."""
    event = recorded.event
    fact: SecurityEventReported = event.fact
    kind = kinds.of_report(fact.kind)
    info = f"{fact.kind}: {fact.info}" if kind is kinds.OTHER_EVENT else fact.info
    await raise_alarm(store, event, event.originator_id.split("/", 2)[2], kind, info)


async def heard_strangers(store: EventStore, recorded: Recorded[Any]) -> None:
    """An address has to wait at the API."""
    event = recorded.event
    fact: AddressHeld = event.fact
    await raise_alarm(store, event, f"{ADDRESS}{fact.remote}", kinds.STRANGERS, f"for {fact.wait_s} s")


async def heard_mass_commands(store: EventStore, recorded: Recorded[Any]) -> None:
    """Somebody asked more chargers for something than one may."""
    event = recorded.event
    fact: MassCommandsRefused = event.fact
    info = f"{fact.what}, more than {fact.per_min} chargers a minute; {fact.charger} was not asked"
    await raise_alarm(store, event, f"{ABOUT}{event.told.actor}", kinds.MASS_COMMANDS, info)


_REFUSALS = {
    "arrivals_too_often": kinds.RESTLESS,
    "auth_locked": kinds.PASSWORD_GUESSING,
    "duplicate_connection": kinds.SECOND_CONNECTION,
    "profile_mismatch": kinds.WEAKER_PROFILE,
    "network_not_allowed": kinds.WRONG_NETWORK,
    "client_cert_revoked": kinds.BAD_CERTIFICATE,
    "client_cert_cn": kinds.BAD_CERTIFICATE,
    "client_cert_o": kinds.BAD_CERTIFICATE,
}


async def heard_refusal(store: EventStore, recorded: Recorded[Any]) -> None:
    """Somebody was refused in a way that a slip does not explain."""
    event = recorded.event
    fact: HandshakeRefused = event.fact
    kind = _REFUSALS.get(fact.reason)
    if fact.reason == "auth_password" and fact.count >= GUESSES:
        kind = kinds.PASSWORD_GUESSING
    info = f"from {fact.remote}" if fact.remote else ""
    if kind is not None and fact.known:
        await raise_alarm(store, event, _key_of(event.tenant, fact.cpid), kind, info, fact.count)
    elif fact.reason in ("rate_limited", "auth_locked") and fact.remote:
        subject = f"{ADDRESS}{origin_of(fact.remote)}"
        await raise_alarm(store, event, subject, kinds.ADDRESS_LOCKED, info, fact.count)


async def heard_offline(store: EventStore, recorded: Recorded[Any]) -> None:
    """A charger stays away."""
    event = recorded.event
    fact: WentOffline = event.fact
    await raise_alarm(store, event, event.originator_id.split("/", 2)[2], kinds.CHARGER_OFFLINE, fact.reason)


async def heard_return(store: EventStore, recorded: Recorded[Any]) -> None:
    """It is back: that alarm is over by itself."""
    event = recorded.event
    stream = alarms_stream(event.tenant, event.originator_id.split("/", 2)[2])
    why = Told(recorded_at=clock.now(), actor=ACTOR, cause=_source(event))
    await _change(store, stream, lambda alarms: alarms.settle(kinds.CHARGER_OFFLINE, "it is back"), why)


async def heard_lock(store: EventStore, recorded: Recorded[Any]) -> None:
    """Somebody guesses at a person's password or codes."""
    event = recorded.event
    fact: Locked = event.fact
    subject = f"{PERSON}{event.originator_id.split('/', 2)[2]}"
    await raise_alarm(store, event, subject, kinds.SIGN_IN_GUESSING, f"has to wait {fact.seconds} s")


async def heard_unknown_outcome(store: EventStore, recorded: Recorded[Any]) -> None:
    """A command left, and nobody knows what came of it."""
    event = recorded.event
    fact: OutcomeUnknown = event.fact
    await raise_alarm(store, event, fact.charger, kinds.OUTCOME_UNKNOWN, fact.why)


async def heard_profile_not_taken(store: EventStore, recorded: Recorded[Any]) -> None:
    """A charger that was led to a higher security profile came back without it, or never with it (A05.FR.08)."""
    event = recorded.event
    fact: ProfileFellBack | ProfileUpgradeEnded = event.fact
    if isinstance(fact, ProfileFellBack):
        info = f"it agreed to {fact.wanted} and came with {fact.security_profile}"
    elif fact.why == CANCELLED:  # whoever gave it up knows
        return
    else:
        info = f"{fact.security_profile}: {fact.why}"
    await raise_alarm(store, event, event.originator_id.split("/", 2)[2], kinds.PROFILE_NOT_TAKEN, info)


async def heard_profile_taken(store: EventStore, recorded: Recorded[Any]) -> None:
    """It came with the higher security profile after all."""
    event = recorded.event
    cause, key = f"{event.originator_id}@{event.originator_version}", event.originator_id.split("/", 2)[2]
    why = f"it came with security profile {event.fact.security_profile}"
    await end_alarms(store, event.tenant, key, (kinds.PROFILE_NOT_TAKEN,), why, cause)


async def heard_end(store: EventStore, recorded: Recorded[Any]) -> None:
    """A charger ended a transaction that is another's: it was answered, and nothing of the other changed."""
    event = recorded.event
    fact: Ended = event.fact
    if Anomaly.FOREIGN_NUMBER in fact.flags:
        await raise_alarm(
            store, event, event.originator_id.split("/", 3)[2], kinds.FOREIGN_TRANSACTION, "its end"
        )


async def heard_readings(store: EventStore, recorded: Recorded[Any]) -> None:
    """The same with readings; which number is whose stands on the number's own stream."""
    event = recorded.event
    fact: Metered = event.fact
    number, key = fact.claimed_transaction, event.originator_id.split("/", 2)[2]
    if not number.isascii() or not number.isdecimal() or not int(number):
        return
    claims = await store.read(f"transaction-number/{event.tenant}/{number}")
    ours = f"transaction/{event.tenant}/{key}/"
    if claims and not claims[0].fact.transaction.startswith(ours):
        await raise_alarm(store, event, key, kinds.FOREIGN_TRANSACTION, f"readings of number {number}")


async def heard_judgement(store: EventStore, recorded: Recorded[Any]) -> None:
    """The signed meter values of a session were verified."""
    event = recorded.event
    fact: SignedValuesJudged = event.fact
    if fact.state == "invalid":
        charger = event.originator_id.split("/", 3)[2]
        await raise_alarm(store, event, charger, kinds.SIGNED_VALUES_WRONG, ", ".join(fact.reasons))


def _key_of(tenant: str, cpid: str) -> str:
    try:
        return ChargerId.of(tenant, cpid).key
    except InvalidChargerId:
        return cpid.upper()


async def raise_alarm(
    store: EventStore, event: Event[Any], subject: str, kind: Kind, info: str, count: int = 1
) -> None:
    """Raise it for the subject, or count it with the one that is open; `event` is what it came of."""
    source = _source(event)
    what = Occurrence(kind=kind, source=source, at=event.told.recorded_at, info=info[:INFO], count=count)
    await raise_occurrence(store, event.tenant, subject, what)


async def raise_occurrence(store: EventStore, tenant: str, subject: str, what: Occurrence) -> None:
    """Raise it for the subject, or count it with the one that is open; of two with the same time the first counts."""
    alarm_id = clock.time_ordered_id()
    told = Told(recorded_at=clock.now(), actor=ACTOR, cause=what.source)
    await _change(store, alarms_stream(tenant, subject), lambda alarms: alarms.notice(what, alarm_id), told)


async def heard_certificate(store: EventStore, recorded: Recorded[Any]) -> None:
    """The charger has a new certificate: what was said of the former one is over."""
    event = recorded.event
    fact: Issued = event.fact
    cause = f"{event.originator_id}@{event.originator_version}"
    why = "a new certificate was issued"
    await end_alarms(store, fact.tenant, fact.charger, kinds.OF_CERTIFICATES, why, cause)


async def end_alarms(
    store: EventStore, tenant: str, subject: str, over: Collection[Kind], why: str, cause: str = ""
) -> None:
    """What these alarms of the subject are about is over; those that are not open stay as they are."""

    def decide(alarms: Alarms) -> list[Fact]:
        known = [alarms.open[kind.name] for kind in over if kind.name in alarms.open]
        return [fact for alarm in known for fact in alarms.clear(alarm.id, why)]

    told = Told(recorded_at=clock.now(), actor=ACTOR, cause=cause)
    await _change(store, alarms_stream(tenant, subject), decide, told)


def _source(event: Event[Any]) -> str:
    return f"{event.originator_id}@{event.originator_version}"


async def _change(store: EventStore, stream: str, decide: Decide, told: Told) -> None:
    for _ in range(ATTEMPTS):
        alarms = Alarms(stream)
        for event in await store.read(stream):
            alarms.when(event)
        facts = decide(alarms)
        if not facts:
            return
        try:
            await store.append(events_of(stream, alarms.version, facts, told))
        except VersionConflict:
            continue
        return
    raise VersionConflict(stream)
