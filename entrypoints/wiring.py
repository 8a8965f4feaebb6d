"""How the parts are put together: the one place where adapters meet the application."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from eventsourcing.persistence import StoredEvent

from adapters.certificates.judge import Judge
from adapters.certificates.tls import Tls, TlsFiles
from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from adapters.http.install_card_links import InstallCards, Surroundings
from adapters.http.services import Services
from adapters.ocpp.admittance import Admittance
from adapters.ocpp.caller import Caller
from adapters.ocpp.frames import Limits
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.gateway_settings import GatewaySettings, enabled_versions
from adapters.ocpp.v16.actions import ACTIONS as V16_ACTIONS
from adapters.ocpp.v21.actions import ACTIONS as V21_ACTIONS
from adapters.ocpp.v201.actions import ACTIONS as V201_ACTIONS
from adapters.ocpp.versions import Version
from adapters.ocpp.words import WordsOfOcpp
from adapters.postgres import fleet as postgres_fleet
from adapters.redis import fleet as redis_fleet
from application.attempts import Attempts
from application.certificates import CertificateBook, Certificates
from application.charging_profiles import ChargingProfiles
from application.clock import time_ordered_id
from application.command_book import CommandBook
from application.commands import Commands
from application.consequences import consequences
from application.desired_state import DesiredState
from application.fleet import Fleet
from application.guidance import ACTOR as GUIDE
from application.guidance import Guide
from application.intake import Intake
from application.lockouts import LockoutLimits, Lockouts
from application.profile_upgrades import Footing, ProfileUpgrades
from application.registry import Registry
from application.reservations import premises_of
from application.rules import Rules
from application.snapshots import load_charger
from application.switchboard import Switchboard
from application.tenants import ApiTokens, Directory, TokenDoor
from application.windows import Windows
from domain.catalogue import FACTS
from domain.certificates.signing import SignatureQuestion
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance
from domain.commands.intent import Abilities, Intent
from domain.event import Event, Fact
from domain.id_tokens.id_token import TokenPolicy
from domain.identity import ChargerId
from domain.reservations.room import Premises
from entrypoints.artefacts import open_artefacts
from entrypoints.certificates import KnownStatus, open_authority
from entrypoints.database import data_home, secret_of
from entrypoints.settings import Settings
from projections.catalogue import READ_MODELS
from projections.engine import Engine
from projections.log import PostgresLog
from projections.read_ahead import ReadAhead
from projections.read_model import LogReader, ReadModel

log = logging.getLogger("zeus.serve")

CERTIFICATE_REVOKED = "certificate_revoked"
"""The news that a charger may not stay connected: it would be let in no more."""
ACTIONS = {Version.V16: V16_ACTIONS, Version.V201: V201_ACTIONS, Version.V21: V21_ACTIONS}


class Core:
    """The store and what writes to it, for one process."""

    def __init__(
        self,
        database_url: str,
        settings: Settings,
        secret: bytes,
        gateway: str = "",
        *,
        tls: Tls | None = None,
    ) -> None:
        """`secret` seals links and is the same for every process; `gateway` names this one, made up by default.

        `tls` are the certificates in force; a process without sockets needs none.
        """
        self.tls = tls or Tls(TlsFiles())
        self.settings = settings
        self.gateway_name = gateway or f"{socket.gethostname()}:{os.getpid()}:{time_ordered_id()}"
        self.store = CountedEventStore(open_store(database_url, FACTS))
        self.fleet = fleet_of(database_url, settings)
        self.authority = authority = open_authority(settings)
        self.rules = Rules(
            heartbeat_s=settings.heartbeat_s,
            tokens=TokenPolicy(accept_unknown=settings.accept_unknown_tokens),
            signs=authority is not None,
            organisation=settings.tls_client_organisation,
        )
        self.intake = Intake(self.store, self.rules, self._booted, self._to_sign)
        self.attempts = Attempts(self.store, settings.tenant)
        self.directory = Directory(self.store, settings.tenant)
        self.token_door = TokenDoor(self.store, self.directory)
        self._secret = secret
        self.book = CommandBook(self.store, consequences(self._premises))
        self.switchboard = Switchboard(self.gateway_name, self.fleet, self.book)
        self.commands = Commands(self.book, self.switchboard, WordsOfOcpp(), self.abilities_of)
        self.certificates = Certificates(
            CertificateBook(self.store, settings.tenant), authority, self.commands, self._revoked
        )
        self.guide = Guide(self.store, self.commands, self.desired_state, self.charging_profiles)
        self.gateway = self._gateway()
        self.artefacts = open_artefacts(settings, data_home(settings), self.store, secret, settings.port)
        self.services = self._services()

    def desired_state(self, tenant: str, actor: str = GUIDE) -> DesiredState:
        """The wishes of a tenant, written by `actor`."""
        return DesiredState(self.store, tenant, actor, write_budget=self.settings.write_budget)

    def charging_profiles(self, tenant: str, actor: str = GUIDE) -> ChargingProfiles:
        """The profiles of a tenant, written by `actor`."""
        return ChargingProfiles(self.store, tenant, actor)

    def upgrades(self, tenant: str, actor: str) -> ProfileUpgrades:
        """The upgrades of a tenant's chargers, written by `actor`."""

        async def settings_of(state: Charger) -> dict[str, str]:
            return (await self.abilities_of(state)).settings

        return ProfileUpgrades(
            self.store, tenant, actor, self.certificates.book, footing_of(self.settings), settings_of
        )

    def cards(self, tenant: str = "") -> InstallCards:
        """The installation cards of a tenant; of the default one where none is named."""
        slug = "" if tenant == self.settings.tenant else tenant
        around = Surroundings(versions=tuple(self.settings.versions))
        return InstallCards(self.store, slug or self.settings.tenant, self._secret, around, slug)

    def certificate_status(self) -> KnownStatus | None:
        """What others may ask of our authority's certificates; None where there is no authority of our own."""
        book = self.certificates.book
        return None if self.authority is None else KnownStatus(self.authority, lambda: book.known)

    def _gateway(self) -> Gateway:
        """The sockets of this process, and who may come in by them."""
        gates = GatewaySettings(
            tenant=self.settings.tenant,
            gateway=self.gateway_name,
            versions=enabled_versions(self.settings.versions),
            trusted_proxies=frozenset(self.settings.trusted_proxies),
            limits=Limits(size=self.settings.frame_size),
            frames_per_s=self.settings.frames_per_s,
            burst=self.settings.burst,
            unknown_id_status=int(self.settings.unknown_id_status),
            organisation=self.settings.tls_client_organisation,
        )
        return Gateway(
            self.store,
            self.intake,
            self.attempts,
            ACTIONS,
            gates,
            self.switchboard,
            lambda session: Caller(
                session, self.book, self.gateway_name, self.abilities_of, self._secret_for
            ),
            self.guide,
            Admittance(
                self.store,
                self.directory,
                Lockouts(self.fleet.limits, self.fleet.post, _lockout_limits(self.settings)),
                gates,
                Judge(self.tls, self.certificates.book),
            ),
        )

    def _services(self) -> Services:
        """What the API may do, each for whoever asks."""
        return Services(
            store=self.store,
            commands=self.commands,
            desired_state=lambda caller: self.desired_state(caller.tenant, caller.name),
            charging_profiles=lambda caller: self.charging_profiles(caller.tenant, caller.name),
            registry=lambda caller: Registry(self.store, caller.tenant, caller.name),
            windows=lambda caller: Windows(self.store, caller.tenant, caller.name),
            tokens=lambda caller: ApiTokens(self.store, caller.tenant, caller.name),
            cards=lambda caller: self.cards(caller.tenant),
            artefacts=lambda caller: self.artefacts.of(caller.tenant),
            upgrades=lambda caller: self.upgrades(caller.tenant, caller.name),
            notify=self.switchboard.notify,
            firmware_hosts=frozenset(self.settings.firmware_hosts),
        )

    async def open(self) -> None:
        """Join the fleet. Raises FleetUnavailable."""
        await self.switchboard.open(self._noticed)

    async def close(self) -> None:
        """Finish what is under way, then let go of everything; call it when the sockets are closed."""
        await self.guide.finish()
        await self.certificates.finish()
        await self.switchboard.finish()
        await self.intake.finish()
        await self.artefacts.close()
        await self.store.close()
        await self.fleet.close()

    async def abilities(self, charger: ChargerId) -> Abilities:
        """What the charger is known to be able to do."""
        return await self.abilities_of(await load_charger(self.store, charger))

    async def abilities_of(self, state: Charger) -> Abilities:
        """The same, where the charger is loaded already."""
        found = await self.desired_state(state.id.tenant).abilities(state)
        accepted = state.acceptance is Acceptance.ACCEPTED
        return msgspec.structs.replace(found, accepted=accepted)

    async def _premises(self, charger: ChargerId) -> Premises:
        state = await load_charger(self.store, charger)
        return premises_of(state, await self.abilities_of(state))

    async def _secret_for(self, charger: ChargerId, intent: Intent) -> str:
        """What is about to be sent and must not be kept: the seal of a link, or the password of a credential,
        which is offered in the books before it leaves.
        """
        if location := getattr(intent, "location", ""):
            return self.artefacts.of(charger.tenant).seal_of(location)
        credential_id = getattr(intent, "credential_id", "")
        if not credential_id:
            return ""
        registry = Registry(self.store, charger.tenant, GUIDE)
        offered = await registry.offer_password(charger.key, credential_id=credential_id)
        return offered.password

    def _booted(self, charger: Charger) -> None:
        if charger.guided:
            self.guide.lead(charger.id, booted=True)

    def _to_sign(self, charger: ChargerId, question: SignatureQuestion) -> None:
        self.certificates.begin(charger, question)

    async def _revoked(self, charger: ChargerId) -> None:
        await self.switchboard.notify(charger, CERTIFICATE_REVOKED)

    async def _noticed(self, charger: ChargerId, news: str) -> None:
        """Another process says that something about a charger of ours changed."""
        if news == Services.UNWELCOME:
            await self.gateway.presence.turn_out(charger)
        elif news == CERTIFICATE_REVOKED:
            await self.gateway.presence.turn_out(charger, "its certificate was revoked")
        else:
            self.guide.lead(charger)


