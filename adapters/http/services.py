"""What the handlers of actions work with: the use cases, as one value."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from adapters.http.access import Caller
from adapters.http.install_card_links import InstallCards
from application.artefacts import Artefacts
from application.charging_profiles import ChargingProfiles
from application.commands import Commands
from application.desired_state import DesiredState
from application.ports import EventStore
from application.profile_upgrades import ProfileUpgrades
from application.registry import Registry
from application.tenants import ApiTokens
from application.windows import Windows
from domain.identity import ChargerId


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases behind the API; those that write are made for the caller, who stands in the log as the actor."""

    WANTED: ClassVar[str] = "wanted"
    """News for `notify`: something lasting is wanted of the charger."""
    UNWELCOME: ClassVar[str] = "unwelcome"
    """News for `notify`: the charger was put out of use."""

    store: EventStore
    commands: Commands
    desired_state: Callable[[Caller], DesiredState]
    charging_profiles: Callable[[Caller], ChargingProfiles]
    registry: Callable[[Caller], Registry]
    windows: Callable[[Caller], Windows]
    tokens: Callable[[Caller], ApiTokens]
    cards: Callable[[Caller], InstallCards]
    artefacts: Callable[[Caller], Artefacts]
    upgrades: Callable[[Caller], ProfileUpgrades]
    notify: Callable[[ChargerId, str], Awaitable[None]]
    """Tells whichever process has the charger's socket."""
    firmware_hosts: Collection[str] = ()
    """Hosts beside our own that chargers may be sent to for firmware."""

    async def wanted(self, caller: Caller, charger: ChargerId) -> None:
        """Something lasting was wanted: have the charger led there, now or when it returns."""
        await self.registry(caller).begin_guidance(charger.key)
        await self.notify(charger, self.WANTED)
