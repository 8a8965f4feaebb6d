"""The window in the log: of many that knock at once no more get in than were allowed, whatever the order."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from application import clock
from application.registry import Registry
from application.windows import ACTOR, Doorkeeper, Wanted, Windows
from domain.chargers.admission import Knock, admit
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance
from domain.event import Event, Fact
from domain.provisioning.events import ChargerLetIn
from domain.provisioning.window import WindowAlreadyOpen, WindowNotOpen
from tests.fakes.event_store import InMemoryEventStore

PASSWORD = b"factory-password-1"


def knock(cpid: str = "BENY-1", password: bytes | None = PASSWORD) -> Knock:
    return Knock(cpid=cpid, user=cpid.encode(), password=password)


def wanted(**chosen: object) -> Wanted:
    return Wanted(
        **{  # type: ignore[arg-type]
            "until": clock.now() + timedelta(hours=1),
            "pattern": "BENY-*",
            "most": 3,
            "security_profile": 1,
            **chosen,
        }
    )


async def opened(store: InMemoryEventStore, **chosen: object) -> Doorkeeper:
    await Windows(store, "t", "user:ann").open(wanted(**chosen))
    keeper = Doorkeeper(store, "t")
    await keeper.refresh()
    return keeper


async def test_the_first_password_it_presents_is_its_password() -> None:
    store = InMemoryEventStore()
    keeper = await opened(store, hold=True)
    assert keeper.expects("beny-1")
    assert not keeper.expects("ALFEN-1")
    charger = await keeper.let_in(knock(), "10.0.0.7")
    assert isinstance(charger, Charger)
    assert (charger.cpid, charger.security_profile, charger.acceptance) == ("BENY-1", 1, Acceptance.PENDING)
    assert not admit(charger, knock()).refused
    assert admit(charger, knock(password=b"another-password-2")).refused == "auth_password"
    assert {one.event.told.actor for one in store.log[1:]} == {ACTOR}
    assert PASSWORD.decode() not in str(store.log)
    assert await keeper.let_in(knock(), "10.0.0.7") == charger


class ManyWriters(InMemoryEventStore):
    """Before anything is stored, everybody else has a turn: whoever can conflict does."""

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """After a turn of the others."""
        await asyncio.sleep(0)
        return await super().append(events)


async def test_of_many_at_once_on_several_servers_no_more_get_in_than_allowed() -> None:
    store = ManyWriters()
    keepers = [await opened(store)]
    for _ in range(3):
        keepers.append(Doorkeeper(store, "t"))
        await keepers[-1].refresh()
    found: list[Charger | str] = []
    for again in range(3):
        tries = (keepers[n % 4].let_in(knock(f"BENY-{again}{n}"), "") for n in range(12))
        found += await asyncio.gather(*tries)
    let_in = {one.cpid for one in found if isinstance(one, Charger)}
    assert len(let_in) == 3
    counted = [one.event.fact for one in store.log if isinstance(one.event.fact, ChargerLetIn)]
    assert sorted(fact.cpid for fact in counted) == sorted(let_in)
    registered = {one.event.originator_id for one in store.log if one.event.originator_id[:8] == "charger/"}
    assert registered == {f"charger/t/{cpid}" for cpid in let_in}


async def test_two_knocks_of_one_charger_register_it_once() -> None:
    store = ManyWriters()
    keeper, other = await opened(store), Doorkeeper(store, "t")
    await other.refresh()
    both = await asyncio.gather(keeper.let_in(knock(), ""), other.let_in(knock(), ""))
    assert all(isinstance(one, Charger) for one in both)
    assert sum(isinstance(one.event.fact, ChargerLetIn) for one in store.log) == 1


async def test_a_window_closed_meanwhile_lets_nobody_in() -> None:
    store = InMemoryEventStore()
    keeper = await opened(store)
    windows = Windows(store, "t", "user:ann")
    with pytest.raises(WindowAlreadyOpen):
        await windows.open(wanted())
    closed = await windows.close()
    assert closed.left(clock.now()) == 0
    assert keeper.expects("BENY-1")  # what is in memory is a few seconds old
    assert await keeper.let_in(knock(), "") == "id_unknown"
    assert not keeper.expects("BENY-1")
    with pytest.raises(WindowNotOpen):
        await windows.close()


async def test_strangers_cost_no_reading() -> None:
    store = InMemoryEventStore()
    keeper = await opened(store)
    store.unavailable = True
    assert not any(keeper.expects(f"X{n}") for n in range(1000))
    await keeper.refresh()  # a store that is away changes nothing that is known
    assert keeper.expects("BENY-1")


async def test_a_retired_charger_does_not_come_back_through_a_window() -> None:
    store = InMemoryEventStore()
    books = Registry(store, "t", "user:ann")
    await books.add_charger("BENY-1", password=PASSWORD.decode())
    await books.retire_charger("BENY-1", "sold")
    found = await (await opened(store)).let_in(knock(), "")
    assert isinstance(found, Charger)
    assert admit(found, knock()).refused == "charger_disabled"
