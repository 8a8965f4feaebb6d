"""Hashes are slow, and nobody else waits for them; any text is a password."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.people.argon2_hashes import Argon2Hashes
from application.proofs import Checked, HashingBusy
from tests.application.front_desk import quick_hashes


async def test_sec_26_the_loop_turns_while_a_password_is_hashed_at_full_cost() -> None:
    hashes, turns = Argon2Hashes(), 0
    hashing = asyncio.create_task(hashes.hash("tie-marble-lagoon-7"))
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100, "on the loop it would be two"
    assert (await hashing).startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    hashes.close()


async def test_sec_26_more_than_so_many_are_turned_away_at_once() -> None:
    hashes = quick_hashes(waiting=3)
    outcomes = await asyncio.gather(*(hashes.hash("x") for _ in range(10)), return_exceptions=True)
    assert [isinstance(one, HashingBusy) for one in outcomes] == [False] * 3 + [True] * 7
    assert (await hashes.check(None, "x")).good is False
    hashes.close()


@settings(max_examples=50)
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_hash_opens_for_its_password_alone(password: str, other: str) -> None:
    async def run() -> None:
        hashes = quick_hashes()
        kept = await hashes.hash(password)
        assert await hashes.check(kept, password) == Checked(good=True)
        assert (await hashes.check(kept, other)).good == (other == password)
        assert not (await hashes.check(None, password)).good
        hashes.close()

    asyncio.run(run())


async def test_a_hash_of_another_form_opens_for_nobody() -> None:
    hashes = quick_hashes()
    for kept in ("nonsense", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abc"):
        assert not (await hashes.check(kept, "x")).good
    hashes.close()


async def test_a_hash_at_a_lower_cost_is_told() -> None:
    cheap, dear = quick_hashes(), quick_hashes(time_cost=2)
    kept = await cheap.hash("x")
    assert await dear.check(kept, "x") == Checked(good=True, outdated=True)
    assert await dear.check(kept, "y") == Checked(good=False)
    for hashes in (cheap, dear):
        hashes.close()
    with pytest.raises(RuntimeError):
        await cheap.hash("x")
