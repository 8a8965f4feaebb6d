"""Guidance: chargers are led to what is wanted of them, by whoever has their socket, one step at a time.

Led are those of whom something lasting is wanted (`charger.guidance_begun`): on connect, after a boot, and when a
wish changes. A step is a command like any other, by `job:guide`; what it led to is written with its end. Nothing
but such steps is ever repeated by itself: each says what should be, so that to say it twice does no harm.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from application import clock
from application.charging_profiles import ChargingProfiles
from application.command_refusals import (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
)
from application.commands import GUIDE, Commands, Wish
from application.desired_state import DesiredState
from application.fleet import FleetUnavailable
from application.ports import EventStore, EventStoreError
from application.profile_upgrades import cannot_ask, note_upgrade
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
from domain.desired_state.step import Note, Pause, earliest
from domain.desired_state.upgrade_step import next_step as next_upgrade_step
from domain.identity import ChargerId

log = logging.getLogger("zeus.guide")

ACTOR = GUIDE
AT_ONCE = 32
"""Chargers that are led at the same time: a fleet that returns must not be asked everything in one second."""
REST = timedelta(minutes=5)
"""A profile whose step led to nothing is left alone for so long, and each time twice as long as before."""
LONGEST_REST = timedelta(hours=6)
RETRY = timedelta(seconds=30)
STEPS = 1000
"""More in a row is a circle, not a way."""
UNTIL_IT_RETURNS = (ChargerNotConnected, ChargerNotAccepted, ChargerUnknown)
"""It is led when it connects, or when its boot is accepted."""
FOR_A_WHILE = (TransactionRunning, ConnectorBusy)


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
        self._booted: set[ChargerId] = set()
        """Boots that are not written down yet."""
        self._woken: dict[ChargerId, asyncio.TimerHandle] = {}
        self._rests: dict[ChargerId, Rests] = {}

    def lead(self, charger: ChargerId, *, booted: bool = False) -> None:
        """Something changed: look what is to be done. Returns at once."""
        if booted:
            self._booted.add(charger)
        self._let_sleep(charger)
        if charger in self._leading:
            self._again.add(charger)
            return
        task = asyncio.create_task(self._lead(charger))
        self._leading[charger] = task
        task.add_done_callback(lambda done: self._ended(charger, done))

    def leave(self, charger: ChargerId) -> None:
        """The charger is gone from here; what it was asked last comes to its own end."""
        self._again.discard(charger)
        self._rests.pop(charger, None)
        self._let_sleep(charger)
        task = self._leading.get(charger)
        if task is not None:
            task.cancel()

    async def finish(self) -> None:
        """Lead nobody any more; call it before the sockets close."""
        tasks = list(self._leading.values())
        for charger in {*self._leading, *self._woken}:
            self.leave(charger)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _let_sleep(self, charger: ChargerId) -> None:
        handle = self._woken.pop(charger, None)
        if handle is not None:
            handle.cancel()

    def _ended(self, charger: ChargerId, task: asyncio.Task[None]) -> None:
        self._leading.pop(charger, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("%s: leading it ended by an error", charger.stream, exc_info=error)
        if charger in self._again:
            self._again.discard(charger)
            self.lead(charger)

    async def _lead(self, charger: ChargerId) -> None:
        async with self._gate:
            try:
                pause = await self._walk(charger)
            except UNTIL_IT_RETURNS as error:
                log.debug("%s is not led now: %r", charger.stream, error)
                return
            except FOR_A_WHILE as error:
                pause = Pause(clock.now() + RETRY, f"not now: {error!r}")
            except (EventStoreError, FleetUnavailable) as error:
                log.warning("%s: not led now, trying again: %r", charger.stream, error)
                pause = Pause(clock.now() + RETRY, "the store or the fleet is away")
        if pause is not None:
            self._wake(charger, pause.until)

    def _wake(self, charger: ChargerId, until: datetime) -> None:
        delay_s = max(0.05, (until - clock.now()).total_seconds())
        loop = asyncio.get_running_loop()
        self._woken[charger] = loop.call_later(delay_s, self.lead, charger)

    async def _walk(self, charger: ChargerId) -> Pause | None:
        """Step after step, until there is none or a pause."""
        desired, profiles = self._desired(charger.tenant), self._profiles(charger.tenant)
        for _ in range(STEPS):
            state = await load_charger(self._store, charger)
            if not state.guided or not state.connection or state.acceptance is not Acceptance.ACCEPTED:
                return None
            await self._note_boot(state, desired)
            step = await desired.next_step(state)
            if isinstance(step, Intent):
                if _went_nowhere(await self._take(state, step)):
                    return _not_sent()
                continue
            rests = self._rests.setdefault(charger, Rests())
            profile_step = await profiles.next_step(state, rests.resting(clock.now()))
            if profile_step is None:
                upgrade_step = next_upgrade_step(state, clock.now())
                if isinstance(upgrade_step, Note):
                    await note_upgrade(self._store, charger, ACTOR, upgrade_step.facts)
                    continue
                if isinstance(upgrade_step, Intent):
                    if _went_nowhere(await self._take(state, upgrade_step)):
                        return _not_sent()
                    continue
                step = earliest(one for one in (step, upgrade_step) if one is not None)
                ending = await profiles.next_ending(charger)
                return _first(step, rests.first(clock.now()), ending)
            if not await self._install(state, profile_step, rests):
                return _not_sent()
        log.error("%s: %d steps and no end; left alone until something changes", charger.stream, STEPS)
        return None

    async def _note_boot(self, state: Charger, desired: DesiredState) -> None:
        if state.id in self._booted:
            await desired.noticed_boot(state)
            self._booted.discard(state.id)

    async def _install(
        self, state: Charger, step: SetChargingProfile | ClearChargingProfile, rests: "Rests"
    ) -> bool:
        """Take it; False where it never left. One that led to nothing rests."""
        number = step.profile.profile_id if isinstance(step, SetChargingProfile) else step.profile_id or 0
        command = await self._take(state, step)
        if _went_nowhere(command):
            return False
        if command is not None and command.state is State.SUCCEEDED:
            rests.forget(number)
        else:
            rests.rest(number, clock.now())
        return True

    async def _take(self, state: Charger, intent: Intent) -> Command | None:
        """Ask, and wait for the end; None where the charger cannot be asked this at all, which is written down."""
        wanted: AnyIntent = intent  # type: ignore[assignment]  # every intent is one of the union
        wish = Wish(
            intent=wanted,
            actor=ACTOR,
            cause=f"{state.stream}@{state.version}",
            reason="to lead it to what is wanted",
        )
        try:
            return await self._commands.request(state.id, wish, answer_within_s(intent) + 35.0)
        except (NotPossible, TransactionUnknown) as error:
            log.info("%s cannot be led by %s: %s", state.stream, intent.name(), error)
            await self._desired(state.id.tenant).unheard(state, intent, str(error), error=True)
            await self._profiles(state.id.tenant).cannot(state, intent, str(error))
            await cannot_ask(self._store, state.id, ACTOR, intent, str(error))
            return None


class Rests:
    """Profiles of one charger whose steps led to nothing, while it stays connected."""

    def __init__(self) -> None:
        """None."""
        self._until: dict[int, datetime] = {}
        self._times: dict[int, int] = {}

    def rest(self, number: int, now: datetime) -> None:
        """Leave it alone for a while: twice as long as the last time."""
        times = self._times.get(number, 0)
        self._times[number] = times + 1
        self._until[number] = now + min(REST * 2 ** min(times, 16), LONGEST_REST)

    def forget(self, number: int) -> None:
        """It went well."""
        self._until.pop(number, None)
        self._times.pop(number, None)

    def resting(self, now: datetime) -> frozenset[int]:
        """Those to be left alone now."""
        return frozenset(number for number, until in self._until.items() if until > now)

    def first(self, now: datetime) -> datetime | None:
        """When the first of them has rested."""
        return min((until for until in self._until.values() if until > now), default=None)


def _went_nowhere(command: Command | None) -> bool:
    """It never left, or nobody said its end: the next step may be the same, so it is not taken at once."""
    return command is not None and (not command.settled or command.state is State.CANCELLED)


def _not_sent() -> Pause:
    return Pause(clock.now() + RETRY, "a question could not be asked")


def _first(pause: Pause | None, rested: datetime | None, ending: datetime | None) -> Pause | None:
    """What is over first."""
    pauses = [] if pause is None else [pause]
    if rested is not None:
        pauses.append(Pause(rested, "profiles that could not be installed rest"))
    if ending is not None:
        pauses.append(Pause(ending, "the validity of a profile ends"))
    return earliest(pauses)
