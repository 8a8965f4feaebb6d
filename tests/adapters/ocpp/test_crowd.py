"""A fleet that comes at once: so many are let in at the same time, the others after them, and nobody is refused."""

import asyncio

import pytest

from adapters.ocpp import gateway as gateways
from tests.adapters.ocpp.front_door import FrontDoor
from tests.adapters.ocpp.test_second_connection import HeldStore, turn
from tests.fakes.charger_socket import ChargerSocket

CPIDS = [f"CP{n}" for n in range(1, 21)]


async def test_no_more_are_at_work_than_can_be_answered_and_all_come_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateways, "COMING", 3)
    store = HeldStore()
    door = FrontDoor(store)
    for cpid in CPIDS:
        await door.register(cpid)
    store.holding = True
    sockets = [ChargerSocket(door.gateway, f"/ocpp/1.6/{cpid}") for cpid in CPIDS]
    most = 0
    while any(socket.status is None for socket in sockets):
        await turn()
        most = max(most, len(store.waiting))
        assert store.waiting, "somebody is at work as long as somebody waits"
        store.let_go()
        await turn()
    store.holding = False
    assert most == 3
    assert {socket.status for socket in sockets} == {101}


async def test_no_more_leave_at_the_same_time_than_can_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "GOING", 2)
    store = HeldStore()
    door = FrontDoor(store)
    sockets = []
    for cpid in CPIDS:
        await door.register(cpid)
        sockets.append(ChargerSocket(door.gateway, f"/ocpp/1.6/{cpid}"))
        assert await sockets[-1].decided() == 101
    store.holding = True
    for socket in sockets:
        socket.leave()
    most = 0
    while not all(socket.task.done() for socket in sockets):
        await turn()
        most = max(most, len(store.waiting))
        if store.waiting:
            store.let_go()
        await turn()
    assert most == 2
    assert len(door.gateway.presence) == 0


async def test_a_dead_connection_that_is_listened_to_keeps_nobody_else_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real power cut leaves connections that nobody closed: each is given its time to answer, all at once."""
    monkeypatch.setattr(gateways, "COMING", 1)
    door = FrontDoor()
    for cpid in ("CP1", "CP2"):
        await door.register(cpid)
    first = ChargerSocket(door.gateway, "/ocpp/1.6/CP1")
    assert await first.decided() == 101
    again = ChargerSocket(door.gateway, "/ocpp/1.6/CP1")
    async with asyncio.timeout(5):
        await first.link.pinged.wait()
    other = ChargerSocket(door.gateway, "/ocpp/1.6/CP2")
    assert await other.decided() == 101
    assert again.status is None
    first.link.answer(alive=False)
    assert await again.decided() == 101
