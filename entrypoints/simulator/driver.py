"""The people at a connector: they come, plug in, present a token, and leave when the car is charged."""

import asyncio
from collections.abc import Iterator, Sequence

from entrypoints.simulator.clock import VirtualClock
from entrypoints.simulator.connector import Vehicle
from entrypoints.simulator.member import Member
from entrypoints.simulator.sessions import Session

_REACTION_S = 5.0
_LOOK_S = 2.0


class Driver:
    """Carries out planned sessions at one connector in simulated time, and plugs in when started remotely."""

    def __init__(
        self, member: Member, clock: VirtualClock, plan: Iterator[Session], tokens: Sequence[str]
    ) -> None:
        self._member = member
        self._charger = member.charger
        self._clock = clock
        self._plan = plan
        self._tokens = tokens

    async def run(self) -> None:
        """One session after the other, without end unless the plan has one."""
        for session in self._plan:
            await self._arrival(session)
            await self._stay(session)

    async def see_off(self, evse_id: int) -> None:
        """Stay with a car that is here already until it is full, then leave with it."""
        connector = self._charger.station.connectors[evse_id]
        vehicle = connector.vehicle
        if vehicle is None:
            return
        while not vehicle.full and connector.transaction is not None:
            await self._until(self._clock.now_s() + _LOOK_S * 5)
        await self._leave(evse_id)

    async def _leave(self, evse_id: int) -> None:
        connector, charger = self._charger.station.connectors[evse_id], self._charger
        if connector.transaction is not None:
            token = connector.transaction.token
            self._member.act(charger.present(evse_id, token, self._clock.now_s()))
        await self._until(self._clock.now_s() + _REACTION_S)
        self._member.act(charger.unplug(evse_id, self._clock.now_s()))

    async def _until(self, at_s: float) -> None:
        wait_s = self._clock.real_s(at_s - self._clock.now_s())
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _arrival(self, session: Session) -> None:
        """Wait for the planned time, or for a remote start at this connector."""
        connector = self._charger.station.connectors[session.connector]
        at_s = session.start.timestamp()
        look_s = max(_LOOK_S, 0.25 * self._clock.lapse)
        while self._clock.now_s() < at_s and connector.authorized is None:
            await self._until(min(at_s, self._clock.now_s() + look_s))

    async def _stay(self, session: Session) -> None:
        evse_id, charger = session.connector, self._charger
        connector = charger.station.connectors[evse_id]
        vehicle = Vehicle(float(session.energy_wh or 0), session.max_power_w, battery_wh=75_000)
        self._member.act(charger.plug(evse_id, vehicle, self._clock.now_s()))
        await self._until(self._clock.now_s() + _REACTION_S)
        if connector.transaction is None and connector.vehicle is vehicle:
            token = self._tokens[session.start.second % len(self._tokens)]
            self._member.act(charger.present(evse_id, token, self._clock.now_s()))
        length_s = (session.end - session.start).total_seconds() if session.end else 3600.0
        await self._until(self._clock.now_s() + length_s)
        await self._leave(evse_id)
