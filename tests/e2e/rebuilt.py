"""Live read models against a fresh rebuild from the log."""

from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import EventMapper
from domain.catalogue import FACTS
from domain.event import Event, Fact
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.rebuild import rebuild


def differences(dsn: str) -> list[str]:
    """Rebuild every read model beside the live one and compare; empty when all rows are the same."""
    mapper = EventMapper(FACTS)

    def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
        return mapper.to_domain_event(StoredEvent(stream, version, topic, state))

    log = PostgresLog(dsn, decode)
    found: list[str] = []
    for model in READ_MODELS:
        with connect_projector(dsn) as connection:
            result = rebuild(connection, log, model, lambda _: None, verify=True, fresh=True)
        if not result.tables:
            found.append(f"{model.name}: nothing was compared")
        found += [f"{model.name}: {table}" for table in result.tables if not table.same]
    log.close()
    return found
