"""Requests that are each allowed, and too many of them: tokens that are guessed, fleets that are switched off."""

from contextlib import AsyncExitStack
from typing import Any

import httpx
from psycopg import connect
from sqlalchemy import Engine

from adapters.http.app import WebApplication, build_app
from adapters.http.tokens import StoredTokens
from application.mass_pace import MassLimits
from application.strangers import StrangerLimits, Strangers
from application.tenants import ApiTokens, Directory, TokenDoor
from domain.tenants.roles import Role
from tests.adapters.http.conftest import SETTINGS, TENANT, Rights
from tests.adapters.http.conftest import engine as engine
from tests.adapters.http.conftest import house as house
from tests.adapters.http.services import House, plugged_in

API = "/api/ocpp"
AT_ONCE = 8


def topics(house: House, topic: str) -> int:
    with connect(house.dsn) as connection:
        found = connection.execute(
            "SELECT count(*) FROM eventstore.stored_events WHERE topic = %s", (topic,)
        ).fetchone()
    assert found is not None
    return int(found[0])


class Guarded:
    """The API with tokens of the log and somebody who counts strangers."""

    def __init__(self, house: House, engine: Engine, trusted: frozenset[str] = frozenset()) -> None:
        fleet = house.workplace.fleet
        self.reads: list[str] = []
        door = TokenDoor(house.store, Directory(house.store, TENANT))
        self.strangers = Strangers(
            house.store, TENANT, fleet.limits, fleet.post, fleet.waits, StrangerLimits(per_min=AT_ONCE // 2)
        )
        plain = house.store.read

        async def read(stream: str, after: int = 0) -> Any:
            self.reads.append(stream)
            return await plain(stream, after)

        house.store.read = read  # type: ignore[method-assign]
        self.app: WebApplication = build_app(
            SETTINGS.__class__(
                version="t",
                cursor_secret=b"x",
                ocpp_versions=("1.6",),
                limits=SETTINGS.limits,
                trusted_proxies=trusted,
            ),
            engine=engine,
            access=StoredTokens(Rights(), door),
            gateway=house.workplace.gateway,
            store=house.store,
            services=house.services,
            strangers=self.strangers,
        )

    def client(self, address: str = "203.0.113.9", **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://zeus.test", headers=headers)


async def test_sec_30_guessed_tokens_end_before_the_log_is_read_and_the_honest_neighbour_goes_on(
    house: House, engine: Engine
) -> None:
    issued = await ApiTokens(house.store, TENANT, "test").issue("n", Role.VIEWER)
    await house.project()
    here = Guarded(house, engine)
    async with here.client() as client:
        honest = {"authorization": f"Bearer {issued.token}"}
        assert (await client.get(f"{API}/chargers", headers=honest)).status_code == 200
        answers = []
        for n in range(30):
            guess = {"authorization": f"Bearer zeus_{TENANT}-{n:022x}_{'x' * 43}"}
            answers.append(await client.get(f"{API}/chargers", headers=guess))
            assert (await client.get(f"{API}/chargers", headers=honest)).status_code == 200
        statuses = [one.status_code for one in answers]
        assert statuses[:AT_ONCE] == [401] * AT_ONCE
        assert statuses.count(401) <= AT_ONCE + 3
        assert int(answers[-1].headers["retry-after"]) > 1
        assert answers[-1].json()["code"] == "rate_limited"
        assert sum("api-token/" in one for one in here.reads) <= statuses.count(401) + 2
    async with here.client("198.51.100.1") as elsewhere:
        assert (await elsewhere.get(f"{API}/chargers")).status_code == 401
    assert topics(house, "api.address_held") == 1
    here.app.database.close()


async def test_sec_12_behind_a_trusted_proxy_the_one_who_guesses_waits_and_not_the_proxy(
    house: House, engine: Engine
) -> None:
    await house.project()
    here = Guarded(house, engine, frozenset({"10.0.0.1"}))
    async with here.client("10.0.0.1") as client:
        for n in range(30):
            forged = {"x-forwarded-for": f"192.0.2.{n}, 203.0.113.9"}
            last = await client.get(f"{API}/chargers", headers=forged)
        assert last.status_code == 429
        other = await client.get(f"{API}/chargers", headers={"x-forwarded-for": "198.51.100.1"})
        assert other.status_code == 401
    async with here.client("203.0.113.77") as direct:
        for n in range(30):
            last = await direct.get(f"{API}/chargers", headers={"x-forwarded-for": f"192.0.2.{n}"})
        assert last.status_code == 429, "who is no proxy invents no address"
    here.app.database.close()


async def test_probes_without_a_credential_are_never_counted(house: House, engine: Engine) -> None:
    await house.project()
    here = Guarded(house, engine)
    async with here.client() as client:
        assert {(await client.get("/livez")).status_code for _ in range(50)} == {200}
        assert 429 not in {(await client.get("/readyz")).status_code for _ in range(50)}
    here.app.database.close()


async def test_sec_36_switching_a_fleet_off_by_lasting_wishes_stops_after_a_burst_and_is_recorded(
    house: House,
) -> None:
    house.workplace.pace.limits = MassLimits(per_min=6, burst=5)
    for n in range(8):
        await house.charger(f"CP-{n}")
    answers = [
        await house.client.post(f"{API}/chargers/CP-{n}/availability", json={"type": "Inoperative"})
        for n in range(8)
    ]
    assert [one.status_code for one in answers] == [202] * 5 + [429] * 3
    assert answers[-1].headers["retry-after"] == "10"
    assert "Go on in 10 s" in answers[-1].json()["detail"]
    assert topics(house, "commands.mass_refused") == 1


async def test_sec_36_commands_of_whatever_name_are_counted_together_and_a_repetition_is_not(
    house: House,
) -> None:
    house.workplace.pace.limits = MassLimits(per_min=6, burst=2)
    waiting = {"Prefer": "wait=5"}
    async with AsyncExitStack() as connected:
        for n in range(3):
            secret = (await house.charger(f"CP-{n}", security_profile=1))["password"]
            accepting = plugged_in(house.workplace, f"CP-{n}", secret, Reset={"status": "Accepted"})
            await connected.enter_async_context(accepting)
        again = {**waiting, "Idempotency-Key": "again"}
        first = await house.client.post(f"{API}/chargers/CP-0/reset", json={}, headers=again)
        raw = {"raw": True, "action": "Reset", "payload": {"type": "Soft"}}
        second = await house.client.post(f"{API}/chargers/CP-1/commands", json=raw, headers=waiting)
        third = await house.client.post(f"{API}/chargers/CP-2/reset", json={}, headers=waiting)
        repeated = await house.client.post(f"{API}/chargers/CP-0/reset", json={}, headers=again)
    assert [one.status_code for one in (first, second, third, repeated)] == [200, 200, 429, 200]
    assert topics(house, "command.requested") == 2