@asynccontextmanager
async def certifying(database_url: str, settings: Settings) -> AsyncIterator[Certificates]:
    """The certificates, for a process without sockets."""
    core = Core(database_url, settings, secret_of(settings))
    try:
        await core.open()
        yield core.certificates
    finally:
        await core.close()


@asynccontextmanager
async def working(database_url: str, settings: Settings) -> AsyncIterator[Core]:
    """Everything, for a process without sockets."""
    core = Core(database_url, settings, secret_of(settings))
    try:
        await core.open()
        yield core
    finally:
        await core.close()


def footing_of(settings: Settings) -> Footing:
    """What this installation offers to chargers on the higher profiles."""
    behind_a_proxy = bool(settings.trusted_proxies) or (settings.public_url or "").startswith("https:")
    return Footing(
        tls=bool(settings.tls_certificates) or behind_a_proxy, foreign=settings.tls_client_ca is not None
    )


@asynccontextmanager
async def asking(database_url: str, settings: Settings) -> AsyncIterator[Commands]:
    """Commands for a process without sockets, such as one typed at a terminal."""
    core = Core(database_url, settings, secret_of(settings))
    try:
        await core.open()
        yield core.commands
    finally:
        await core.close()


def _lockout_limits(settings: Settings) -> LockoutLimits:
    return LockoutLimits(
        wrong_per_charger=settings.wrong_per_charger,
        wrong_per_address=settings.wrong_per_address,
        unknown_per_address=settings.unknown_per_address,
        refused_per_min=settings.refused_per_min,
    )


def fleet_of(database_url: str, settings: Settings) -> Fleet:
    """The ports between the processes of this installation, on the broker that was chosen."""
    if settings.redis_url is not None:
        return redis_fleet.open_fleet(settings.redis_url.get_secret_value())
    return postgres_fleet.open_fleet(database_url)


def open_engine(database_url: str, models: Sequence[ReadModel] = READ_MODELS) -> Engine:
    """The projection engine over every read model, unless `models` says which."""
    return Engine(database_url, open_log(database_url), models)


def open_log(database_url: str) -> LogReader:
    """The log as read models read it, read ahead while catching up; the caller closes it."""
    return ReadAhead(open_plain_log(database_url), open_plain_log(database_url))


def open_plain_log(database_url: str) -> PostgresLog:
    """The log on one connection; the caller closes it."""
    mapper = EventMapper(FACTS)

    def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
        return mapper.to_domain_event(StoredEvent(stream, version, topic, state))

    return PostgresLog(database_url, decode)
