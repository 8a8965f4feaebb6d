"""Given what happened to an artefact, when a link is used, then it opens, or it is used up."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.artefacts.artefact import (
    MOST_REQUESTS,
    Artefact,
    ArtefactAlreadyStored,
    ArtefactUnknown,
    LinkUnusable,
)
from domain.artefacts.coverage import covers, joined
from domain.artefacts.events import Fetched, Kind, Purpose, Released, Stored, Withdrawn
from domain.event import Fact, Told, events_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
STREAM = "artefact/t/1"
FIRMWARE = Stored(name="fw.bin", kind=Kind.FIRMWARE, size_bytes=10, sha256="ab", blob="b")
DOWN = Released(link="l", charger="CP1", purpose=Purpose.DOWNLOAD, expires_at=LATER)
UP = Released(link="u", charger="CP1", purpose=Purpose.UPLOAD, expires_at=LATER, max_bytes=5)
LOG = Stored(name="log", kind=Kind.UPLOAD, size_bytes=3, sha256="cd", blob="c", link="u", charger="CP1")

spans = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (min(pair), max(pair)))


def given_(*facts: Fact) -> Artefact:
    return tell(Artefact(STREAM), *facts)


def tell(state: Artefact, *facts: Fact) -> Artefact:
    for event in events_of(STREAM, state.version, facts, Told(recorded_at=NOON)):
        state.when(event)
    return state


@given(st.lists(spans, max_size=12))
def test_joined_spans_hold_the_same_bytes_in_order_and_apart(pieces: list[tuple[int, int]]) -> None:
    found: list[tuple[int, int]] = []
    for piece in pieces:
        found = joined(found, piece)
    assert {n for a, b in found for n in range(a, b)} == {n for a, b in pieces for n in range(a, b)}
    assert all(a < b for a, b in found)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(found))


@settings(max_examples=200)
@given(size=st.integers(1, 12), uses=st.integers(1, 3), pieces=st.lists(spans, max_size=30))
def test_a_download_link_opens_until_every_byte_went_over_it_as_often_as_allowed(
    size: int, uses: int, pieces: list[tuple[int, int]]
) -> None:
    stored = Stored(name="f", kind=Kind.FIRMWARE, size_bytes=size, sha256="", blob="b")
    released = Released(link="l", charger="C", purpose=Purpose.DOWNLOAD, expires_at=LATER, uses=uses)
    state = given_(stored, released)
    missing, rounds = set(range(size)), 0
    for start, end in pieces:
        span = (min(start, size), min(end, size))
        if rounds == uses:
            with pytest.raises(LinkUnusable):
                state.link("l", Purpose.DOWNLOAD, NOON)
            return
        state.link("l", Purpose.DOWNLOAD, NOON)
        missing -= set(range(*span))
        facts: list[Any] = state.fetch("l", span, "")
        assert [fact.complete for fact in facts] == [not missing]
        if not missing:
            missing, rounds = set(range(size)), rounds + 1
        tell(state, *facts)


def test_an_upload_link_takes_one_upload() -> None:
    state = given_(UP)
    assert state.receive(LOG, NOON) == [LOG]
    tell(state, LOG)
    assert state.content() == LOG
    with pytest.raises(LinkUnusable):
        state.receive(LOG, NOON)


@pytest.mark.parametrize(
    ("facts", "link", "purpose", "now"),
    [
        ((FIRMWARE, DOWN), "other", Purpose.DOWNLOAD, NOON),
        ((FIRMWARE, DOWN), "l", Purpose.UPLOAD, NOON),
        ((FIRMWARE, DOWN), "l", Purpose.DOWNLOAD, LATER),
        ((FIRMWARE, DOWN, Withdrawn()), "l", Purpose.DOWNLOAD, NOON),
        ((FIRMWARE, DOWN, Fetched(link="l", length=10, complete=True)), "l", Purpose.DOWNLOAD, NOON),
        ((UP,), "u", Purpose.DOWNLOAD, NOON),
        ((UP,), "u", Purpose.UPLOAD, LATER),
        ((), "u", Purpose.UPLOAD, NOON),
    ],
)
def test_a_link_opens_nothing_else(
    facts: tuple[Fact, ...], link: str, purpose: Purpose, now: datetime
) -> None:
    with pytest.raises(LinkUnusable):
        given_(*facts).link(link, purpose, now)


def test_a_link_is_worn_out_by_endless_pieces() -> None:
    state = given_(FIRMWARE, DOWN)
    tell(state, *([Fetched(link="l", length=1)] * (MOST_REQUESTS - 1)))
    state.link("l", Purpose.DOWNLOAD, NOON)
    with pytest.raises(LinkUnusable):
        tell(state, Fetched(link="l", length=1)).link("l", Purpose.DOWNLOAD, NOON)


def test_what_is_not_there_cannot_be_linked_to_and_nothing_is_stored_twice() -> None:
    assert given_().store(FIRMWARE) == [FIRMWARE]
    for nothing in (given_(), given_(UP), given_(FIRMWARE, Withdrawn())):
        with pytest.raises(ArtefactUnknown):
            nothing.release(DOWN)
    assert given_().release(UP) == [UP]
    for something in (given_(FIRMWARE), given_(UP)):
        with pytest.raises(ArtefactAlreadyStored):
            something.store(FIRMWARE)


def test_withdrawing_twice_is_withdrawing_once() -> None:
    state = given_(FIRMWARE)
    assert state.withdraw("old") == [Withdrawn("old")]
    assert tell(state, Withdrawn("old")).withdraw("again") == []
    with pytest.raises(ArtefactUnknown):
        given_().withdraw("")


def test_a_file_is_covered_from_its_first_byte_to_its_last() -> None:
    assert not covers([], 1)
    assert covers([(0, 3)], 3)
    assert not covers([(1, 3)], 3)
