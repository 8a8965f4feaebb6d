"""Simulated chargers that stay connected and can be touched: cars plugged in, faults switched on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from entrypoints.simulator.charger import Charger
from entrypoints.simulator.clock import VirtualClock
from entrypoints.simulator.connector import Vehicle
from entrypoints.simulator.faults import Fault, Faults
from entrypoints.simulator.fleet import make_member, no_password, run_members
from entrypoints.simulator.member import Endpoint, Member
from entrypoints.simulator.report import FleetReport
from entrypoints.simulator.station import Away, Pace, Station
from entrypoints.simulator.story import Equipment

LAPSE = 5.0
"""Simulated seconds in a real one: firmware takes its time."""
SLOW_S = 600.0 * LAPSE
CONNECTS_PER_S = 200.0


class Pavement:
    """Chargers by their ids, in lapsed time."""

    def __init__(self, url: str, versions: Mapping[str, str]) -> None:
        self.report = FleetReport()
        self.versions = versions
        self._clock = VirtualClock(LAPSE)
        endpoint = Endpoint(url, most_backoff_s=2.0)
        self.members: dict[str, Member] = {
            cpid: make_member(
                Equipment(charger_id=cpid, version=version, evses=2),
                endpoint,
                self._clock,
                self.report,
                1,
                Faults(slow_s=SLOW_S),
                Pace(stretch=LAPSE),
                no_password,
            )
            for cpid, version in versions.items()
        }

    def charger(self, cpid: str) -> Charger:
        """The charger's core."""
        return self.members[cpid].charger

    def station(self, cpid: str) -> Station:
        """Its hardware."""
        return self.charger(cpid).station

    def plug(self, cpid: str, evse_id: int) -> None:
        """A car with an empty battery comes."""
        frames = self.charger(cpid).plug(evse_id, Vehicle(90_000, 11_000), self._clock.now_s())
        self.members[cpid].act(frames)

    def leave(self, cpid: str, real_s: float) -> None:
        """The charger is without network for so long; its memory stays."""
        self.station(cpid).away = Away(real_s * LAPSE)
        self.members[cpid].act([])

    def slow(self, cpid: str) -> None:
        """The next call of the server is not answered for minutes."""
        self.station(cpid).plan.arm(Fault.SLOW)


@asynccontextmanager
async def pavement(url: str, versions: Mapping[str, str]) -> AsyncIterator[Pavement]:
    """Chargers that connect, come back when they lose the server, and leave at the end."""
    chargers = Pavement(url, versions)
    members = list(chargers.members.values())
    work = asyncio.create_task(run_members(members, [], chargers.report, CONNECTS_PER_S, None, None))
    try:
        yield chargers
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
