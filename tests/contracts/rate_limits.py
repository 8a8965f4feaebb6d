"""What all rate limits do: subclass `RateLimitsContract` and give it a `rig` fixture."""

import asyncio
from time import monotonic

import pytest

from application.fleet import Fleet, FleetUnavailable
from tests.contracts.fleet import Rig


class RateLimitsContract:
    """The cases."""

    async def test_a_burst_is_granted_then_one_waits(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        for fleet in (here, there, here):
            assert await fleet.limits.take("n", per_s=0.5, burst=3) == 0.0
        wait_s = await there.limits.take("n", per_s=0.5, burst=3)
        assert 0.0 < wait_s <= 2.0

    async def test_who_waited_as_told_is_granted(self, rig: Rig, here: Fleet) -> None:
        for _ in range(2):
            assert await here.limits.take("n", per_s=10, burst=2) == 0.0
        wait_s = await here.limits.take("n", per_s=10, burst=2)
        assert 0.0 < wait_s < 0.11
        await rig.elapse(wait_s + 0.001)
        assert await here.limits.take("n", per_s=10, burst=2) == 0.0

    async def test_a_refusal_takes_nothing(self, here: Fleet, there: Fleet) -> None:
        assert await here.limits.take("n", per_s=0.5, burst=1) == 0.0
        for _ in range(50):
            assert 0.0 < await there.limits.take("n", per_s=0.5, burst=1) <= 2.0

    async def test_names_have_buckets_of_their_own(self, here: Fleet) -> None:
        for name in ("a", "b", "a:b", "é %", ""):
            assert await here.limits.take(name, per_s=0.001, burst=1) == 0.0
            assert await here.limits.take(name, per_s=0.001, burst=1) > 900

    async def test_a_greater_cost_waits_longer(self, here: Fleet) -> None:
        assert await here.limits.take("n", per_s=0.1, burst=10, cost=8) == 0.0
        assert 25.0 < await here.limits.take("n", per_s=0.1, burst=10, cost=5) <= 30.0
        assert await here.limits.take("n", per_s=0.1, burst=10, cost=2) == 0.0

    @pytest.mark.parametrize(
        ("per_s", "burst", "cost"), [(1.0, 3, 4), (1.0, 3, 0), (0.0, 3, 1), (-1.0, 3, 1)]
    )
    async def test_what_no_wait_could_grant_is_refused(
        self, here: Fleet, per_s: float, burst: int, cost: int
    ) -> None:
        with pytest.raises(ValueError, match="cost"):
            await here.limits.take("n", per_s=per_s, burst=burst, cost=cost)

    async def test_all_takers_together_never_get_more(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        per_s, burst, granted = 100.0, 10, 0
        begin, told = monotonic(), rig.now()

        async def takes(fleet: Fleet) -> int:
            got = 0
            for _ in range(40):
                got += await fleet.limits.take("n", per_s=per_s, burst=burst) == 0.0
                await rig.elapse(0.001)
            return got

        granted = sum(await asyncio.gather(*(takes(fleet) for fleet in (here, there) * 3)))
        elapsed_s = max(monotonic() - begin, (rig.now() - told).total_seconds())
        assert burst <= granted <= burst + per_s * elapsed_s

    async def test_closed_limits_grant_nothing(self, here: Fleet) -> None:
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.limits.take("n", per_s=1, burst=1)
