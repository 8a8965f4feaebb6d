"""One identity, two connections: who may stay, and what the books say of the other."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from entrypoints.simulator.socket import ChargerSocket, HandshakeRefused
from tests.e2e.conditions import until
from tests.e2e.knock import Knock, text_frame
from tests.e2e.log import Line, of_charger
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import ZeusProcess

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'
LATE = '[2,"late","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Faulted"}]'
PING_S = 5.0
"""How long the first connection has to prove that it is alive (`GatewaySettings.ping_timeout_s`)."""


async def known(server: ZeusProcess, cpid: str) -> str:
    await server.register([cpid])
    return cpid


def topics(server: ZeusProcess, cpid: str, *wanted: str) -> list[Line]:
    return [line for line in of_charger(server.dsn, cpid) if line.topic in wanted]


async def test_while_the_first_lives_a_newcomer_is_refused(server: ZeusProcess) -> None:
    cpid = await known(server, "TWO-ALIVE")
    first = await Wire.open(server, cpid)
    for knock in range(3):
        with pytest.raises(HandshakeRefused) as refused:
            await Wire.open(server, cpid)
        assert refused.value.status == 409
        assert str(await first.ask(HEARTBEAT.format(f"h{knock}"))).startswith(f'[3,"h{knock}"')
    assert len(topics(server, cpid, "charger.connected")) == 1
    assert topics(server, cpid, "charger.disconnected") == []
    reasons = await until(
        lambda: server.query("SELECT 1 FROM eventstore.stored_events WHERE topic = 'handshake.refused' "
                             "AND convert_from(state, 'UTF8') LIKE '%%duplicate_connection%%TWO-ALIVE%%' "
                             "OR convert_from(state, 'UTF8') LIKE '%%TWO-ALIVE%%duplicate_connection%%'"),
        "the refusal in the log",
    )  # fmt: skip
    assert len(reasons) == 1, "repetitions are counted, not listed"
    await first.socket.finish()


async def test_a_half_open_first_is_replaced_and_its_late_frames_change_nothing(server: ZeusProcess) -> None:
    """The first peer never reads nor answers pings, as behind a NAT that forgot it."""
    cpid = await known(server, "TWO-DEAD")
    loop = asyncio.get_running_loop()
    async with await Knock.at(server.port, f"/ocpp/{cpid}") as dead:
        began = loop.time()
        second = await Wire.open(server, cpid)
        assert PING_S - 0.5 <= loop.time() - began < PING_S + 5
        assert str(await second.ask(HEARTBEAT.format("h2"))).startswith('[3,"h2"')
        dead.writer.write(text_frame(LATE))
        assert str(await second.ask(HEARTBEAT.format("h3"))).startswith('[3,"h3"')
        async with asyncio.timeout(10):
            await dead.reader.readuntil((1011).to_bytes(2, "big") + b"replaced by a newer connection")
    assert str(await second.ask(HEARTBEAT.format("h4"))).startswith('[3,"h4"')
    lines = of_charger(server.dsn, cpid)
    assert not [line for line in lines if line.told.get("cause") == "late"]
    connected = topics(server, cpid, "charger.connected")
    closed = topics(server, cpid, "charger.disconnected")
    assert len(connected) == 2
    assert [line.fact["connection"] for line in closed] == [connected[0].fact["connection"]]
    assert second.socket.alive
    await second.socket.finish()
    await until(lambda: len(topics(server, cpid, "charger.disconnected")) == 2, "the goodbye of the second")


async def test_a_first_that_talks_but_never_pongs_is_alive(server: ZeusProcess) -> None:
    """Chargers exist that never answer pings; any word of theirs proves them alive."""
    cpid = await known(server, "TWO-MUTE")
    async with await Knock.at(server.port, f"/ocpp/{cpid}") as first:
        assert first.status == 101
        newcomer = asyncio.create_task(Wire.open(server, cpid))
        async with asyncio.timeout(10):
            opcode = (await first.reader.readexactly(2))[0]
        assert opcode == 0x89, "the server asks by a ping"
        first.writer.write(text_frame('[2,"mute","Heartbeat",{}]'))
        with pytest.raises(HandshakeRefused) as refused:
            await newcomer
        assert refused.value.status == 409


async def test_of_two_newcomers_at_once_one_gets_in(server: ZeusProcess) -> None:
    cpid = await known(server, "TWO-RACE")
    outcomes = await asyncio.gather(*(Wire.open(server, cpid) for _ in range(5)), return_exceptions=True)
    winners = [one for one in outcomes if isinstance(one, Wire)]
    assert len(winners) == 1
    assert {one.status for one in outcomes if isinstance(one, HandshakeRefused)} == {409}
    assert len(topics(server, cpid, "charger.connected")) == 1
    assert str(await winners[0].ask(HEARTBEAT.format("h"))).startswith('[3,"h"')
    await winners[0].socket.finish()


async def test_of_two_newcomers_over_a_dead_first_one_gets_in(server: ZeusProcess) -> None:
    cpid = await known(server, "TWO-RACE-DEAD")
    dead = await Wire.open(server, cpid)
    dead.socket.deafen()
    outcomes = await asyncio.gather(*(Wire.open(server, cpid) for _ in range(3)), return_exceptions=True)
    winners = [one for one in outcomes if isinstance(one, Wire)]
    assert len(winners) == 1
    assert {one.status for one in outcomes if isinstance(one, HandshakeRefused)} == {409}
    assert len(topics(server, cpid, "charger.connected")) == 2
    assert str(await winners[0].ask(HEARTBEAT.format("h"))).startswith('[3,"h"')
    dead.socket.abort()
    await winners[0].socket.finish()


@pytest.mark.parametrize("leave", [ChargerSocket.abort, ChargerSocket.close], ids=["reset", "close"])
async def test_who_comes_back_at_once_is_let_in(
    server: ZeusProcess, leave: Callable[[ChargerSocket], Any]
) -> None:
    """A power cut of a second: TCP is gone, and the charger is there again before our books are closed."""
    cpid = await known(server, f"TWO-{leave.__name__.upper()}")
    for turn in range(10):
        wire = await Wire.open(server, cpid)
        assert str(await wire.ask(HEARTBEAT.format(turn))).startswith("[3")
        leave(wire.socket)
    await until(
        lambda: len(topics(server, cpid, "charger.disconnected")) == 10, "ten goodbyes, one a connection"
    )
    pairs = [line.topic for line in topics(server, cpid, "charger.connected", "charger.disconnected")]
    assert pairs == ["charger.connected", "charger.disconnected"] * 10
