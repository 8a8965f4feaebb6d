"""How the parts are put together: the one place where adapters meet the application."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from adapters.certificates.judge import Judge
from adapters.certificates.tls import Tls, TlsFiles
from adapters.eventstore.counted import CountedEventStore
from adapters.http.install_card_links import InstallCards, Surroundings
from adapters.http.services import PeopleServices, Services, WebhookTools
from adapters.http.stream_credentials import StandingOf, Tickets
from adapters.http.stream_door import StreamDoor
from adapters.live.seats import Seats
from adapters.live.streams import LiveSettings, LiveStreams
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
from adapters.privacy.keeper import SubjectKeeper
from adapters.privacy.opening import decoding, opening
from adapters.privacy.subjects import Subjects
from adapters.redis import fleet as redis_fleet
from adapters.webhooks.sender import Sender
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
from application.mass_pace import MassLimits, MassPace
from application.ports import EventStore
from application.privacy import PersonalData
from application.profile_upgrades import Footing, ProfileUpgrades
from application.registry import Registry
from application.reservations import premises_of
from application.rules import Rules
from application.snapshots import load_charger
from application.strangers import StrangerLimits, Strangers
from application.switchboard import Switchboard
from application.tenants import ApiTokens, Directory, TokenDoor
from application.webhooks import Webhooks, WebhookSecrets
from application.windows import Windows
from domain.catalogue import FACTS
from domain.certificates.signing import SignatureQuestion
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance
from domain.commands.intent import Abilities, Intent
from domain.id_tokens.id_token import TokenPolicy
from domain.identity import ChargerId
from domain.reservations.room import Premises
from entrypoints.artefacts import open_artefacts
from entrypoints.certificates import KnownStatus, open_authority
from entrypoints.database import data_home, secret_of
from entrypoints.people import Reception
from entrypoints.privacy import behind_seal, watched_subjects
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
        self.subjects = watched_subjects(database_url, settings)
        self.store = CountedEventStore(behind_seal(database_url, self.subjects))
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
        self.strangers = Strangers(
            self.store,
            settings.tenant,
            self.fleet.limits,
            self.fleet.post,
            self.fleet.waits,
            StrangerLimits(per_min=settings.api_refused_per_min),
        )
        self.pace = MassPace(
            self.fleet.limits,
            self.store,
            MassLimits(per_min=settings.mass_per_min, burst=settings.mass_burst),
        )
        self.lockouts = Lockouts(
            self.fleet.limits, self.fleet.post, _lockout_limits(settings), kept=self.fleet.waits
        )
        self.people = Reception(database_url, settings, self.store, self.directory, self.lockouts)
        self._secret = secret
        self.book = CommandBook(self.store, consequences(self._premises))
        self.switchboard = Switchboard(self.gateway_name, self.fleet, self.book)
        self.commands = Commands(self.book, self.switchboard, WordsOfOcpp(), self.abilities_of, self.pace)
        self.certificates = Certificates(
            CertificateBook(self.store, settings.tenant), authority, self.commands, self._revoked
        )
        self.guide = Guide(self.store, self.commands, self.desired_state, self.charging_profiles)
        self.gateway = self._gateway()
        self.live, self.seats = open_streams(database_url, settings, secret)
        self.artefacts = open_artefacts(settings, data_home(settings), self.store, secret, settings.port)
        self.services = self._services()

    def desired_state(self, tenant: str, actor: str = GUIDE, cause: str = "") -> DesiredState:
        """The wishes of a tenant, written by `actor`."""
        budget = self.settings.write_budget
        return DesiredState(self.store, tenant, actor, write_budget=budget, cause=cause, pace=self.pace)

    def charging_profiles(self, tenant: str, actor: str = GUIDE, cause: str = "") -> ChargingProfiles:
        """The profiles of a tenant, written by `actor`."""
        return ChargingProfiles(self.store, tenant, actor, cause, self.pace)

    def personal_data(self, tenant: str, actor: str, cause: str = "") -> PersonalData:
        """The personal data of a tenant, in the hands of `actor`."""

        async def wanted(charger: ChargerId) -> None:
            await Registry(self.store, tenant, actor, cause).begin_guidance(charger.key)
            await self.switchboard.notify(charger, Services.WANTED)

        books = self.desired_state(tenant, actor, cause)
        return PersonalData(self.store, SubjectKeeper(self.subjects), tenant, actor, books, wanted, cause)

    def upgrades(self, tenant: str, actor: str, cause: str = "") -> ProfileUpgrades:
        """The upgrades of a tenant's chargers, written by `actor`; `cause` is the request behind it."""

        async def settings_of(state: Charger) -> dict[str, str]:
            return (await self.abilities_of(state)).settings

        return ProfileUpgrades(
            self.store, tenant, actor, self.certificates.book, footing_of(self.settings), settings_of, cause
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
                self.lockouts,
                gates,
                Judge(self.tls, self.certificates.book),
            ),
        )

    def _services(self) -> Services:
        """What the API may do, each for whoever asks."""
        return Services(
            store=self.store,
            commands=self.commands,
            desired_state=lambda caller: self.desired_state(caller.tenant, caller.name, caller.cause),
            charging_profiles=lambda caller: self.charging_profiles(caller.tenant, caller.name, caller.cause),
            registry=lambda caller: Registry(self.store, caller.tenant, caller.name, caller.cause),
            windows=lambda caller: Windows(self.store, caller.tenant, caller.name, caller.cause),
            tokens=lambda caller: ApiTokens(self.store, caller.tenant, caller.name, caller.cause),
            cards=lambda caller: self.cards(caller.tenant),
            artefacts=lambda caller: self.artefacts.of(caller.tenant),
            personal_data=lambda caller: self.personal_data(caller.tenant, caller.name, caller.cause),
            upgrades=lambda caller: self.upgrades(caller.tenant, caller.name, caller.cause),
            notify=self.switchboard.notify,
            people=PeopleServices(self.people.desk, self.people.sessions, self.people.oidc),
            default_tenant=self.settings.tenant,
            firmware_hosts=frozenset(self.settings.firmware_hosts),
            streams=StreamDoor(
                self.live,
                self.seats,
                Tickets(self._secret, self.fleet.keys),
                StandingOf(self.token_door.role_of, self.directory),
                lambda: self.gateway.draining,
            ),
            webhooks=webhook_tools(self.store, self.settings, self._secret),
        )

    async def open(self) -> None:
        """Join the fleet. Raises FleetUnavailable."""
        await self.switchboard.open(self._noticed)
        await self.gateway.admittance.lockouts.recall()
        await self.strangers.recall()

    async def close(self) -> None:
        """Finish what is under way, then let go of everything; call it when the sockets are closed."""
        self.live.close()
        self.seats.close()
        await self.guide.finish()
        await self.certificates.finish()
        await self.switchboard.finish()
        await self.intake.finish()
        await self.artefacts.close()
        await self.people.close()
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


