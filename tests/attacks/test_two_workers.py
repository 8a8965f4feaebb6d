"""Guessing at a server of two processes: they count together, and the alarm is there for who looks."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from application.lockouts import LockoutLimits
from tests.e2e.conditions import until
from tests.e2e.knock import Knock, basic
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import TOKEN, ZeusProcess, zeus

GUESSES = 60
ALLOWED = LockoutLimits().wrong_per_charger


@pytest.fixture
def server() -> Iterator[ZeusProcess]:
    """Two processes behind one port; its chargers are nobody else's."""
    with zeus(workers=2) as running:
        yield running


def alarms(server: ZeusProcess) -> list[dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        path = "/api/ocpp/alarms?state=open&kind=password_guessing"
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        found: list[dict[str, Any]] = json.loads(connection.getresponse().read())["items"]
        return found
    finally:
        connection.close()


async def test_sec_05_two_processes_count_together_and_raise_one_alarm(server: ZeusProcess) -> None:
    await server.register(["GUESSED"], security_profile=1)
    await server.register(["HONEST"])
    honest = await Wire.open(server, "HONEST")
    statuses = []
    for n in range(GUESSES):
        shown = basic("GUESSED", b"guess-%d" % n)
        async with await Knock.at(server.port, "/ocpp/GUESSED", authorization=shown) as knock:
            statuses.append(knock.status)
            if knock.status == 429:
                assert int(knock.headers["retry-after"]) > 0
        assert str(await honest.ask(f'[2,"h{n}","Heartbeat",{{}}]')).startswith(f'[3,"h{n}"')
    looked_at = statuses.count(401)
    # the one that finds the bucket full, and at most one that a process judges before it hears of that
    assert ALLOWED + 1 <= looked_at <= ALLOWED + 3
    assert set(statuses[-10:]) == {429}
    (alarm,) = await until(lambda: alarms(server), "the alarm")
    assert (alarm["charger"], alarm["severity"]) == ("GUESSED", "warning")
    await honest.socket.finish()
