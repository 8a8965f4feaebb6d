"""Refused handshakes: a storm is a few rows, and their counts add up to the number of knocks."""

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.attempts import KINDS, Attempts
from application.ports import StoreUnavailable
from domain.chargers.events import HandshakeRefused
from tests.fakes.event_store import InMemoryEventStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KNOCK = HandshakeRefused(
    cpid="CP1", reason="id_unknown", status=404, hint="Compare.", remote="10.0.0.1", path="/ocpp/CP1"
)


def refusal(n: int) -> HandshakeRefused:
    return msgspec.structs.replace(KNOCK, cpid=f"CP{n}", path=f"/ocpp/CP{n}")


def recorded(store: InMemoryEventStore) -> list[HandshakeRefused]:
    facts = [one.event.fact for one in store.log]
    assert all(isinstance(fact, HandshakeRefused) for fact in facts)
    return [fact for fact in facts if isinstance(fact, HandshakeRefused)]


async def knock(attempts: Attempts, fact: HandshakeRefused) -> None:
    try:
        await attempts.refused(fact, NOW)
    except StoreUnavailable:
        return


async def flush(attempts: Attempts) -> None:
    try:
        await attempts.flush(NOW, everything=True)
    except StoreUnavailable:
        return


async def test_the_first_is_recorded_at_once_and_the_repetitions_as_a_count() -> None:
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    for _ in range(60):
        await attempts.refused(KNOCK, NOW)
    assert recorded(store) == [KNOCK]
    await attempts.flush(NOW)
    assert recorded(store) == [KNOCK], "the window is not over"
    await attempts.flush(NOW, everything=True)
    assert recorded(store) == [KNOCK, msgspec.structs.replace(KNOCK, count=59)]
    await attempts.flush(NOW, everything=True)
    assert len(store.log) == 2, "nothing is told twice"
    assert len({one.event.originator_id for one in store.log}) == 2
    assert all(one.event.originator_id.startswith("attempt/t/") for one in store.log)


@pytest.mark.parametrize("differing", ["cpid", "reason", "remote", "path"])
async def test_attempts_that_differ_have_rows_of_their_own(differing: str) -> None:
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    other = msgspec.structs.replace(KNOCK, **{differing: "another"})
    for fact in (KNOCK, other, KNOCK, other):
        await attempts.refused(fact, NOW)
    assert recorded(store) == [KNOCK, other]


steps = st.lists(st.sampled_from(["knock 1", "knock 2", "knock 3", "flush", "down", "up"]), max_size=60)


@given(steps)
async def test_the_counts_add_up_whatever_the_store_does(steps: list[str]) -> None:
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    knocks: Counter[str] = Counter()
    for step in steps:
        if step.startswith("knock"):
            fact = refusal(int(step[-1]))
            knocks[fact.cpid] += 1
            await knock(attempts, fact)
        elif step == "flush":
            await flush(attempts)
        else:
            store.unavailable = step == "down"
    store.unavailable = False
    await attempts.flush(NOW, everything=True)
    told: Counter[str] = Counter()
    for fact in recorded(store):
        told[fact.cpid] += fact.count
    assert told == knocks


async def test_variety_without_end_costs_bounded_memory_and_a_bounded_log() -> None:
    """An attacker chooses path, id and (with a network of his own) address; the reasons are ours."""
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    knocks = KINDS + 1_000
    for n in range(knocks):
        reason = "id_unknown" if n % 2 else "path_malformed"
        fact = msgspec.structs.replace(refusal(n), reason=reason, remote=f"2001:db8::{n:x}")
        await attempts.refused(fact, NOW)
    assert len(store.log) <= KINDS + 2
    crowd = recorded(store)[-1]
    assert (crowd.cpid, crowd.path, crowd.remote) == ("", "", "")
    await attempts.flush(NOW, everything=True)
    assert sum(fact.count for fact in recorded(store)) == knocks
    await attempts.refused(refusal(0), NOW)
    assert recorded(store)[-1] == refusal(0), "there is room again"


async def test_a_full_book_keeps_what_the_store_could_not_take() -> None:
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    for n in range(KINDS):
        await knock(attempts, refusal(n))
        await knock(attempts, refusal(n))
    store.unavailable = True
    with pytest.raises(StoreUnavailable):
        await attempts.flush(NOW, everything=True)
    await knock(attempts, refusal(KINDS))
    store.unavailable = False
    await attempts.flush(NOW, everything=True)
    assert sum(fact.count for fact in recorded(store)) == 2 * KINDS + 1


async def test_sec_05_an_enumerator_who_has_to_wait_writes_one_row_whatever_ids_he_makes_up() -> None:
    store = InMemoryEventStore()
    attempts = Attempts(store, "t")
    for n in range(500):
        await attempts.refused(msgspec.structs.replace(refusal(n), reason="rate_limited"), NOW)
    await attempts.refused(msgspec.structs.replace(KNOCK, reason="rate_limited", known=True), NOW)
    await attempts.flush(NOW, everything=True)
    assert [(fact.cpid, fact.count) for fact in recorded(store)] == [("", 1), ("CP1", 1), ("", 499)]
