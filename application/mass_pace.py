"""How many different chargers one person may steer in a short time: what takes power away from many is an attack.

Counted over all processes, for whoever asks and by whichever way: API, terminal, lasting wishes (SEC-36). Jobs of our
own are not counted: what they carry out was wanted by somebody who was.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import TypeVar

import msgspec

from application import clock
from application.fleet import FleetUnavailable, RateLimits
from application.ports import EventStore
from domain.commands.certificates import DeleteCertificate
from domain.commands.der import ClearDERControl, SetDERControl
from domain.commands.files import UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.load import (
    AFRRSignal,
    ClearChargingProfile,
    SetChargingProfile,
    UpdateDynamicSchedule,
)
from domain.commands.settings import SetNetworkProfile
from domain.commands.transactions import RemoteStop, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, Raw, Reset
from domain.event import Told, events_of
from domain.identity import ChargerId
from domain.safeguards.events import MassCommandsRefused

log = logging.getLogger("zeus.commands")

K = TypeVar("K")

STEERING: frozenset[type[Intent]] = frozenset(
    {
        RemoteStop,
        UnlockConnector,
        Reset,
        ChangeAvailability,
        SetChargingProfile,
        ClearChargingProfile,
        UpdateDynamicSchedule,
        AFRRSignal,
        SetDERControl,
        ClearDERControl,
        SetNetworkProfile,
        DeleteCertificate,
        UpdateFirmware,
        Raw,
    }
)
"""What changes the power of a charger at once, or takes it out of reach; a raw call may be any of these."""
SAME_FOR_S = 60.0
"""Asking the same charger again within this is no further charger."""
MOST = 50_000
"""Pairs of a person and a charger that one process remembers."""
RECORDED_EVERY_S = 60.0


class MassLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many different chargers one person may steer."""

    per_min: int = 60
    burst: int = 100
    """At once, after a pause."""


class TooManyChargers(Exception):
    """You have steered many chargers in a short time: this one was not asked. Nothing was sent."""

    def __init__(self, wait_s: float, limits: MassLimits) -> None:
        self.wait_s = max(1, ceil(wait_s))
        super().__init__(
            f"One may stop, restart, unlock or limit {limits.per_min} different chargers a minute, {limits.burst} at "
            f"once; this one was not asked. Go on in {self.wait_s} s."
        )


class MassPace:
    """The pace of everybody, counted in this process and in all."""

    def __init__(
        self,
        shared: RateLimits,
        store: EventStore,
        limits: MassLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._shared = shared
        self._store = store
        self.limits = limits or MassLimits()
        """Taken anew for each command."""
        self._now = now
        self._asked: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        """(tenant, actor, charger) → when it was last counted here."""
        self._alone: OrderedDict[tuple[str, str], float] = OrderedDict()
        """(tenant, actor) → when its bucket is empty, counted here where the broker is away."""
        self._recorded: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def spare(self, charger: ChargerId, what: type[Intent], actor: str, cause: str = "") -> None:
        """Count one more charger for this person. Raises TooManyChargers, StoreUnavailable."""
        if what not in STEERING or actor.startswith("job:") or actor == "zeus":
            return
        named, now = (charger.tenant, actor, charger.key), self._now()
        if now - self._asked.get(named, -SAME_FOR_S) < SAME_FOR_S:
            return
        wait_s = await self._take(charger.tenant, actor)
        if not wait_s:
            _remember(self._asked, named, now)
            return
        error = TooManyChargers(wait_s, self.limits)
        await self._record(charger, what, Told(recorded_at=clock.now(), actor=actor, cause=cause), error)
        raise error

    async def _take(self, tenant: str, actor: str) -> float:
        per_s, burst = self.limits.per_min / 60, self.limits.burst
        try:
            return await self._shared.take(f"mass/{tenant}/{actor}", per_s=per_s, burst=burst)
        except FleetUnavailable as error:
            log.warning("%s is counted by this process alone: %r", actor, error)
        now = self._now()
        empty_at = max(self._alone.get((tenant, actor), 0.0), now) + 1 / per_s
        if (missing_s := empty_at - now - burst / per_s) > 1e-6:  # a sum of floats is not exact
            return missing_s
        _remember(self._alone, (tenant, actor), empty_at)
        return 0.0

    async def _record(
        self, charger: ChargerId, what: type[Intent], told: Told, error: TooManyChargers
    ) -> None:
        who, now = (charger.tenant, told.actor), self._now()
        if now - self._recorded.get(who, -RECORDED_EVERY_S) < RECORDED_EVERY_S:
            return
        _remember(self._recorded, who, now)
        fact = MassCommandsRefused(
            charger=charger.key, what=what.name(), per_min=self.limits.per_min, wait_s=error.wait_s
        )
        stream = f"pace/{charger.tenant}/{clock.time_ordered_id()}"
        await self._store.append(events_of(stream, 0, [fact], told))


def _remember(memory: OrderedDict[K, float], name: K, at: float) -> None:
    memory[name] = at
    memory.move_to_end(name)
    if len(memory) > MOST:
        memory.popitem(last=False)
