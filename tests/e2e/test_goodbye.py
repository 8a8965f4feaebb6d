"""SIGTERM: the chargers are told, the books are closed, and nothing is left running."""

import asyncio

import psutil

from tests.e2e.log import of_charger
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import zeus


async def test_a_server_that_is_asked_to_end_says_goodbye() -> None:
    with zeus() as server:
        cpids = [f"BYE-{number}" for number in range(20)]
        await server.register(cpids)
        wires = [await Wire.open(server, cpid) for cpid in cpids]
        family = [*psutil.Process(server.pid).children(recursive=True), server.postmaster]
        assert len(family) > 3
        ended = asyncio.create_task(asyncio.to_thread(server.stop))
        assert [await wire.next() for wire in wires] == [1012] * len(wires)
        assert await ended == 0
        # A zombie has ended; whoever adopted it has not asked for its code yet.
        left = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        assert left == []
        server.start()
        for cpid in cpids:
            closed = [
                line.fact for line in of_charger(server.dsn, cpid) if line.topic == "charger.disconnected"
            ]
            assert [fact["code"] for fact in closed] == [1012]
