"""What `Idempotency-Key` promises: a repetition is answered as before, and a refusal is decided anew."""

import asyncio

import httpx
import pytest

from adapters.http.problems import Problem
from tests.adapters.http.conftest import AUTH, Shop
from tests.adapters.http.shelf import POKE, THINGS
from tests.adapters.http.test_rules import problem


async def test_a_repetition_with_its_key_is_answered_as_before(shop: Shop) -> None:
    keyed = {"Idempotency-Key": "k-1"}
    first = await shop.client.post(THINGS, json={"name": "a"}, headers=keyed)
    again = await shop.client.post(THINGS, json={"name": "a"}, headers=keyed)
    assert (first.status_code, again.status_code, len(shop.shelf.seen)) == (201, 201, 1)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == "application/json"
    assert again.json() == {**first.json(), "secret": None}  # what is shown once is not kept
    assert shop.shelf.seen[0].key


async def test_a_key_is_good_for_one_request(shop: Shop) -> None:
    keyed = {"Idempotency-Key": "k-1"}
    await shop.client.post(THINGS, json={"name": "a"}, headers=keyed)
    other = await shop.client.post(THINGS, json={"name": "b"}, headers=keyed)
    problem(other, 422, "idempotency_mismatch")
    assert (await shop.client.post(POKE, headers=keyed)).status_code == 200  # another path, another scope
    problem(await shop.client.post(f"{POKE}?hard=true", headers=keyed), 422, "idempotency_mismatch")
    names = {doing.key for doing in shop.shelf.seen}
    assert len(names) == len(shop.shelf.seen) == 2


async def test_a_key_under_way_is_told_so(shop: Shop) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await gate.wait()

    shop.shelf.poke = slow
    first = asyncio.create_task(shop.client.post(POKE, headers={"Idempotency-Key": "k"}))
    await begun.wait()
    second = await shop.client.post(POKE, headers={"Idempotency-Key": "k"})
    problem(second, 409, "in_progress")
    assert second.headers["retry-after"] == "1"
    gate.set()
    assert (await first).status_code == 200
    third = await shop.client.post(POKE, headers={"Idempotency-Key": "k"})
    assert (third.status_code, third.headers["idempotent-replayed"]) == (200, "true")
    assert len(shop.shelf.seen) == 1


async def test_a_refusal_is_decided_anew(shop: Shop) -> None:
    for error in (
        Problem("offline"),
        Problem("timeout"),
        Problem("callerror", extra={"ocpp": {"code": "InternalError", "description": ""}}),
        Problem("unsupported_by_charger", extra={"rule": "V1"}),
    ):

        async def refuse(error: Problem = error) -> None:
            raise error

        keyed, before = {"Idempotency-Key": f"k-{error.code}"}, len(shop.shelf.seen)
        shop.shelf.poke = refuse
        first = await shop.client.post(POKE, headers=keyed)
        assert (first.status_code, first.json()["code"]) == (error.status, error.code)
        assert error.extra.items() <= first.json().items()
        shop.shelf.poke = None
        again = await shop.client.post(POKE, headers=keyed)
        assert (again.status_code, "idempotent-replayed" in again.headers) == (200, False)
        assert len(shop.shelf.seen) - before == 2


async def test_two_keys_are_none(shop: Shop) -> None:
    headers = httpx.Headers([*AUTH.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    problem(await shop.client.post(POKE, headers=headers), 400, "malformed")


async def test_a_crash_frees_the_key_and_is_a_problem(shop: Shop) -> None:
    async def crash() -> None:
        raise RuntimeError("a bug")

    shop.shelf.poke = crash
    for _ in range(2):
        response = await shop.client.post(POKE, headers={"Idempotency-Key": "k", "X-Request-Id": "mine"})
        found = problem(response, 500, "internal")
        assert "mine" in str(found["detail"])
        assert "a bug" not in response.text
    assert len(shop.shelf.seen) == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 129, "é", "a\tb"])
async def test_a_key_that_is_none_is_refused(shop: Shop, key: str) -> None:
    response = await shop.client.post(POKE, headers={"Idempotency-Key": key.encode()})
    found = problem(response, 400, "malformed")
    assert "Idempotency-Key" in str(found["errors"])
    assert shop.shelf.seen == []
