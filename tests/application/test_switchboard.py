"""The place of a charger among gateways, where newcomers come and stay outside after all."""

import asyncio
from typing import Any, NamedTuple, cast

import pytest

from application.command_book import CommandBook
from application.switchboard import Switchboard
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker

CP = ChargerId("t", "CP1")


class Socket(NamedTuple):
    """As much of a line as its place needs."""

    connection: str
    protocol: str = "1.6"


def line(name: str) -> Any:
    return cast("Any", Socket(name))


async def unnoticed(charger: ChargerId, news: str) -> None:
    raise AssertionError((charger, news))


@pytest.fixture
async def broker() -> InMemoryBroker:
    return InMemoryBroker()


@pytest.fixture
async def gateways(broker: InMemoryBroker) -> list[Switchboard]:
    """Three on one broker."""
    found = []
    for name in ("here", "there", "elsewhere"):
        found.append(Switchboard(name, broker.open_fleet(), CommandBook(InMemoryEventStore(), {})))
        await found[-1].open(unnoticed)
    return found


async def delivered() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_steps_back_leaves_the_place_to_whom_it_never_heard_of(
    broker: InMemoryBroker, gateways: list[Switchboard]
) -> None:
    here, there, _ = gateways
    await here.enter(CP, line("first"))
    await there.enter(CP, line("newcomer"))
    await there.step_back(CP, line("newcomer"), lambda: None)
    await delivered()
    assert (broker.owners[CP].gateway, broker.owners[CP].connection) == ("here", "first")


async def test_a_place_that_was_claimed_back_by_one_that_was_replaced_is_its_successors(
    broker: InMemoryBroker, gateways: list[Switchboard]
) -> None:
    here, there, _ = gateways
    await there.enter(CP, line("former"))
    await here.enter(CP, line("successor"))
    await there.enter(CP, line("newcomer"))
    await there.step_back(CP, line("newcomer"), lambda: line("former"))
    await delivered()
    assert broker.owners[CP].connection == "former", "it has not heard yet that it was replaced"
    await there.leave(CP, line("former"), replaced=True)
    await delivered()
    assert (broker.owners[CP].gateway, broker.owners[CP].connection) == ("here", "successor")


async def test_a_charger_that_leaves_is_nowhere(broker: InMemoryBroker, gateways: list[Switchboard]) -> None:
    here, *_ = gateways
    await here.enter(CP, line("only"))
    await here.leave(CP, line("only"))
    await delivered()
    assert CP not in broker.owners
