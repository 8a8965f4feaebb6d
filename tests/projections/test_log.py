"""The log is read in order, by topic, and followed."""

import threading
import time

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import EventMapper
from domain.event import Event, Recorded, Told
from projections.log import PostgresLog
from projections.read_model import Unreadable, topic_of
from tests.projections.ledger import FACTS, START, Counted, Forgotten, Ledger, Renamed, decode


def test_the_log_is_read_in_order_between_positions_and_by_topic(postgres_dsn: str) -> None:
    log = PostgresLog(postgres_dsn, decode)
    assert log.head() == 0
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=1), Renamed(who="ada", label="a"), Forgotten(who="ada")])
    last = ledger.append([Counted(who="ada", n=2)])
    assert log.head() == last == 4
    assert [item.position for item in log.read(0, 4, 10)] == [1, 2, 3, 4]
    assert [item.position for item in log.read(1, 3, 10)] == [2, 3]
    assert [item.position for item in log.read(0, 4, 2)] == [1, 2]
    counted = log.read(0, 4, 10, frozenset({Counted.TOPIC}))
    assert [(item.position, topic_of(item)) for item in counted] == [(1, Counted.TOPIC), (4, Counted.TOPIC)]
    assert log.read(0, 4, 10, frozenset()) == []
    log.close()
    assert log.head() == 4
    log.close()


def test_events_of_a_former_name_are_found_under_the_present_one(postgres_dsn: str) -> None:
    class Tallied(Counted, frozen=True):
        """The old name."""

        TOPIC = "ledger.tallied"

    ledger = Ledger(postgres_dsn)
    ledger.append([Tallied(who="ada", n=1)])
    ledger.append([Tallied(who="ada", n=2)], raw=b"?")
    log = PostgresLog(
        postgres_dsn,
        lambda topic, *rest: decode(topic if topic in FACTS else Counted.TOPIC, *rest),
        former={Counted.TOPIC: ["ledger.tallied"]},
    )
    readable, unreadable = log.read(0, 2, 10, frozenset({Counted.TOPIC}))
    log.close()
    assert (topic_of(readable), topic_of(unreadable)) == (Counted.TOPIC, Counted.TOPIC)
    assert isinstance(unreadable, Unreadable)
    assert "ledger/acme/1 v2" in unreadable.error


def test_an_append_ends_the_wait(postgres_dsn: str) -> None:
    log = PostgresLog(postgres_dsn, decode)
    log.head()
    appending = threading.Timer(0.05, lambda: Ledger(postgres_dsn).append([Counted(who="ada", n=1)]))
    appending.start()
    began = time.monotonic()
    log.wait(20)
    assert time.monotonic() - began < 10
    appending.join()
    log.wait(0.01)
    assert log.head() == 1
    log.close()


def test_the_products_mapper_decodes_for_the_log(postgres_dsn: str) -> None:
    mapper = EventMapper(tuple(FACTS.values()))
    told = Told(recorded_at=START, frame='[2,"1","Heartbeat",{}]')
    event = Event(
        originator_id="ledger/acme/1", originator_version=1, fact=Counted(who="ada", n=1), told=told
    )
    stored = mapper.to_stored_event(event)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(
            "SELECT eventstore.append_stored_events(%s::text[], %s::bigint[], %s::text[], %s::bytea[])",
            [[event.originator_id], [1], [stored.topic], [stored.state]],
        )
    log = PostgresLog(
        postgres_dsn,
        lambda topic, state, stream, version: mapper.to_domain_event(
            StoredEvent(stream, version, topic, state)
        ),
    )
    assert log.read(0, 1, 10) == [Recorded(1, event)]
    log.close()
