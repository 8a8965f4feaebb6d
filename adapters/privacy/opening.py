"""How a process gets at personal data: the subjects, the store behind the seal, and names for read models."""

from collections.abc import Callable

import msgspec
from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import EventMapper
from adapters.ocpp.token_places import sealed_in, tokens_in
from adapters.postgres.vault import PostgresVault
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.sealed_store import SealedEventStore
from adapters.privacy.sealing import Namer, Opener, Places, Seen, Wire
from adapters.privacy.subjects import Subjects
from application.ports import AnyEvent, EventStore
from domain.event import Event, Fact
from domain.identity import tenant_of

WIRE = Wire(tokens_in, sealed_in)


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


def decoding(
    facts: tuple[type[Fact], ...], subjects: Subjects | None = None
) -> Callable[[str, bytes, str, int], AnyEvent]:
    """(topic, state, stream, version) → the event as read models get it."""
    mapper, named = EventMapper(facts), naming(facts, subjects)

    def decode(topic: str, state: bytes, stream: str, version: int) -> AnyEvent:
        return named(mapper.to_domain_event(StoredEvent(stream, version, topic, state)))

    return decode
