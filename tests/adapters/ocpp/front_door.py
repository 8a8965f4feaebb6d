"""A gateway in this process, on a store in memory: what tests of the handshake and the rules behind it need."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.ocpp.action import Action
from adapters.ocpp.admittance import Admittance, Judge
from adapters.ocpp.caller import Caller
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.versions import Version
from adapters.ocpp.words import WordsOfOcpp
from application import clock
from application.attempts import Attempts
from application.certificates import CertificateAuthority, CertificateBook, Certificates
from application.charging_profiles import ChargingProfiles
from application.command_book import CommandBook
from application.commands import Commands
from application.consequences import consequences
from application.desired_state import DesiredState
from application.guidance import ACTOR as GUIDE
from application.guidance import Guide
from application.intake import Intake
from application.lockouts import LockoutLimits, Lockouts
from application.mass_pace import MassLimits, MassPace
from application.ports import EventStore
from application.registry import Registry
from application.reservations import premises_of
from application.rules import Rules
from application.snapshots import load_charger
from application.switchboard import Switchboard
from application.tenants import Directory
from domain.chargers.charger import Charger
from domain.chargers.credentials import digest_of
from domain.chargers.events import CredentialIssued, HandshakeRefused, Registered
from domain.chargers.provisioning import NetworksAllowed
from domain.commands.intent import Abilities, Intent
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId
from domain.reservations.room import Premises
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker
from tests.stories.line import ACTIONS

TENANT = "t"
CP = ChargerId.of(TENANT, "CP1")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PASSWORD = b"correcthorsebattery7"
SALT = "00" * 16
MakeJudge = Callable[[CertificateBook], Judge]
EVERYWHERE = ("0.0.0.0/0", "::/0")
HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'


class Workplace:
    """One process of a fleet on a store: its gateway, and the commands that may be asked for here."""

    def __init__(
        self,
        store: EventStore,
        attempts: Attempts,
        settings: GatewaySettings,
        actions: Mapping[Version, Mapping[str, Action]] = ACTIONS,
        broker: InMemoryBroker | None = None,
        *,
        knows_abilities: bool = False,
        judge: MakeJudge | None = None,
        authority: CertificateAuthority | None = None,
        limits: LockoutLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
        mass: MassLimits | None = None,
    ) -> None:
        """`knows_abilities`: go by what chargers told they can do, as `zeus serve` does."""
        self.fleet = (broker or InMemoryBroker()).open_fleet()
        self.store = store
        self._knows_abilities = knows_abilities
        self.seal_of: Callable[[str, str], str] = lambda _tenant, _location: ""
        """Completes links to files; whoever makes them sets it."""
        self.pace = MassPace(self.fleet.limits, store, mass or MassLimits(per_min=10_000, burst=10_000), now)
        self.book = CommandBook(store, consequences(self._premises))
        self.switchboard = Switchboard(settings.gateway, self.fleet, self.book)
        self.commands = Commands(self.book, self.switchboard, WordsOfOcpp(), self.abilities, self.pace)
        self.certificates = Certificates(
            CertificateBook(store, settings.tenant), authority, self.commands, self._revoked
        )
        self.guide = Guide(
            store,
            self.commands,
            lambda tenant: DesiredState(store, tenant, GUIDE),
            lambda tenant: ChargingProfiles(store, tenant, GUIDE),
        )
        self.gateway = Gateway(
            store,
            Intake(
                store,
                Rules(signs=authority is not None, organisation=settings.organisation),
                lambda charger: self._booted(charger),
                self.certificates.begin,
            ),
            attempts,
            actions,
            settings,
            self.switchboard,
            lambda session: Caller(session, self.book, settings.gateway, self.abilities, self._secret_for),
            self.guide,
            Admittance(
                store,
                Directory(store, settings.tenant),
                Lockouts(self.fleet.limits, self.fleet.post, limits, now, self.fleet.waits),
                settings,
                None if judge is None else judge(self.certificates.book),
            ),
        )

    async def _revoked(self, charger: ChargerId) -> None:
        await self.gateway.presence.turn_out(charger, "its certificate was revoked")

    def _booted(self, charger: Charger) -> None:
        if charger.guided:
            self.guide.lead(charger.id, booted=True)

    async def _premises(self, charger: ChargerId) -> Premises:
        state = await load_charger(self.store, charger)
        return premises_of(state, await self.abilities(state))

    async def abilities(self, charger: Charger) -> Abilities:
        """What the charger is known to be able to do."""
        if not self._knows_abilities:
            return Abilities()
        return await DesiredState(self.store, charger.id.tenant, GUIDE).abilities(charger)

    async def told(self, charger: Charger) -> dict[str, str]:
        """What the charger told of its settings."""
        found = await DesiredState(self.store, charger.id.tenant, GUIDE).abilities(charger)
        return found.settings

    async def _secret_for(self, charger: ChargerId, intent: Intent) -> str:
        if location := getattr(intent, "location", ""):
            return self.seal_of(charger.tenant, location)
        credential_id: str = getattr(intent, "credential_id", "")
        registry = Registry(self.store, charger.tenant, GUIDE)
        return (await registry.offer_password(charger.key, credential_id=credential_id)).password


class FrontDoor:
    """The gateway and the log behind it."""

    def __init__(
        self,
        store: InMemoryEventStore | None = None,
        actions: Mapping[Version, Mapping[str, Action]] = ACTIONS,
        broker: InMemoryBroker | None = None,
        *,
        judge: MakeJudge | None = None,
        authority: CertificateAuthority | None = None,
        limits: LockoutLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
        **chosen: Any,
    ) -> None:
        self.store = store or InMemoryEventStore()
        self.attempts = Attempts(self.store, TENANT)
        settings: dict[str, Any] = {
            "tenant": TENANT,
            "gateway": "here",
            "versions": frozenset(Version),
            "frames_per_s": 1e6,
        }
        chosen_settings = GatewaySettings(**{**settings, **chosen})
        self.workplace = Workplace(
            self.store,
            self.attempts,
            chosen_settings,
            actions,
            broker,
            judge=judge,
            authority=authority,
            limits=limits,
            now=now,
        )
        self.gateway = self.workplace.gateway

    async def register(self, cpid: str = "CP1", profile: int = 0) -> None:
        """Make a charger known; on profile 1 and 2 with `PASSWORD`."""
        facts: list[Fact] = [Registered(cpid=cpid, security_profile=profile)]
        if profile == 0:
            facts.append(NetworksAllowed(EVERYWHERE))
        if profile in (1, 2):
            facts.append(CredentialIssued(salt=SALT, digest=digest_of(SALT, PASSWORD)))
        stream = ChargerId.of(TENANT, cpid).stream
        await self.store.append(events_of(stream, 0, facts, Told(recorded_at=NOW)))

    async def charger(self) -> Charger:
        """CP1 as the books have it."""
        return await load_charger(self.store, CP)

    def events(self, *kinds: type[Fact]) -> list[Event[Fact]]:
        """The log, of those kinds."""
        return [one.event for one in self.store.log if isinstance(one.event.fact, kinds)]

    def refusals(self) -> list[HandshakeRefused]:
        """The recorded refusals."""
        facts = [event.fact for event in self.events(HandshakeRefused)]
        return [fact for fact in facts if isinstance(fact, HandshakeRefused)]
