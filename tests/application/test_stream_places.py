"""Live streams have places, counted over all processes; what breaks off is free again."""

from contextlib import AsyncExitStack

import pytest

from application.stream_places import LEASE_S, StreamLimits, StreamPlaces, TooManyStreams
from tests.fakes.fleet import InMemoryBroker

LIMITS = StreamLimits(per_credential=2, per_tenant=3)


class Hall:
    """Two processes on one broker."""

    def __init__(self) -> None:
        self.broker = InMemoryBroker()
        self.here, self.there = (StreamPlaces(self.broker.open_fleet().leases, LIMITS) for _ in range(2))


async def test_a_credential_and_a_tenant_have_so_many_places_over_all_processes() -> None:
    hall = Hall()
    async with hall.here.place("t", "key:a"), hall.there.place("t", "key:a"):
        with pytest.raises(TooManyStreams):
            await hall.here.place("t", "key:a").__aenter__()
        async with hall.here.place("t", "key:b"):
            with pytest.raises(TooManyStreams):
                await hall.there.place("t", "key:c").__aenter__()
            async with hall.there.place("u", "key:a"):
                pass
    async with AsyncExitStack() as again:
        for _ in range(2):
            await again.enter_async_context(hall.there.place("t", "key:a"))


async def test_a_place_nobody_renews_is_free_and_whoever_comes_back_to_it_is_told() -> None:
    hall = Hall()
    lost, kept = hall.here.place("t", "key:a"), hall.here.place("t", "key:a")
    await lost.__aenter__()
    await kept.__aenter__()
    hall.broker.seconds += LEASE_S - 1
    await kept.renew()
    hall.broker.seconds += 2
    async with hall.there.place("t", "key:a"):
        await kept.renew()
        with pytest.raises(TooManyStreams):
            await lost.renew()


async def test_without_the_broker_nobody_is_turned_away() -> None:
    hall = Hall()
    hall.broker.unavailable = True
    async with AsyncExitStack() as all_of_them:
        for _ in range(9):
            await all_of_them.enter_async_context(hall.here.place("t", "key:a"))
