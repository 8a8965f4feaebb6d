"""What all memories of waits do: subclass `WaitsContract` and give it a `rig` fixture."""

import pytest

from application.fleet import Fleet, FleetUnavailable
from tests.contracts.fleet import Rig


class WaitsContract:
    """The cases."""

    async def test_what_one_puts_the_other_finds(self, here: Fleet, there: Fleet) -> None:
        await here.waits.put("door/a", "once", wait_s=60, kept_s=60)
        [found] = await there.waits.all("door/")
        assert (found.name, found.note) == ("door/a", "once")
        assert 50 < found.left_s <= 60

    async def test_the_last_one_counts(self, here: Fleet, there: Fleet) -> None:
        await here.waits.put("door/a", "once", wait_s=60, kept_s=60)
        await there.waits.put("door/a", "twice", wait_s=120, kept_s=60)
        [found] = await here.waits.all("door/")
        assert found.note == "twice"
        assert 100 < found.left_s <= 120

    async def test_a_wait_that_is_over_is_remembered_for_a_while(self, rig: Rig, here: Fleet) -> None:
        await here.waits.put("door/a", "", wait_s=0.05, kept_s=60)
        await here.waits.put("door/b", "", wait_s=0.05, kept_s=0.05)
        await rig.elapse(0.2)
        [found] = await here.waits.all("door/")
        assert found.name == "door/a"
        assert -10 < found.left_s < 0

    async def test_names_are_told_apart_by_how_they_begin(self, here: Fleet) -> None:
        for name in ("door/a", "door/*", "api/a", "door/é %:"):
            await here.waits.put(name, "", wait_s=60, kept_s=60)
        assert {one.name for one in await here.waits.all("door/")} == {"door/a", "door/*", "door/é %:"}
        assert [one.name for one in await here.waits.all("door/*")] == ["door/*"]
        assert await here.waits.all("elsewhere/") == []

    async def test_closed_it_tells_nothing(self, here: Fleet) -> None:
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.waits.all("")
