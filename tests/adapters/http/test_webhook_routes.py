"""Webhooks over the API: made once, shown without their secret, changed, tried, removed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from domain.tenants.roles import Role
from tests.adapters.http.test_rules import problem
from tests.adapters.http.two_tenants import API, OURS, Two, two_tenants

HOOK = {"url": "https://billing.invalid/zeus", "types": ["session.*"], "chargers": ["cp-1"], "meter": "none"}


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        yield world


async def test_one_is_made_once_and_its_secret_is_shown_once(two: Two) -> None:
    client = two.client(OURS, Role.TENANT_ADMIN)
    key = {"Idempotency-Key": "make-it-once"}
    first = await client.post(f"{API}/webhooks", json=HOOK, headers=key)
    again = await client.post(f"{API}/webhooks", json=HOOK, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["secret"].startswith("whsec_")
    assert again.json() == {**first.json(), "secret": None}
    await two.project()
    shown = await client.get(first.headers["location"])
    assert shown.json()["types"] == ["session.*"]
    assert shown.json()["chargers"] == ["CP-1"]
    assert "whsec" not in shown.text
    assert "whsec" not in (await client.get(f"{API}/webhooks")).text


async def test_it_is_changed_paused_and_removed(two: Two) -> None:
    client = two.client(OURS)
    place = (await client.post(f"{API}/webhooks", json=HOOK)).headers["location"]

    async def now() -> dict[str, Any]:
        await two.project()
        found: dict[str, Any] = (await client.get(place)).json()
        return found

    assert (await client.patch(place, json={"types": [], "name": "Billing"})).status_code == 204
    assert {"types": None, "name": "Billing", "url": HOOK["url"]}.items() <= (await now()).items()
    assert (await client.post(f"{place}/pause", params={"reason": "moving"})).status_code == 204
    assert {"condition": "paused", "reason": "moving"}.items() <= (await now()).items()
    assert (await client.post(f"{place}/resume")).status_code == 204
    turned = (await client.post(f"{place}/secret")).json()
    assert turned["secret"].startswith("whsec_")
    assert (await now())["former_until"] == turned["former_until"]
    assert (await client.delete(place)).status_code == 204
    assert (await now())["condition"] == "removed"
    problem(await client.post(f"{place}/resume"), 404, "not_found")


async def test_a_trial_says_what_came_of_it(two: Two) -> None:
    client = two.client(OURS)
    place = (await client.post(f"{API}/webhooks", json=HOOK)).headers["location"]
    found = (await client.post(f"{place}/test")).json()
    assert found["taken"] is False
    assert found["error"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://a.example/"}, "url"),
        ({"url": "https://user@a.example/"}, "url"),
        ({"types": ["no.such"]}, "type"),
        ({"meter": "some"}, "body.meter"),
    ],
)
async def test_what_will_not_do_is_named(two: Two, change: dict[str, Any], field: str) -> None:
    answer = await two.client(OURS).post(f"{API}/webhooks", json={**HOOK, **change})
    assert field in str(problem(answer, 422, "validation")["errors"])
