"""How the parts are put together: the one place where adapters meet the application."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from eventsourcing.persistence import StoredEvent

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from adapters.http.services import Services
from adapters.ocpp.caller import Caller
from adapters.ocpp.frames import Limits
from adapters.ocpp.gateway import Gateway, GatewaySettings, enabled_versions
from adapters.ocpp.v16.actions import ACTIONS as V16_ACTIONS
from adapters.ocpp.v21.actions import ACTIONS as V21_ACTIONS
from adapters.ocpp.v201.actions import ACTIONS as V201_ACTIONS
from adapters.ocpp.versions import Version
from adapters.ocpp.words import WordsOfOcpp
from adapters.postgres import fleet as postgres_fleet
from adapters.redis import fleet as redis_fleet
from application.attempts import Attempts
from application.clock import time_ordered_id
from application.commands import CommandBook, Commands
from application.consequences import CONSEQUENCES
from application.fleet import Fleet
from application.intake import Intake
from application.rules import Rules
from application.switchboard import Switchboard
from domain.catalogue import FACTS
from domain.commands.intent import Abilities
from domain.event import Event, Fact
from domain.id_tokens.id_token import TokenPolicy
from domain.identity import ChargerId
from entrypoints.settings import Settings
from projections.catalogue import READ_MODELS
from projections.engine import Engine
from projections.log import PostgresLog
from projections.read_ahead import ReadAhead
from projections.read_model import LogReader, ReadModel

log = logging.getLogger("zeus.serve")

ACTIONS = {Version.V16: V16_ACTIONS, Version.V201: V201_ACTIONS, Version.V21: V21_ACTIONS}


CLOSED_BY_OPERATOR = 1008


class Core:
    """The store and what writes to it, for one process."""

    def __init__(self, database_url: str, settings: Settings, gateway: str = "") -> None:
        """`gateway` is the name of this process, different from every other's; made up where none is given."""
        self.settings = settings
        self.gateway_name = gateway or f"{socket.gethostname()}:{os.getpid()}:{time_ordered_id()}"
        self.store = CountedEventStore(open_store(database_url, FACTS))
        self.fleet = fleet_of(database_url, settings)
        self.rules = Rules(
            heartbeat_s=settings.heartbeat_s,
            tokens=TokenPolicy(accept_unknown=settings.accept_unknown_tokens),
        )
        self.intake = Intake(self.store, self.rules)
        self.attempts = Attempts(self.store, settings.tenant)
        self.book = CommandBook(self.store, CONSEQUENCES)
        self.switchboard = Switchboard(self.gateway_name, self.fleet, self.book)
        self.gateway = Gateway(
            self.store,
            self.intake,
            self.attempts,
            ACTIONS,
            GatewaySettings(
                tenant=settings.tenant,
                gateway=self.gateway_name,
                versions=enabled_versions(settings.versions),
                trusted_proxies=frozenset(settings.trusted_proxies),
                limits=Limits(size=settings.frame_size),
                frames_per_s=settings.frames_per_s,
                burst=settings.burst,
            ),
            self.switchboard,
            lambda session: Caller(session, self.book, self.gateway_name, self.abilities),
        )
        self.commands = Commands(self.book, self.switchboard, WordsOfOcpp(), self.abilities)
        self.services = Services(self.commands)

    async def open(self) -> None:
        """Join the fleet. Raises FleetUnavailable."""
        await self.switchboard.open(self._noticed)

    async def close(self) -> None:
        """Finish what is under way, then let go of everything; call it when the sockets are closed."""
        await self.switchboard.finish()
        await self.intake.finish()
        await self.store.close()
        await self.fleet.close()

    async def abilities(self, charger: ChargerId) -> Abilities:
        """What the charger is known to be able to do."""
        return Abilities()

    async def _noticed(self, charger: ChargerId, news: str) -> None:
        """Another process says that something about a charger of ours changed."""
        log.info("%s: %s", charger.stream, news)


@asynccontextmanager
async def asking(database_url: str, settings: Settings) -> AsyncIterator[Commands]:
    """Commands for a process without sockets, such as one typed at a terminal."""
    core = Core(database_url, settings)
    try:
        await core.open()
        yield core.commands
    finally:
        await core.close()


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
    mapper = EventMapper(FACTS)

    def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
        return mapper.to_domain_event(StoredEvent(stream, version, topic, state))

    return ReadAhead(PostgresLog(database_url, decode), PostgresLog(database_url, decode))
