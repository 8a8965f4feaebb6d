"""Processes are killed under load: nothing acknowledged is lost, nothing is doubled, everybody comes back."""

import asyncio

import pytest

from tests.e2e.kill import judge, nobody_left_online, sessions_of, storm
from tests.e2e.rebuilt import differences
from tests.e2e.zeus_process import zeus

pytestmark = pytest.mark.slow

CHARGERS, SESSIONS, KILLS = 40, 30, 3
"""`python -m tests.e2e.kill_ten` takes 500 chargers and ten kills."""


async def test_what_was_acknowledged_survives_kill_9() -> None:
    with zeus(accept_unknown_tokens=True, frames_per_s=100_000) as server:
        report, killed = await storm(server, sessions_of(CHARGERS, SESSIONS), KILLS)
        assert [blow.victim for blow in killed] == ["server", "postmaster", "backend"]
        verdict = judge(server, report)
        assert verdict.unfinished == []
        assert verdict.lost == []
        assert verdict.doubled == []
        assert verdict.bent == []
        assert verdict.acknowledged >= CHARGERS * SESSIONS * 8
        await nobody_left_online(server)
        assert await asyncio.to_thread(differences, server.dsn) == []
