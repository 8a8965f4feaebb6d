"""What every event store does: subclass `EventStoreContract` and give it a `store` fixture."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from application.ports import EventStore, Loaded, Snapshot, StoreUnavailable, VersionConflict
from domain.event import Event, Fact, Told


class Counted(Fact, frozen=True):
    """A fact of the tests."""

    TOPIC: ClassVar[str] = "test.counted"
    number: int
    amount: Decimal = Decimal(0)
    labels: tuple[str, ...] = ()
    at: datetime | None = None


TOLD = Told(
    recorded_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), cause="m1", frame="[2]", reply="[3]"
)


def counted(stream: str, version: int, number: int = 0) -> Event[Fact]:
    """An event with a number to tell it by."""
    return Event(originator_id=stream, originator_version=version, fact=Counted(number), told=TOLD)


class EventStoreContract:
    """The cases. `store` is empty and open."""

    async def test_reads_back_what_was_written(self, store: EventStore) -> None:
        first, second = counted("charger/t/A", 1, 10), counted("charger/t/A", 2, 20)
        await store.append([first])
        await store.append([second])
        assert await store.read("charger/t/A") == [first, second]
        assert await store.read("charger/t/A", after=1) == [second]
        assert await store.read("charger/t/A", after=2) == []

    async def test_an_unknown_stream_is_empty(self, store: EventStore) -> None:
        assert await store.read("charger/t/NOBODY") == []
        assert await store.load("charger/t/NOBODY", "k1") == Loaded(None, [])
        assert await store.snapshot("charger/t/NOBODY") is None

    async def test_positions_grow_in_the_order_given(self, store: EventStore) -> None:
        unit = [counted(f"charger/t/{name}", 1) for name in "ZAMB"]
        first = await store.append(unit)
        second = await store.append([counted("charger/t/Z", 2)])
        assert first == sorted(set(first))
        assert len(first) == 4
        assert second > first[-1:]

    async def test_nothing_is_stored_for_no_events(self, store: EventStore) -> None:
        assert await store.append([]) == []

    async def test_a_taken_version_is_a_conflict_and_changes_nothing(self, store: EventStore) -> None:
        await store.append([counted("charger/t/A", 1, 1)])
        with pytest.raises(VersionConflict):
            await store.append([counted("charger/t/A", 1, 2)])
        assert await store.read("charger/t/A") == [counted("charger/t/A", 1, 1)]

    async def test_even_the_same_event_twice_is_a_conflict(self, store: EventStore) -> None:
        """Who claims a number by a stream's first version must lose when another has it, whoever it is."""
        await store.append([counted("transaction-number/t/1", 1)])
        with pytest.raises(VersionConflict):
            await store.append([counted("transaction-number/t/1", 1)])

    async def test_a_unit_over_streams_is_all_or_nothing(self, store: EventStore) -> None:
        await store.append([counted("charger/t/B", 1)])
        with pytest.raises(VersionConflict):
            await store.append([counted("charger/t/A", 1), counted("charger/t/B", 1)])
        assert await store.read("charger/t/A") == []

    async def test_one_unit_cannot_use_a_version_twice(self, store: EventStore) -> None:
        with pytest.raises(VersionConflict):
            await store.append([counted("charger/t/A", 1), counted("charger/t/A", 1)])
        assert await store.read("charger/t/A") == []

    async def test_of_many_who_want_one_version_exactly_one_gets_it(self, store: EventStore) -> None:
        results = await asyncio.gather(
            *(store.append([counted("charger/t/A", 1, n)]) for n in range(20)), return_exceptions=True
        )
        winners = [n for n, result in enumerate(results) if isinstance(result, list)]
        assert len(winners) == 1
        assert sum(isinstance(result, VersionConflict) for result in results) == 19
        assert await store.read("charger/t/A") == [counted("charger/t/A", 1, winners[0])]

    async def test_a_snapshot_and_the_tail_make_a_stream(self, store: EventStore) -> None:
        events = [counted("charger/t/A", version) for version in (1, 2, 3)]
        await store.append(events)
        snapshot = Snapshot("charger/t/A", 2, "charger-1", b"\x00state")
        await store.save_snapshot(snapshot)
        assert await store.snapshot("charger/t/A") == snapshot
        assert await store.load("charger/t/A", "charger-1") == Loaded(snapshot, events[2:])

    async def test_a_snapshot_of_another_kind_is_not_used(self, store: EventStore) -> None:
        await store.append([counted("charger/t/A", 1)])
        await store.save_snapshot(Snapshot("charger/t/A", 1, "charger-1", b"old"))
        assert await store.load("charger/t/A", "charger-2") == Loaded(None, [counted("charger/t/A", 1)])

    async def test_a_newer_snapshot_takes_the_place_of_an_older(self, store: EventStore) -> None:
        for version, kind, stays in ((2, "k1", 2), (5, "k1", 5), (3, "k1", 5), (1, "k2", 1)):
            await store.save_snapshot(Snapshot("charger/t/A", version, kind, b""))
            kept = await store.snapshot("charger/t/A")
            assert kept is not None
            assert kept.version == stays

    async def test_many_loads_at_once(self, store: EventStore) -> None:
        streams = [f"charger/t/{n}" for n in range(300)]
        await asyncio.gather(*(store.append([counted(stream, 1)]) for stream in streams))
        loaded = await asyncio.gather(*(store.load(stream, "k") for stream in streams))
        assert loaded == [Loaded(None, [counted(stream, 1)]) for stream in streams]

    async def test_a_closed_store_takes_nothing(self, store: EventStore) -> None:
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.append([counted("charger/t/A", 1)])
        with pytest.raises(StoreUnavailable):
            await store.read("charger/t/A")
