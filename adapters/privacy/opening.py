"""How a process gets at personal data: the subjects, the store behind the seal, and names for read models."""

from collections.abc import Callable, Iterable

import msgspec
from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import EventMapper
from adapters.ocpp.token_places import sealed_in, tokens_in
from adapters.postgres.vault import PostgresVault
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.sealed_store import SealedEventStore
from adapters.privacy.sealing import (
    Namer,
    Opener,
    Places,
    Seen,
    Wire,
    refs_of,
    restored,
    restored_bytes,
)
from adapters.privacy.subjects import Subjects
from application.ports import AnyEvent, EventStore
from domain.event import Event, Fact
from domain.identity import tenant_of

WIRE = Wire(tokens_in, sealed_in)
Decode = Callable[[str, bytes, str, int], AnyEvent]
"""(topic, state, stream, version) → the event."""


def open_subjects(dsn: str, ring: KeyRing) -> Subjects:
    """The subjects of a database; connects at the first use. The caller closes them."""
    return Subjects(PostgresVault(dsn), ring)


def sealed(store: EventStore, subjects: Subjects, facts: tuple[type[Fact], ...]) -> SealedEventStore:
    """The store behind the seal; takes both over."""
    return SealedEventStore(store, subjects, Places(facts), WIRE)


def naming(facts: tuple[type[Fact], ...], subjects: Subjects | None = None) -> Callable[[AnyEvent], AnyEvent]:
    """What read models get of an event: pseudonyms for tokens, and with `subjects` the words that are sealed."""
    places = Places(facts)
    namers: dict[str, Namer] = {}

    def named(event: AnyEvent) -> AnyEvent:
        walk = places.of(type(event.fact))
        if walk is None:
            return event
        tenant = tenant_of(event.originator_id)
        namer = namers.get(tenant)
        if namer is None:
            namer = namers[tenant] = Namer(subjects, WIRE, tenant)
        fact = walk(event.fact, namer, "")
        if fact is event.fact:
            return event
        return Event(
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            fact=fact,
            told=event.told,
        )

    return named


def opening(facts: tuple[type[Fact], ...], subjects: Subjects) -> Callable[[str, bytes, str, int], AnyEvent]:
    """(topic, state, stream, version) → the event with everything opened; blocks while the vault is asked."""
    mapper, places = EventMapper(facts), Places(facts)

    def decode(topic: str, state: bytes, stream: str, version: int) -> AnyEvent:
        event = mapper.to_domain_event(StoredEvent(stream, version, topic, state))
        walk = places.of(type(event.fact))
        if walk is None:
            return event
        tenant = tenant_of(stream)
        seen = Seen(WIRE)
        walk(event.fact, seen, "")
        opener = Opener(subjects.find_named(tenant, seen.refs), WIRE, tenant)
        return msgspec.structs.replace(event, fact=walk(event.fact, opener, ""))

    return decode


def restoring(decode: Decode, subjects: Subjects) -> Decode:
    """The same events with their frames as they were received; record the disclosure before."""

    def restore(topic: str, state: bytes, stream: str, version: int) -> AnyEvent:
        event = decode(topic, state, stream, version)
        told, tenant = event.told, event.tenant
        texts = (told.frame or "", told.reply or "", (told.frame_bytes or b"").decode("ascii", "replace"))
        if not subjects_named(texts, subjects, tenant):
            return event
        told = msgspec.structs.replace(
            told,
            frame=None if told.frame is None else restored(told.frame, subjects, tenant),
            reply=None if told.reply is None else restored(told.reply, subjects, tenant),
            frame_bytes=told.frame_bytes and restored_bytes(told.frame_bytes, subjects, tenant),
        )
        return msgspec.structs.replace(event, told=told)

    return restore


def subjects_named(texts: Iterable[str], subjects: Subjects, tenant: str) -> bool:
    """Have in memory whoever is sealed in these texts; False where nobody is."""
    refs = set().union(*map(refs_of, texts))
    if refs:
        subjects.find_named(tenant, refs)
    return bool(refs)


def decoding(
    facts: tuple[type[Fact], ...], subjects: Subjects | None = None
) -> Callable[[str, bytes, str, int], AnyEvent]:
    """(topic, state, stream, version) → the event as read models get it."""
    mapper, named = EventMapper(facts), naming(facts, subjects)

    def decode(topic: str, state: bytes, stream: str, version: int) -> AnyEvent:
        return named(mapper.to_domain_event(StoredEvent(stream, version, topic, state)))

    return decode
