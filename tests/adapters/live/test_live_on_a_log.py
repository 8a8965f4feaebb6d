"""Streams on a real log: one decoding for all, none without listeners, and nothing missed when the database fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest

from adapters.eventstore.store import PostgresEventStore, open_store
from adapters.live import hub
from adapters.live.listening import Listening
from adapters.live.places import START, Place, Seals
from adapters.live.prepared import Prepared
from adapters.live.seats import Seat, Seats
from adapters.live.selection import Selection
from adapters.live.stream import Bounds
from adapters.live.streams import LiveSettings, LiveStreams, PlaceUnknown
from adapters.privacy.opening import decoding
from domain.catalogue import FACTS
from domain.tenants.roles import Right
from tests.adapters.live.logbook import SECRET, TENANT, metered
from tests.contracts.fleet import eventually
from tests.e2e.conditions import until

RIGHTS = frozenset(Right)
EVERY = Selection(meter="every")
PER_EVENT = 2


@pytest.fixture
async def store(postgres_dsn: str) -> AsyncIterator[PostgresEventStore]:
    """The log."""
    opened = open_store(postgres_dsn, FACTS)
    yield opened
    await opened.close()


@pytest.fixture
async def live(postgres_dsn: str) -> AsyncIterator[LiveStreams]:
    """The streams of a process."""
    opened = LiveStreams(postgres_dsn, decoding(FACTS), SECRET, LiveSettings(bounds=Bounds(messages=50)))
    yield opened
    opened.close()


async def tell(store: PostgresEventStore, first: int, last: int, tenant: str = TENANT) -> None:
    """Events of one stream, from version to version."""
    for version in range(first, last + 1):
        await store.append([metered(version, tenant)])


async def hear(listening: Listening, count: int) -> list[Prepared]:
    """So many messages, without those about the stream."""
    told: list[Prepared] = []
    async with asyncio.timeout(20):
        while len(told) < count:
            told += [m for m in await listening.next(5) if isinstance(m, Prepared)]
    return told


def listener(live: LiveStreams, after: Place | None = None, tenant: str = TENANT) -> Listening:
    return live.listen(tenant, RIGHTS, EVERY, after)


async def test_nobody_listens_and_nothing_is_read(live: LiveStreams, store: PostgresEventStore) -> None:
    await tell(store, 1, 3)
    assert live.hub.position is None
    assert live.hub.decoded == 0


async def test_a_thousand_listeners_cost_one_decoding_an_event(
    live: LiveStreams, store: PostgresEventStore
) -> None:
    listeners = [listener(live) for _ in range(1000)]
    for one in listeners:
        await one.begin_now()
    await tell(store, 1, 10)
    heard = await asyncio.gather(*(hear(one, 10 * PER_EVENT) for one in listeners))
    assert live.hub.decoded == 10
    assert live.archive.pieces == 0
    first = heard[0]
    assert all(told == first for told in heard)
    assert all(a is b for told in heard for a, b in zip(told, first, strict=True)), "the same bytes for all"
    for one in listeners:
        one.close()


async def test_what_other_tenants_do_is_neither_told_nor_decoded(
    live: LiveStreams, store: PostgresEventStore
) -> None:
    ours, theirs = listener(live), listener(live, tenant="hera")
    await ours.begin_now()
    await tell(store, 1, 5, "hera")
    await tell(store, 1, 2)
    told = await hear(ours, 2 * PER_EVENT)
    assert {message.tenant for message in told} == {TENANT}
    assert live.hub.decoded == 2
    ours.close()
    theirs.close()


async def test_one_who_comes_late_gets_all_while_the_log_grows(
    live: LiveStreams, store: PostgresEventStore
) -> None:
    await tell(store, 1, 300)
    late = listener(live, START)
    growing = asyncio.create_task(tell(store, 301, 700))
    told = await hear(late, 700 * PER_EVENT)
    await growing
    assert [m.place for m in told] == sorted({m.place for m in told})
    again = listener(live, told[500].place)
    assert await hear(again, len(told) - 501) == told[501:]
    late.close()
    again.close()


async def test_connections_that_are_cut_change_nothing(
    live: LiveStreams, store: PostgresEventStore, postgres_dsn: str
) -> None:
    one = listener(live)
    await one.begin_now()
    hearing = asyncio.create_task(hear(one, 60 * PER_EVENT))
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        for n in range(6):
            await tell(store, 10 * n + 1, 10 * n + 10)
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'zeus live' AND datname = current_database()"
            )
    told = await hearing
    assert [m.place for m in told] == sorted({m.place for m in told})
    assert len(told) == 60 * PER_EVENT
    one.close()


async def test_a_listener_who_is_flooded_reads_the_log_instead(
    live: LiveStreams, store: PostgresEventStore
) -> None:
    """What waits is bounded, and the log has the rest."""
    one = listener(live)
    await one.begin_now()
    await tell(store, 1, 200)
    await until(lambda: one.stream.fell_back > 0, "what waits is thrown away")
    assert one.stream.waiting == 0
    told = await hear(one, 200 * PER_EVENT)
    assert [m.place for m in told] == sorted({m.place for m in told})
    assert len(told) == 200 * PER_EVENT
    one.close()


async def test_what_was_pruned_is_told_as_a_gap(
    live: LiveStreams, store: PostgresEventStore, postgres_dsn: str
) -> None:
    await tell(store, 1, 10)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("SET session_replication_role = replica")  # the log refuses it otherwise
        connection.execute("DELETE FROM eventstore.stored_events WHERE notification_id <= 6")
    one = listener(live, Place(2))
    (gap,) = await one.next(5)
    seal = Seals(SECRET).of(TENANT)
    assert gap.type == "stream.gap"
    assert gap.body.find(f'"from":"{seal.seal(Place(2))}","to":"{seal.seal(Place(6))}"'.encode()) > 0
    assert gap.id == seal.seal(Place(6))
    told = await hear(one, 4 * PER_EVENT)
    assert [m.place.position for m in told[::PER_EVENT]] == [7, 8, 9, 10]
    one.close()


async def test_a_place_beyond_the_log_is_a_gap_too(live: LiveStreams, store: PostgresEventStore) -> None:
    """The database was restored from a copy that is older than the place."""
    await tell(store, 1, 3)
    one = listener(live, Place(99))
    (gap,) = await one.next(5)
    assert gap.type == "stream.gap"
    await tell(store, 4, 4)
    assert [m.place.position for m in await hear(one, PER_EVENT)] == [4, 4]
    one.close()


async def test_an_event_that_cannot_be_read_is_told_as_such(
    live: LiveStreams, store: PostgresEventStore, postgres_dsn: str
) -> None:
    one = listener(live)
    await one.begin_now()
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(
            "SELECT eventstore.append_stored_events(%s, %s, %s, %s)",
            ([f"charger/{TENANT}/X"], [1], ["charger.of_the_future"], [b"{}"]),
        )
    await tell(store, 1, 1)
    told = await hear(one, 1 + PER_EVENT)
    assert [m.type for m in told] == ["stream.unreadable", "meter.sample", "session.updated"]
    one.close()


async def test_the_reader_ends_after_the_last_listener(
    live: LiveStreams, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LINGER_S", 0.05)
    one = listener(live)
    await one.begin_now()
    one.close()
    await asyncio.sleep(0.2)
    assert live.hub.position is None
    two = listener(live)
    await two.begin_now()
    await tell(store, 1, 1)
    assert len(await hear(two, PER_EVENT)) == PER_EVENT
    two.close()


def test_a_place_of_another_tenant_is_as_unknown_as_none_at_all(live: LiveStreams) -> None:
    theirs = Seals(SECRET).of("hera").seal(Place(7))
    for text in (theirs, "nonsense", ""):
        with pytest.raises(PlaceUnknown):
            live.place_of(TENANT, text)
    assert live.place_of("hera", theirs) == Place(7)
    assert live.place_of(TENANT, "beginning") == START


async def seated(seats: Seats, rows: Sequence[tuple[str, int]]) -> bool:
    return isinstance(await seats.take(rows), Seat)


async def test_seats_are_counted_over_all_processes(postgres_dsn: str) -> None:
    here, there = Seats(postgres_dsn), Seats(postgres_dsn)
    rows = (("credential a", 3), ("tenant t", 4))
    taken = [await here.take(rows), await there.take(rows), await here.take(rows)]
    assert all(isinstance(one, Seat) for one in taken)
    assert await there.take(rows) == "credential a"
    assert isinstance(await there.take((("credential b", 3), ("tenant t", 4))), Seat)
    assert await here.take((("credential c", 3), ("tenant t", 4))) == "tenant t"
    first = taken[0]
    assert isinstance(first, Seat)
    await first.leave()
    assert isinstance(await there.take(rows), Seat)
    there.close()  # as if it had died: what it held is free once the server has seen that
    await eventually(lambda: seated(here, rows))
    assert isinstance(await here.take((("credential c", 3), ("tenant t", 4))), Seat)
    here.close()
