"""The signed records of one session, read from the log, with the keys of its charger."""

from typing import Any, NamedTuple

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from adapters.eventstore.mapper import EventMapper
from adapters.signatures.ocmf import OcmfSignatures
from application.ports import AnyEvent
from application.signed_values import records_of
from application.transparency import SignedRecord, signed_records
from domain.catalogue import FACTS
from domain.identity import ChargerId
from domain.signed_values.keys import MeterKeys, meter_keys_stream

_STREAM = SQL("""
    SELECT originator_id, originator_version, topic, state FROM {events}
     WHERE originator_id = %s ORDER BY originator_version
""").format(events=Identifier(schema.SCHEMA, schema.EVENTS))


class SessionRecords(NamedTuple):
    """What there is."""

    records: list[SignedRecord]
    keys: list[str]
    """Every key that was ever registered, hex."""


def session_records(connection: Connection[Any], transaction: str) -> SessionRecords:
    """The records of a transaction by its stream. Raises UnreadableEvent."""
    mapper = EventMapper(FACTS)
    _, tenant, charger, _ = transaction.split("/", 3)
    keys = MeterKeys(meter_keys_stream(ChargerId(tenant, charger)))
    for event in _events(connection, mapper, keys.stream):
        keys.when(event)
    known = [key.key for key in keys.keys.values()]
    found = records_of(_events(connection, mapper, transaction))
    return SessionRecords(signed_records(found, known, OcmfSignatures().check), known)


def _events(connection: Connection[Any], mapper: EventMapper, stream: str) -> list[AnyEvent]:
    rows = connection.execute(_STREAM, [stream], binary=True)
    return [mapper.to_domain_event(StoredEvent(*row)) for row in rows]
