"""Postgres falls silent under load: nobody is told that anything is stored, and nobody has to restart anything."""

import asyncio
from time import monotonic

import pytest

from entrypoints.simulator.fleet import run_sessions
from entrypoints.simulator.report import FleetReport
from entrypoints.simulator.socket import HandshakeRefused
from entrypoints.simulator.station import Pace
from tests.e2e.kill import judge, nobody_left_online, sessions_of, version_of
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import zeus
from tests.silenced import silenced

pytestmark = pytest.mark.slow

CHARGERS, SESSIONS = 20, 40
PATIENCE_S = 40.0
"""Well beyond the patience of the store (15 s for a commit, 8 s for reading)."""


async def seen(fleet: FleetReport, what: str, count: int) -> None:
    """Until the fleet has counted so many answers or errors."""
    deadline = monotonic() + PATIENCE_S
    while (fleet.answered if what == "answered" else fleet.errors[what]) < count:
        assert monotonic() < deadline, f"not {count} {what} within {PATIENCE_S} s: {fleet.summary()}"
        await asyncio.sleep(0.02)


async def test_a_silent_store_costs_answers_never_truth() -> None:
    with zeus(accept_unknown_tokens=True, frames_per_s=100_000) as server:
        pid = server.pid
        sessions = sessions_of(CHARGERS, SESSIONS)
        await server.register([*{session.charger for session in sessions}, "NEWCOMER"])
        progress: asyncio.Queue[FleetReport] = asyncio.Queue()
        work = asyncio.create_task(
            run_sessions(
                server.url, sessions, version_of=version_of, on_progress=progress.put_nowait,
                pace=Pace(retry_interval_s=1.0),
            )
        )  # fmt: skip
        fleet = await progress.get()
        await seen(fleet, "answered", 500)
        with silenced(server.postmaster.pid):
            at_stop = fleet.answered
            with pytest.raises(HandshakeRefused) as refused:
                await Wire.open(server, "NEWCOMER")
            assert refused.value.status == 503
            await seen(fleet, "InternalError", 1)
            # What had been committed before the stop may still have been on its way; nothing else may follow.
            assert fleet.answered - at_stop <= CHARGERS
            assert not work.done()
            assert not server.query_is_possible()
        await seen(fleet, "answered", fleet.answered + 10 * CHARGERS)
        report = await work
        assert server.pid == pid
        newcomer = await Wire.open(server, "NEWCOMER")
        assert str(await newcomer.ask('[2,"n","Heartbeat",{}]')).startswith('[3,"n"')
        await newcomer.socket.finish()
        verdict = judge(server, report)
        assert verdict._replace(acknowledged=0, repeated=0) == (0, [], [], [], [], 0)
        assert report.fleet.given_up == 0
        await nobody_left_online(server)
