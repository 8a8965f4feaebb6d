"""Event ↔ StoredEvent: JSON in the state, the fact's stored name in the topic, old shapes upcast by name."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

import msgspec
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from application.ports import AnyEvent, EventNotStorable, UnreadableEvent
from domain.event import Event, Fact, Told

F = TypeVar("F", bound=Fact)

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""From the state as stored (`{"fact": {…}, "told": {…}}`) to the next topic and its state."""

UPCASTERS: Mapping[str, Upcaster] = {}
"""By the topic as stored. What one returns may be the topic of another; its own topic ends the chain."""


class DuplicateTopic(ValueError):
    """Two facts claim one stored name; a stored name belongs to one fact for ever."""


class _State(msgspec.Struct, Generic[F], frozen=True):
    fact: F
    told: Told


class _NoTranscoder(Transcoder):
    """The library asks for one; msgspec does the whole work."""

    def encode(self, obj: Any) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        raise NotImplementedError


class EventMapper(Mapper[str]):
    """Maps the facts it was given. One decoder a topic, made at the first event of it."""

    def __init__(self, facts: tuple[type[Fact], ...], upcasters: Mapping[str, Upcaster] = UPCASTERS) -> None:
        """`facts` is the whole catalogue. Raises DuplicateTopic."""
        super().__init__(_NoTranscoder())
        self._facts: dict[str, type[Fact]] = {}
        for fact in facts:
            if self._facts.setdefault(fact.TOPIC, fact) is not fact:
                raise DuplicateTopic(fact.TOPIC)
        self._topics = {fact: topic for topic, fact in self._facts.items()}
        self._upcasters = upcasters
        self._encode = _encoder()
        self._decoders: dict[str, Callable[[bytes], _State[Fact]]] = {}

    # The library types domain events by a protocol of its own; ours has the same two fields.
    def to_stored_event(self, domain_event: AnyEvent) -> StoredEvent:  # type: ignore[override]
        """Raises EventNotStorable for a fact that is not in the catalogue: it could not be read back."""
        topic = self._topics.get(type(domain_event.fact))
        if topic is None:
            raise EventNotStorable(f"{type(domain_event.fact).__name__} is not in the catalogue of facts")
        try:
            state = self._encode({"fact": domain_event.fact, "told": domain_event.told})
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
            raise EventNotStorable(f"{topic} on {domain_event.originator_id}: {error}") from error
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> AnyEvent:
        """Raises UnreadableEvent, which names topic, stream and version."""
        decode = self._decoders.get(stored_event.topic) or self._decoder(stored_event)
        try:
            state = decode(stored_event.state)
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
            raise UnreadableEvent(f"{_named(stored_event)}: {error}") from error
        return Event(
            originator_id=cast(str, stored_event.originator_id),
            originator_version=stored_event.originator_version,
            fact=state.fact,
            told=state.told,
        )

    def _decoder(self, stored: StoredEvent) -> Callable[[bytes], _State[Fact]]:
        topic = stored.topic
        if topic not in self._facts and topic not in self._upcasters:
            raise UnreadableEvent(
                f"{_named(stored)}: no fact and no upcaster has this name; a newer version wrote it, "
                "or the fact was removed without an upcaster"
            )
        decode = self._upcasting(topic) if topic in self._upcasters else _decoder_of(self._facts[topic])
        self._decoders[topic] = decode
        return decode

    def _upcasting(self, stored_topic: str) -> Callable[[bytes], _State[Fact]]:
        def decode(state: bytes) -> _State[Fact]:
            topic, told = stored_topic, cast(dict[str, Any], msgspec.json.decode(state))
            while upcast := self._upcasters.get(topic):
                was, (topic, told) = topic, upcast(told)
                if topic == was:
                    break
            if topic not in self._facts:
                raise ValueError(f"upcast to {topic}, which is not in the catalogue of facts")
            return msgspec.convert(told, _State[self._facts[topic]])  # type: ignore[name-defined]

        return decode


def _named(stored: StoredEvent) -> str:
    return f"topic {stored.topic} on {stored.originator_id} version {stored.originator_version}"


# The one place where values become text and text becomes values. What is personal comes here sealed already, and
# leaves sealed: adapters/privacy/sealed_store.py stands before this store and knows whose it is.
def _encoder() -> Callable[[Any], bytes]:
    return msgspec.json.Encoder().encode


def _decoder_of(fact: type[Fact]) -> Callable[[bytes], _State[Fact]]:
    return cast(Callable[[bytes], _State[Fact]], msgspec.json.Decoder(_State[fact]).decode)  # type: ignore[valid-type]
