"""Guidance: chargers are led to what is wanted of them, by whoever has their socket, one step at a time.

Led are those of whom something lasting is wanted (`charger.guidance_begun`): on connect, after a boot, and when a
wish changes. A step is a command like any other, by `job:guide`; what it led to is written with its end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from application import clock
from application.charging_profiles import ChargingProfiles
from application.commands import (
    ChargerNotAccepted,
    ChargerNotConnected,
    Commands,
    ConnectorBusy,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
    Wish,
)
from application.desired_state import DesiredState
from application.fleet import FleetUnavailable
from application.ports import EventStore, EventStoreError
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance
from domain.commands.command import Command
from domain.commands.events import State
from domain.commands.intent import Intent
from domain.commands.intents import AnyIntent
from domain.commands.load import ClearChargingProfile, SetChargingProfile
from domain.commands.patience import answer_within_s
from domain.desired_state.step import Pause
from domain.identity import ChargerId

log = logging.getLogger("zeus.guide")

ACTOR = "job:guide"
AT_ONCE = 32
"""Chargers that are led at the same time: a fleet that returns must not be asked everything in one second."""
REST = timedelta(minutes=5)
"""A profile that could not be installed is left alone for so long."""
RETRY = timedelta(seconds=30)
STEPS = 1000
"""More in a row is a circle, not a way."""
NOT_NOW = (ChargerNotConnected, ChargerNotAccepted, ChargerUnknown, TransactionRunning, ConnectorBusy)

BeginGuidance = Callable[[ChargerId], Awaitable[None]]


class Guide:
    """Leads the chargers whose sockets this process has."""

    def __init__(
        self,
        store: EventStore,
        commands: Commands,
        desired: Callable[[str], DesiredState],
        profiles: Callable[[str], ChargingProfiles],
    ) -> None:
        """`desired` and `profiles` are of a tenant, by its name."""
        self._store = store
        self._commands = commands
        self._desired = desired
        self._profiles = profiles
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._leading: dict[ChargerId, asyncio.Task[None]] = {}
        self._again: set[ChargerId] = set()
        self._woken: dict[ChargerId, asyncio.TimerHandle] = {}
        self._resting: dict[ChargerId, dict[int, datetime]] = {}

    def lead(self, charger: ChargerId, *, booted: bool = False) -> None:
        """Something changed: look what is to be done. Returns at once."""
        handle = self._woken.pop(charger, None)
        if handle is not None:
            handle.cancel()
        if charger in self._leading:
            self._again.add(charger)
            return
        task = asyncio.create_task(self._lead(charger, booted=booted))
        self._leading[charger] = task
        task.add_done_callback(lambda _: self._ended(charger))

    def leave(self, charger: ChargerId) -> None:
        """The charger is gone from here."""
        self._again.discard(charger)
        self._resting.pop(charger, None)
        handle = self._woken.pop(charger, None)
        if handle is not None:
            handle.cancel()

    async def finish(self) -> None:
        """Lead nobody any more; call it before the sockets close."""
        for handle in self._woken.values():
            handle.cancel()
        self._woken.clear()
        self._again.clear()
        for task in self._leading.values():
            task.cancel()
        await asyncio.gather(*self._leading.values(), return_exceptions=True)

    def _ended(self, charger: ChargerId) -> None:
        self._leading.pop(charger, None)
        if charger in self._again:
            self._again.discard(charger)
            self.lead(charger)

    async def _lead(self, charger: ChargerId, *, booted: bool) -> None:
        async with self._gate:
            try:
                pause = await self._walk(charger, booted=booted)
            except NOT_NOW as error:
                log.debug("%s is not led now: %r", charger.stream, error)
                return
            except (EventStoreError, FleetUnavailable) as error:
                log.warning("%s: not led now, trying again: %r", charger.stream, error)
                pause = Pause(clock.now() + RETRY, "the store or the fleet is away")
        if pause is not None:
            self._wake(charger, pause.until)

    def _wake(self, charger: ChargerId, until: datetime) -> None:
        delay_s = max(0.05, (until - clock.now()).total_seconds())
        loop = asyncio.get_running_loop()
        self._woken[charger] = loop.call_later(delay_s, self.lead, charger)

    async def _walk(self, charger: ChargerId, *, booted: bool) -> Pause | None:
        """Step after step, until there is none or a pause."""
        desired, profiles = self._desired(charger.tenant), self._profiles(charger.tenant)
        for step_number in range(STEPS):
            state = await load_charger(self._store, charger)
            if not state.guided or not state.connection or state.acceptance is not Acceptance.ACCEPTED:
                return None
            if booted and not step_number:
                await desired.noticed_boot(state)
            step = await desired.next_step(state)
            if isinstance(step, Intent):
                await self._take(state, step)
                continue
            resting = self._resting_of(charger)
            profile_step = await profiles.next_step(state, frozenset(resting))
            if profile_step is None:
                return _first(step, resting)
            await self._install(state, profile_step)
        log.error("%s: %d steps and no end; left alone until something changes", charger.stream, STEPS)
        return None

    async def _install(self, state: Charger, step: SetChargingProfile | ClearChargingProfile) -> None:
        number = step.profile.profile_id if isinstance(step, SetChargingProfile) else step.profile_id or 0
        command = await self._take(state, step)
        if command is None or command.state is not State.SUCCEEDED:
            self._resting.setdefault(state.id, {})[number] = clock.now() + REST

    async def _take(self, state: Charger, intent: Intent) -> Command | None:
        """Ask, and wait for the end; None where the charger cannot be asked this at all."""
        wanted: AnyIntent = intent  # type: ignore[assignment]  # every intent is one of the union
        wish = Wish(intent=wanted, actor=ACTOR, reason="to lead it to what is wanted")
        try:
            return await self._commands.request(state.id, wish, answer_within_s(intent) + 35.0)
        except (NotPossible, TransactionUnknown) as error:
            log.info("%s cannot be led by %s: %s", state.stream, intent.name(), error)
            await self._desired(state.id.tenant).unheard(state, intent, str(error), error=True)
            return None

    def _resting_of(self, charger: ChargerId) -> dict[int, datetime]:
        now = clock.now()
        resting = {n: until for n, until in self._resting.get(charger, {}).items() if until > now}
        if resting:
            self._resting[charger] = resting
        else:
            self._resting.pop(charger, None)
        return resting


def _first(pause: Pause | None, resting: dict[int, datetime]) -> Pause | None:
    """What is over first."""
    if not resting:
        return pause
    rest = Pause(min(resting.values()), "profiles that could not be installed rest")
    return rest if pause is None or rest.until < pause.until else pause
