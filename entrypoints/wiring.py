"""How the parts are put together: the one place where adapters meet the application."""

import os
import socket
from collections.abc import Sequence

from eventsourcing.persistence import StoredEvent

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from adapters.ocpp.frames import Limits
from adapters.ocpp.gateway import Gateway, GatewaySettings, enabled_versions
from adapters.ocpp.v16.actions import ACTIONS as V16_ACTIONS
from adapters.ocpp.v21.actions import ACTIONS as V21_ACTIONS
from adapters.ocpp.v201.actions import ACTIONS as V201_ACTIONS
from adapters.ocpp.versions import Version
from application.attempts import Attempts
from application.clock import time_ordered_id
from application.intake import Intake
from application.rules import Rules
from domain.catalogue import FACTS
from domain.event import Event, Fact
from domain.id_tokens.id_token import TokenPolicy
from entrypoints.settings import Settings
from projections.catalogue import READ_MODELS
from projections.engine import Engine
from projections.log import PostgresLog
from projections.read_ahead import ReadAhead
from projections.read_model import LogReader, ReadModel

ACTIONS = {Version.V16: V16_ACTIONS, Version.V201: V201_ACTIONS, Version.V21: V21_ACTIONS}


class Core:
    """The store and what writes to it, for one process."""

    def __init__(self, database_url: str, settings: Settings) -> None:
        self.settings = settings
        self.gateway_name = f"{socket.gethostname()}:{os.getpid()}:{time_ordered_id()}"
        self.store = CountedEventStore(open_store(database_url, FACTS))
        self.rules = Rules(
            heartbeat_s=settings.heartbeat_s,
            tokens=TokenPolicy(accept_unknown=settings.accept_unknown_tokens),
        )
        self.intake = Intake(self.store, self.rules)
        self.attempts = Attempts(self.store, settings.tenant)
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
        )


def open_engine(database_url: str, models: Sequence[ReadModel] = READ_MODELS) -> Engine:
    """The projection engine over every read model, unless `models` says which."""
    return Engine(database_url, open_log(database_url), models)


def open_log(database_url: str) -> LogReader:
    """The log as read models read it, read ahead while catching up; the caller closes it."""
    mapper = EventMapper(FACTS)

    def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
        return mapper.to_domain_event(StoredEvent(stream, version, topic, state))

    return ReadAhead(PostgresLog(database_url, decode), PostgresLog(database_url, decode))
