"""The short version of `streams_under_fire`: half a minute of blows; every stream has everything, once, in order."""

import pytest

from tests.e2e.streams_under_fire import UNDER_FIRE, under_fire
from tests.e2e.zeus_process import zeus

pytestmark = pytest.mark.slow


async def test_every_stream_has_every_event_once_whatever_is_killed() -> None:
    said: list[str] = []
    with zeus(**UNDER_FIRE) as server:
        good = await under_fire(server, 25, said.append, chargers=12, each=1, seed=7)
        assert good, "\n".join([*said, server.said()])
    assert any("subscriber" in line for line in said)
