"""Read models that are not ours: a schema of their own, no way into our tables, nothing a server would notice."""

import threading
from collections.abc import Iterable
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from domain.catalogue import BY_TOPIC
from domain.chargers import events as charger
from domain.event import Fact, Recorded
from projections import own_models
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.own_models import Built, OwnModelRefused, OwnModelStopped
from projections.read_model import Link, ReadModel
from projections.rebuild import RebuildUnderway
from projections.sessions.tables import SESSIONS
from projections.writes import Increment, Update, Write
from tests.projections.stories import Fleet, Log, decode, project, rows, stream, told


class Beats(ReadModel):
    """Heartbeats by charger."""

    name, version = "beats", 1

    def __init__(self, table: str = "ocpp_sessions") -> None:
        """Its table may well be called like one of ours."""
        self.tables = MetaData()
        self.topics = frozenset((charger.HeartbeatReceived.TOPIC,))
        self.beats = Table(
            table,
            self.tables,
            Column("charger", Text, primary_key=True),
            Column("beats", BigInteger, nullable=False),
        )

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One more."""
        return [Increment(self.beats, (recorded.event.originator_id,), {"beats": 1})]


def build(dsn: str, model: ReadModel, **more: Any) -> Built:
    log = PostgresLog(dsn, decode)
    try:
        with connect_projector(dsn) as connection:
            return own_models.build(connection, log, model, lambda _: None, **more)
    finally:
        log.close()


def query(dsn: str, text: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(text.encode()).fetchall()


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    fleet = Fleet(Log(postgres_dsn), 1, 5)
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(400))
    project(postgres_dsn)
    return postgres_dsn


@pytest.mark.parametrize("batch", [7, 5000])
def test_it_counts_what_the_log_holds_beside_our_tables(dsn: str, batch: int) -> None:
    ours, standing = rows(dsn, "ocpp_sessions"), query(dsn, "SELECT * FROM zeus_read_models ORDER BY 1")
    built = build(dsn, Beats(), batch=batch)
    counted = dict(query(dsn, "SELECT * FROM own_beats.ocpp_sessions"))
    expected = dict(
        query(
            dsn,
            "SELECT originator_id, count(*) FROM eventstore.stored_events "
            "WHERE topic = 'charger.heartbeat_received' GROUP BY 1",
        )
    )
    assert counted == expected
    assert sum(counted.values()) > 50
    assert (built.position, built.tables[0].rows) == (
        query(dsn, "SELECT max(notification_id) FROM eventstore.stored_events")[0][0],
        len(counted),
    )
    assert rows(dsn, "ocpp_sessions") == ours
    assert query(dsn, "SELECT * FROM zeus_read_models ORDER BY 1") == standing, "no server waits for it"


def test_it_is_built_again_and_says_what_it_is_made_of(dsn: str) -> None:
    first = build(dsn, Beats("old"), file_sha256="ab")
    Log(dsn).tell((stream("NEW"), charger.HeartbeatReceived(), told()))
    again = build(dsn, Beats("new"), file_sha256="cd")
    tables = query(
        dsn, "SELECT relname FROM pg_class WHERE relnamespace = 'own_beats'::regnamespace AND relkind = 'r'"
    )
    assert tables == [("new",)]
    assert again.position == first.position + 1
    assert again.tables[0].rows == first.tables[0].rows + 1
    comment = query(dsn, "SELECT obj_description('own_beats'::regnamespace)")[0][0]
    assert '"file_sha256":"cd"' in comment
    assert f'"position":{again.position}' in comment


class Trespasser(Beats):
    """Writes where it has nothing to write."""

    name = "trespasser"

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A row of ours."""
        return [Update(SESSIONS, {"tenant": recorded.event.tenant}, {"reason": "x"})]


class Clumsy(Beats):
    """Raises, or makes what the database refuses."""

    def __init__(self, how: str) -> None:
        super().__init__("clumsy")
        self.how = how

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """See the class."""
        if self.how == "raises":
            raise LookupError("oh")
        return [Increment(self.beats, (recorded.event.originator_id,), {"beats": 2**62})]


def test_it_cannot_write_into_our_tables(dsn: str) -> None:
    with pytest.raises(OwnModelRefused, match="writes into ocpp_sessions, which is none of its tables"):
        build(dsn, Trespasser("mine"))


@pytest.mark.parametrize(
    ("how", "why"), [("raises", "LookupError: oh"), ("overflows", "NumericValueOutOfRange")]
)
def test_one_that_stops_leaves_what_was_there(dsn: str, how: str, why: str) -> None:
    build(dsn, Beats())
    before = query(dsn, "SELECT * FROM own_beats.ocpp_sessions ORDER BY 1")
    with pytest.raises(OwnModelStopped, match=why):
        build(dsn, Clumsy(how))
    assert query(dsn, "SELECT * FROM own_beats.ocpp_sessions ORDER BY 1") == before
    assert query(dsn, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'own\\_%'") == [("own_beats",)]


class Slow(Beats):
    """Waits in the middle of its work."""

    def __init__(self, at_work: threading.Event, go_on: threading.Event) -> None:
        super().__init__()
        self.at_work, self.go_on = at_work, go_on

    def finish(self, connection: Link, writes: Any) -> None:
        """See the class."""
        self.at_work.set()
        assert self.go_on.wait(30)


def test_two_do_not_build_the_same(dsn: str) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=build, args=(dsn, Slow(at_work, go_on)))
    thread.start()
    try:
        assert at_work.wait(30)
        with pytest.raises(RebuildUnderway):
            build(dsn, Beats())
    finally:
        go_on.set()
        thread.join()
    assert build(dsn, Beats()).tables


def with_table(*columns: Column[Any], schema: str | None = None) -> ReadModel:
    model = Beats()
    model.tables = MetaData()
    if columns:
        Table("t", model.tables, *columns, schema=schema)
    return model


def named(name: str) -> ReadModel:
    model = Beats()
    model.name = name
    return model


def wanting(topic: str) -> ReadModel:
    model = Beats()
    model.topics = frozenset((topic,))
    return model


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (named("x; DROP"), "is no name"),
        (named("n" * 41), "is no name"),
        (with_table(), "has no tables"),
        (with_table(Column("a", Text)), "needs a primary key"),
        (with_table(Column("a", Text, primary_key=True), schema="public"), "names a schema"),
        (wanting("charger.flew"), "no events called charger.flew"),
    ],
)
def test_what_cannot_be_built_is_refused(model: ReadModel, why: str) -> None:
    with pytest.raises(OwnModelRefused, match=why):
        own_models.check(model, BY_TOPIC)


def test_what_can_be_built_is_not() -> None:
    own_models.check(Beats(), BY_TOPIC)
