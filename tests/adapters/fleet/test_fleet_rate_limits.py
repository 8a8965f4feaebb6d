"""The contract of `application.fleet.RateLimits` on the fake, on Postgres and on Redis."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.rate_limits import RateLimitsContract
from tests.fakes.fleet import InMemoryBroker


class TestInMemory(OnFake, RateLimitsContract):
    """The fake."""

    @given(
        per_s=st.sampled_from([0.1, 1.0, 3.0, 1000.0]),
        burst=st.integers(1, 20),
        asked=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), min_size=1, max_size=40),
    )
    def test_no_span_of_time_sees_more_than_promised(
        self, per_s: float, burst: int, asked: list[tuple[float, int]]
    ) -> None:
        """Nor less: what is granted is what was missing, to the moment."""
        asyncio.run(self._no_span_sees_more(per_s, burst, asked))

    async def _no_span_sees_more(self, per_s: float, burst: int, asked: list[tuple[float, int]]) -> None:
        broker = InMemoryBroker()
        limits = broker.open_fleet().limits
        granted: list[tuple[float, int]] = []
        for pause_s, wanted in asked:
            broker.seconds += pause_s / per_s
            cost = min(wanted, burst)
            if wait_s := await limits.take("n", per_s=per_s, burst=burst, cost=cost):
                broker.seconds += wait_s
                assert await limits.take("n", per_s=per_s, burst=burst, cost=cost) == 0.0
            granted.append((broker.seconds, cost))
        for first, (since, _) in enumerate(granted):
            total = 0
            for at, cost in granted[first:]:
                total += cost
                assert total <= burst + per_s * (at - since) + 1e-6


class TestPostgres(OnPostgres, RateLimitsContract):
    """A real server."""


class TestRedis(OnRedis, RateLimitsContract):
    """A real server."""
