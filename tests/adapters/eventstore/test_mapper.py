"""Every event reads back as it was written, and what cannot be read says so."""

from datetime import UTC, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from adapters.eventstore.mapper import DuplicateTopic, EventMapper
from application.ports import EventNotStorable, UnreadableEvent
from domain.catalogue import FACTS
from domain.event import Event, Fact, Told
from domain.identity import IdToken


class Part(msgspec.Struct, frozen=True):
    """A value of our own inside a fact."""

    name: str
    amount: Decimal | None = None


class Rich(Fact, frozen=True):
    """One of everything that facts are made of."""

    TOPIC: ClassVar[str] = "test.rich"
    text: str
    number: int = 0
    flag: bool = False
    amount: Decimal = Decimal(0)
    at: datetime | None = None
    token: IdToken | None = None
    parts: tuple[Part, ...] = ()


class Renamed(Fact, frozen=True):
    """Was `test.old` with `count` as text, then `test.newer` with `count` as number."""

    TOPIC: ClassVar[str] = "test.renamed"
    number: int


_texts = st.text()
_times = st.datetimes(timezones=st.just(UTC))
_amounts = st.decimals(allow_nan=False, allow_infinity=False)
_tokens = st.builds(IdToken, _texts, _texts)
_facts = st.builds(
    Rich,
    text=_texts,
    number=st.integers(-(2**63), 2**63 - 1),
    flag=st.booleans(),
    amount=_amounts,
    at=st.none() | _times,
    token=st.none() | _tokens,
    parts=st.lists(st.builds(Part, _texts, st.none() | _amounts), max_size=3).map(tuple),
)
_told = st.builds(
    Told, recorded_at=_times, occurred_at=st.none() | _times, actor=_texts, cause=_texts,
    connection=_texts, frame=st.none() | _texts, reply=st.none() | _texts,
)  # fmt: skip


@given(_facts, _told, st.integers(1, 2**63 - 1))
def test_every_event_reads_back_as_it_was_written(fact: Rich, told: Told, version: int) -> None:
    mapper = EventMapper((Rich,))
    event: Event[Fact] = Event(originator_id="charger/t/A", originator_version=version, fact=fact, told=told)
    stored = mapper.to_stored_event(event)
    assert (stored.originator_id, stored.originator_version) == ("charger/t/A", version)
    assert stored.topic == "test.rich"
    assert set(msgspec.json.decode(stored.state)) == {"fact", "told"}
    back = mapper.to_domain_event(stored)
    assert back == event
    assert str(back.fact.amount) == str(fact.amount), "1.0 stays 1.0"


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation, as far as facts use them."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of(*map(_values, inner))
    if origin is Annotated:
        return _values(inner[0])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(_values(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(_values, inner))
    if origin in (list, frozenset):
        return st.lists(_values(inner[0]), max_size=3).map(origin)
    if kind is Any:
        return _json
    if origin is dict:
        return st.dictionaries(*map(_values, inner), max_size=3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _structs(kind)
    plain = {datetime: _times, Decimal: _amounts, int: st.integers(-(2**63), 2**63 - 1), str: _texts}
    plain[float] = st.floats(allow_nan=False, allow_infinity=False)  # JSON knows no others
    return plain[kind] if kind in plain else st.from_type(kind)


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)


def _structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{field.name: _values(hints[field.name]) for field in fields(kind)})


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TOPIC)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_fact_of_the_catalogue_reads_back(fact: type[Fact], data: st.DataObject) -> None:
    mapper = EventMapper(FACTS)
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    event: Event[Fact] = Event(
        originator_id="charger/t/A", originator_version=1, fact=data.draw(_structs(fact)), told=told
    )
    assert mapper.to_domain_event(mapper.to_stored_event(event)) == event


def test_the_catalogue_has_a_decoder_for_every_fact() -> None:
    mapper = EventMapper(FACTS)
    for fact in FACTS:
        with pytest.raises(UnreadableEvent, match=rf"{fact.TOPIC} on charger/t/A version 3: .*truncated"):
            mapper.to_domain_event(StoredEvent("charger/t/A", 3, fact.TOPIC, b'{"fact":'))


def test_an_unknown_topic_is_named_with_its_place() -> None:
    with pytest.raises(UnreadableEvent, match=r"test\.unheard on charger/t/A version 7: no fact"):
        EventMapper((Rich,)).to_domain_event(StoredEvent("charger/t/A", 7, "test.unheard", b"{}"))


def test_a_fact_out_of_the_catalogue_is_not_written() -> None:
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    event: Event[Fact] = Event(originator_id="a/t", originator_version=1, fact=Renamed(1), told=told)
    with pytest.raises(EventNotStorable, match="Renamed"):
        EventMapper((Rich,)).to_stored_event(event)


def test_half_a_surrogate_pair_is_not_storable() -> None:
    told = Told(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    event: Event[Fact] = Event(originator_id="a/t", originator_version=1, fact=Rich("\ud800"), told=told)
    with pytest.raises(EventNotStorable, match="surrogates"):
        EventMapper((Rich,)).to_stored_event(event)


def test_one_stored_name_is_one_fact() -> None:
    class Twin(Fact, frozen=True):
        TOPIC: ClassVar[str] = "test.rich"

    with pytest.raises(DuplicateTopic, match=r"test\.rich"):
        EventMapper((Rich, Twin))


def _to_number(state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "test.newer", {**state, "fact": {"count": int(state["fact"]["count"])}}


def _to_renamed(state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "test.renamed", {**state, "fact": {"number": state["fact"]["count"]}}


def _same_name(state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "test.renamed", {**state, "fact": {"number": state["fact"].get("number", -1)}}


_OLD_TOLD = b'"told":{"recorded_at":"2026-01-01T00:00:00Z"}}'


@pytest.mark.parametrize(("topic", "fact"), [("test.old", b'{"count":"5"}'), ("test.newer", b'{"count":5}')])
def test_old_shapes_are_carried_over_step_by_step(topic: str, fact: bytes) -> None:
    mapper = EventMapper((Renamed,), {"test.old": _to_number, "test.newer": _to_renamed})
    stored = StoredEvent("a/t", 1, topic, b'{"fact":' + fact + b"," + _OLD_TOLD)
    assert mapper.to_domain_event(stored).fact == Renamed(5)


def test_a_shape_may_change_under_its_own_name() -> None:
    mapper = EventMapper((Renamed,), {"test.renamed": _same_name})
    old = StoredEvent("a/t", 1, "test.renamed", b'{"fact":{},' + _OLD_TOLD)
    assert mapper.to_domain_event(old).fact == Renamed(-1)


def test_an_upcaster_that_fails_or_leads_nowhere_is_told_with_the_place() -> None:
    mapper = EventMapper((Renamed,), {"test.old": _to_number})
    for fact in (b"{}", b'{"count":"x"}', b'{"count":"5"}'):
        with pytest.raises(UnreadableEvent, match=r"test\.old on a/t version 1"):
            mapper.to_domain_event(StoredEvent("a/t", 1, "test.old", b'{"fact":' + fact + b"," + _OLD_TOLD))
