"""Chargers asked to a higher security profile: begun and cancelled by operators, led by whoever has the socket."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from application import clock
from application.certificates import CertificateBook
from application.ports import EventStore
from application.registry import Registry
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.commands.intent import Intent
from domain.desired_state.upgrade_step import (
    Means,
    WantedUpgrade,
    begin,
    cancel,
    upgrade_unheard,
)
from domain.event import Fact
from domain.identity import ChargerId

SettingsOf = Callable[[Charger], Awaitable[dict[str, str]]]
"""What a charger told of its settings."""


class Footing(msgspec.Struct, frozen=True, kw_only=True):
    """What this installation offers to chargers on the higher profiles."""

    tls: bool
    """A listener of our own, or a proxy that speaks TLS."""
    foreign: bool = False
    """Certificates of other authorities than our own open doors too."""


class ProfileUpgrades:
    """The upgrades of one tenant's chargers."""

    def __init__(
        self,
        store: EventStore,
        tenant: str,
        actor: str,
        book: CertificateBook,
        footing: Footing,
        settings_of: SettingsOf,
        cause: str = "",
    ) -> None:
        """`book` tells which certificates were made for whom; `cause` is the request behind it."""
        self._store = store
        self._tenant = tenant
        self._registry = Registry(store, tenant, actor, cause)
        self._book = book
        self._footing = footing
        self._settings_of = settings_of

    async def begin(self, cpid: str, wanted: WantedUpgrade) -> Charger:
        """Have the charger led to a higher profile, now or when it connects.

        Raises ChargerUnknown, ChargerRetired, UpgradeUnderWay, and what `upgrade_step.UNMET` lists.
        """
        charger = ChargerId.of(self._tenant, cpid)
        register, state = await self._book.current(), await load_charger(self._store, charger)
        means = Means(
            tls=self._footing.tls,
            foreign=self._footing.foreign,
            shown=[one for one in register.entries.values() if one.owner == charger],
            settings=await self._settings_of(state) if state.registered else {},
        )
        upgrade_id, now = clock.time_ordered_id(), clock.now()

        def decide(state: Charger) -> list[Fact]:
            return [*begin(state, wanted, means, upgrade_id, now), *state.begin_guidance()]

        return await self._registry.change_charger(cpid, decide)

    async def cancel(self, cpid: str, why: str) -> Charger:
        """Give it up. Raises ChargerUnknown, NoUpgradeUnderWay."""
        now = clock.now()
        return await self._registry.change_charger(cpid, lambda state: cancel(state, why, now))

    async def current(self, cpid: str) -> tuple[Charger, datetime]:
        """The charger, and now: whether an upgrade is under way is a question of time. InvalidChargerId."""
        return await load_charger(self._store, ChargerId.of(self._tenant, cpid)), clock.now()


async def note_upgrade(store: EventStore, charger: ChargerId, actor: str, facts: tuple[Fact, ...]) -> None:
    """Write down what is so whatever the charger says. Raises EventStoreError, ChargerUnknown."""

    def decide(state: Charger) -> list[Fact]:
        return list(facts) if state.upgrade is not None and not state.upgrade.ended else []

    await Registry(store, charger.tenant, actor).change_charger(charger.key, decide)


async def cannot_ask(store: EventStore, charger: ChargerId, actor: str, intent: Intent, why: str) -> None:
    """The charger has no words for this step. Raises EventStoreError, ChargerUnknown."""

    def decide(state: Charger) -> list[Fact]:
        return upgrade_unheard(state, intent, why, error=True)

    await Registry(store, charger.tenant, actor).change_charger(charger.key, decide)
