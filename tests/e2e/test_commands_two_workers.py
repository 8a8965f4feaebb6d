"""Commands through two workers, dispatched by Postgres and by Redis: every intent, every version, and a kill -9."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from domain.commands.patience import ANSWER_WITHIN_S
from domain.commands.upkeep import ClearCache
from tests.e2e.commanded import TWO_WORKERS, asked, command_everything, many, unlogged
from tests.e2e.conditions import until, until_told
from tests.e2e.pavement import Pavement, pavement
from tests.e2e.workers import Desks, owners, workers
from tests.e2e.zeus_process import ZeusProcess, zeus

CHARGERS = 24
BEYOND_DEADLINE_S = 15.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["postgres", "redis"])
def two_workers(request: pytest.FixtureRequest) -> Iterator[ZeusProcess]:
    """`zeus serve --workers 2` on a broker; a command may be asked as fast as one can."""
    broker = {} if request.param == "postgres" else {"redis_url": request.getfixturevalue("redis_url")}
    with zeus(**TWO_WORKERS, **broker) as running:
        yield running


@pytest.fixture
async def desks(two_workers: ZeusProcess) -> AsyncIterator[Desks]:
    """Connections to both workers."""
    desks = Desks(two_workers)
    await desks.open(8)
    yield desks
    await desks.close()


async def test_every_intent_of_every_version(two_workers: ZeusProcess, desks: Desks) -> None:
    versions = many(CHARGERS)
    await two_workers.register(versions)
    async with pavement(two_workers.url, versions) as chargers:
        report = await command_everything(two_workers, chargers, desks)
        assert report.wrong() == []
        await until(lambda: not unlogged(two_workers, report.done), "both frames of every command in the log")
    assert "Traceback" not in two_workers.said()
    print(report.figures())  # noqa: T201 - told and never judged: the machine may be busy with anything


async def test_a_worker_killed_in_mid_command(two_workers: ZeusProcess, desks: Desks) -> None:
    """Nobody knows what the charger did: the command ends as unknown, and the charger can be asked again."""
    versions = {f"KILLED-{n}": version for n, version in enumerate(("1.6", "2.0.1", "2.1") * 4)}
    await two_workers.register(versions)
    async with pavement(two_workers.url, versions) as chargers:
        victim = await until(lambda: majority(two_workers, chargers), "every charger online")
        theirs = sorted(cpid for cpid, owner in owners(two_workers).items() if owner == victim)
        survivor = next(name for name in desks.names if name != victim)
        under_way = {cpid: await sent(desks, survivor, chargers, cpid) for cpid in theirs}
        workers(two_workers)[victim].kill()
        desks.forget(victim)
        await asyncio.gather(*(ends_unknown(desks, survivor, one) for one in under_way.values()))
        await until(lambda: nobody_at(two_workers, victim, versions), "all back at living workers", 30)
        for cpid in versions:
            async with desks.at(survivor) as asker:
                replied = await asked(asker, cpid, ClearCache())
            assert (replied.status, replied.body["state"]) == (200, "succeeded"), replied.body


def majority(server: ZeusProcess, chargers: Pavement) -> str:
    """The worker with most of the chargers, once all are here."""
    found = owners(server)
    if found.keys() < chargers.versions.keys():
        return ""
    here = [found[cpid] for cpid in chargers.versions]
    return max(here, key=here.count)


async def sent(desks: Desks, worker: str, chargers: Pavement, cpid: str) -> str:
    """The id of a command that has left and is not answered."""
    chargers.slow(cpid)
    async with desks.at(worker) as asker:
        replied = await asked(asker, cpid, ClearCache(), Prefer="wait=0")
        assert replied.status == 202, replied.body
    command_id: str = replied.body["id"]
    life = await told_at(desks, worker, command_id, lambda life: life["state"] != "queued", 10.0)
    assert life["state"] == "sent", life["why"]
    return command_id


async def ends_unknown(desks: Desks, worker: str, command_id: str) -> None:
    """Within its deadline and a little, and with a reason."""
    within_s = ANSWER_WITHIN_S + BEYOND_DEADLINE_S
    life = await told_at(desks, worker, command_id, lambda life: life["state"] != "sent", within_s)
    assert life["state"] == "unknown"
    assert life["why"]
    topics = [step["event"] for step in life["life"]]
    assert topics[:3] == ["command.requested", "command.sent", "command.outcome_unknown"]


async def told_at(
    desks: Desks, worker: str, command_id: str, enough: Callable[[Any], object], within_s: float
) -> Any:
    """A command's life, as soon as it went so far."""

    async def look() -> Any:
        async with desks.at(worker) as asker:
            return (await asker.get(f"/commands/{command_id}")).body

    return await until_told(look, enough, f"the next step of {command_id}", within_s)


def nobody_at(server: ZeusProcess, victim: str, versions: dict[str, str]) -> bool:
    """All of them are online, and none on the worker that is gone."""
    found = owners(server)
    return found.keys() >= versions.keys() and victim not in {found[cpid] for cpid in versions}
