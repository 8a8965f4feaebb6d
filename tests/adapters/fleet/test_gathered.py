"""Questions asked together: each is answered, whatever happens to the others."""

import asyncio
from collections.abc import Mapping

import pytest

from adapters.postgres.gathered import Gathered
from application.fleet import FleetUnavailable


class Doubler:
    """Doubles numbers when let; `batches` are the keys it was asked together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.let = asyncio.Event()
        self.fails = False

    async def __call__(self, questions: Mapping[str, int]) -> dict[str, int]:
        self.batches.append(list(questions))
        await self.let.wait()
        if self.fails:
            raise FleetUnavailable("away")
        return {key: 2 * number for key, number in questions.items()}


async def test_who_comes_meanwhile_is_asked_together() -> None:
    doubler = Doubler()
    gathered = Gathered(doubler, patience_s=5.0)
    asked = [asyncio.create_task(gathered.ask(f"k{n}", n)) for n in range(1200)]
    await asyncio.sleep(0)
    doubler.let.set()
    assert await asyncio.gather(*asked) == [2 * n for n in range(1200)]
    assert [len(batch) for batch in doubler.batches] == [500, 500, 200]


async def test_one_key_is_asked_once_at_a_time_and_in_order() -> None:
    doubler = Doubler()
    gathered = Gathered(doubler, patience_s=5.0)
    doubler.let.set()
    assert await asyncio.gather(*(gathered.ask("k", n) for n in range(3))) == [0, 2, 4]
    assert doubler.batches == [["k"], ["k"], ["k"]]


async def test_an_error_is_told_to_all_who_wait_and_ends_there() -> None:
    doubler = Doubler()
    gathered = Gathered(doubler, patience_s=5.0)
    doubler.fails = True
    doubler.let.set()
    outcomes = await asyncio.gather(*(gathered.ask(f"k{n}", n) for n in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [FleetUnavailable] * 3
    doubler.fails = False
    assert await gathered.ask("k", 4) == 8


async def test_nobody_waits_longer_than_patience_and_who_left_is_not_asked_for() -> None:
    doubler = Doubler()
    gathered = Gathered(doubler, patience_s=0.05)
    first = asyncio.create_task(gathered.ask("first", 1))
    await asyncio.sleep(0)
    for task in (first, asyncio.create_task(gathered.ask("second", 2))):
        with pytest.raises(FleetUnavailable):
            await task
    doubler.let.set()
    assert await gathered.ask("third", 3) == 6
    assert doubler.batches == [["first"], ["third"]]
