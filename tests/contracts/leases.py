"""What all leases do: subclass `LeasesContract` and give it a `rig` fixture."""

import asyncio

import pytest

from application.fleet import Fleet, FleetUnavailable, Room
from tests.contracts.fleet import Rig

TOKEN, TENANT = Room("token/t/1", 2), Room("tenant/t", 3)


class LeasesContract:
    """The cases."""

    async def test_so_many_and_no_more_whoever_takes_them(self, here: Fleet, there: Fleet) -> None:
        for n, fleet in enumerate((here, there)):
            assert await fleet.leases.take(f"s{n}", [TOKEN], ttl_s=60) == ""
        assert await here.leases.take("s2", [TOKEN], ttl_s=60) == TOKEN.name
        assert await there.leases.take("s2", [Room("token/t/2", 2)], ttl_s=60) == ""

    async def test_one_full_room_takes_no_place_in_another(self, here: Fleet, there: Fleet) -> None:
        for n in range(3):
            assert await here.leases.take(f"s{n}", [Room(f"other/{n}", 9), TENANT], ttl_s=60) == ""
        for _ in range(5):
            assert await there.leases.take("x", [TOKEN, TENANT], ttl_s=60) == TENANT.name
        for n in range(2):
            assert await here.leases.take(f"y{n}", [TOKEN], ttl_s=60) == "", "the refused one holds nothing"

    async def test_what_is_renewed_takes_no_second_place(self, here: Fleet, there: Fleet) -> None:
        for fleet in (here, there, here):
            assert await fleet.leases.take("s0", [TOKEN], ttl_s=60) == ""
        assert await here.leases.take("s1", [TOKEN], ttl_s=60) == ""
        assert await here.leases.take("s0", [TOKEN], ttl_s=60) == ""

    async def test_what_is_given_back_is_free_in_all_its_rooms(self, here: Fleet, there: Fleet) -> None:
        for n in range(2):
            await here.leases.take(f"s{n}", [TOKEN, TENANT], ttl_s=60)
        for _ in range(2):
            await there.leases.give_back("s0")
        assert await there.leases.take("s2", [TOKEN, TENANT], ttl_s=60) == ""
        assert await there.leases.take("s3", [TOKEN, TENANT], ttl_s=60) == TOKEN.name

    async def test_what_nobody_renews_is_free_again(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        for n in range(2):
            assert await here.leases.take(f"s{n}", [TOKEN], ttl_s=0.05) == ""
        await rig.elapse(0.2)
        assert await there.leases.take("s2", [TOKEN], ttl_s=60) == ""

    async def test_a_short_lease_does_not_end_a_long_one(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        assert await here.leases.take("long", [Room("r", 2)], ttl_s=60) == ""
        assert await here.leases.take("short", [Room("r", 2)], ttl_s=0.05) == ""
        await rig.elapse(0.2)
        assert await there.leases.take("next", [Room("r", 2)], ttl_s=60) == ""
        assert await there.leases.take("too many", [Room("r", 2)], ttl_s=60) == "r"

    async def test_of_many_at_once_only_so_many_get_in(self, here: Fleet, there: Fleet) -> None:
        rooms = [Room("b", 5), Room("a", 50)]
        answers = await asyncio.gather(
            *(
                (here, there)[n % 2].leases.take(f"s{n}", rooms[:: 1 if n % 3 else -1], ttl_s=60)
                for n in range(40)
            )
        )
        assert answers.count("") == 5

    async def test_closed_it_leases_nothing(self, here: Fleet) -> None:
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.leases.take("s", [TOKEN], ttl_s=1)
