"""What the handlers of actions work with: the use cases, as one value."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from adapters.http.access import Caller
from adapters.http.install_card_links import InstallCards
from adapters.http.stream_door import StreamDoor
from adapters.webhooks.sender import Sender
from application.artefacts import Artefacts
from application.charging_profiles import ChargingProfiles
from application.commands import Commands
from application.desired_state import DesiredState
from application.oidc import OidcDesk
from application.people import People
from application.ports import EventStore
from application.privacy import PersonalData
from application.profile_upgrades import ProfileUpgrades
from application.registry import Registry
from application.sessions import Sessions
from application.sign_in import FrontDesk
from application.tenants import ApiTokens
from application.webhooks import Webhooks, WebhookSecrets
from application.windows import Windows
from domain.identity import ChargerId


@dataclass(frozen=True, slots=True)
class PeopleServices:
    """The front desk, and who administers people; every event has the request as its cause."""

    desk: FrontDesk
    sessions: Sessions
    oidc: OidcDesk | None = None
    """Where providers are spoken with."""

    def of(self, caller: Caller, cause: str) -> People:
        """The people of the caller's tenant, with no more rights than the caller has."""
        return People(
            self.desk.book, caller.tenant, caller.name, caller.rights, cause=cause, sessions=self.sessions
        )


@dataclass(frozen=True, slots=True)
class WebhookTools:
    """What the handlers of webhooks work with."""

    webhooks: Callable[[Caller], Webhooks]
    secrets: WebhookSecrets
    sender: Sender


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
    personal_data: Callable[[Caller], PersonalData]
    upgrades: Callable[[Caller], ProfileUpgrades]
    notify: Callable[[ChargerId, str], Awaitable[None]]
    """Tells whichever process has the charger's socket."""
    people: PeopleServices
    default_tenant: str
    """Whose people sign in without naming a tenant."""
    firmware_hosts: Collection[str] = ()
    """Hosts beside our own that chargers may be sent to for firmware."""
    streams: StreamDoor | None = None
    """The door to live streams; None where this process serves none."""
    webhooks: WebhookTools | None = None
    """None where this process knows none."""

    async def wanted(self, caller: Caller, charger: ChargerId) -> None:
        """Something lasting was wanted: have the charger led there, now or when it returns."""
        await self.registry(caller).begin_guidance(charger.key)
        await self.notify(charger, self.WANTED)