@asynccontextmanager
async def handling_personal_data(
    database_url: str, settings: Settings, tenant: str, actor: str, cause: str = ""
) -> AsyncIterator[PersonalData]:
    """The personal data of a tenant, for a process without sockets."""
    core = Core(database_url, settings, secret_of(settings))
    try:
        await core.open()
        yield core.personal_data(tenant, actor, cause)
    finally:
        await core.close()


def _lockout_limits(settings: Settings) -> LockoutLimits:
    return LockoutLimits(
        wrong_per_charger=settings.wrong_per_charger,
        wrong_per_address=settings.wrong_per_address,
        unknown_per_address=settings.unknown_per_address,
        refused_per_min=settings.refused_per_min,
        arrivals_per_min=settings.arrivals_per_min,
    )


def open_streams(database_url: str, settings: Settings, secret: bytes) -> tuple[LiveStreams, Seats]:
    """Live streams and who may have how many; nothing is connected before the first."""
    limits = LiveSettings(
        per_credential=settings.streams_per_credential, per_tenant=settings.streams_per_tenant
    )
    return LiveStreams(database_url, decoding(FACTS), secret, limits), Seats(database_url)


def webhook_tools(store: EventStore, settings: Settings, secret: bytes) -> WebhookTools:
    """What webhooks are made and tried with."""
    private = settings.webhooks_private
    return WebhookTools(
        lambda caller: Webhooks(store, caller.tenant, caller.name, caller.cause, private=private),
        WebhookSecrets(secret),
        Sender(private=private, timeout_s=settings.webhook_timeout_s),
    )


def fleet_of(database_url: str, settings: Settings) -> Fleet:
    """The ports between the processes of this installation, on the broker that was chosen."""
    if settings.redis_url is not None:
        return redis_fleet.open_fleet(settings.redis_url.get_secret_value())
    return postgres_fleet.open_fleet(database_url)


def open_engine(
    database_url: str,
    models: Sequence[ReadModel] = READ_MODELS,
    *,
    log_url: str = "",
    subjects: Subjects | None = None,
) -> Engine:
    """The projection engine over every read model, unless `models` says which; `database_url` is the owner's.

    The log is read at `log_url`, where that is another. For `subjects` see `open_log`.
    """
    return Engine(database_url, open_log(log_url or database_url, subjects), models)


def open_log(database_url: str, subjects: Subjects | None = None) -> LogReader:
    """The log as read models read it, read ahead while catching up; the caller closes it.

    With `subjects` what people wrote about tokens can be read; without, it is left out.
    """
    return ReadAhead(open_plain_log(database_url, subjects), open_plain_log(database_url, subjects))


def open_plain_log(database_url: str, subjects: Subjects | None = None) -> PostgresLog:
    """The log on one connection; the caller closes it."""
    return PostgresLog(database_url, decoding(FACTS, subjects))


def open_read_log(database_url: str, subjects: Subjects) -> PostgresLog:
    """The log with tokens as they are, for what acts on what it reads; the caller closes it."""
    return PostgresLog(database_url, opening(FACTS, subjects))
