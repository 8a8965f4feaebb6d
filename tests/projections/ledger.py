"""A small world for the engine's tests: facts, a log to append to, and a read model of each kind."""

import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.event import Event, Fact, Recorded, Told
from projections.engine import Engine
from projections.log import PostgresLog
from projections.partitions import ensure_partitions
from projections.positions import SCHEMAS, Place
from projections.read_model import Link, ReadModel
from projections.schemas import table_names
from projections.writes import Append, Delete, Increment, Merge, Update, Upsert, Write

START = datetime(2026, 3, 1, tzinfo=UTC)


class Counted(Fact, frozen=True):
    """`who` counted `n`."""

    TOPIC = "ledger.counted"
    who: str
    n: int
    at: datetime = START


class Renamed(Fact, frozen=True):
    """`who` is called `label`."""

    TOPIC = "ledger.renamed"
    who: str
    label: str


class Forgotten(Fact, frozen=True):
    """`who` is no more."""

    TOPIC = "ledger.forgotten"
    who: str


FACTS: dict[str, type[Fact]] = {fact.TOPIC: fact for fact in (Counted, Renamed, Forgotten)}


def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
    """The test's own mapper."""
    fact: Fact = msgspec.json.decode(state, type=FACTS[topic])
    return Event(originator_id=stream, originator_version=version, fact=fact, told=Told(recorded_at=START))


class Ledger:
    """Appends to the event store of a database as the product does: by its function, one commit a call."""

    def __init__(self, dsn: str, stream: str = "ledger/acme/1") -> None:
        self.dsn = dsn
        self._stream = stream
        self._version = 0

    def append(self, facts: Iterable[Fact], *, raw: bytes | None = None) -> int:
        """Commit the facts; `raw` is stored instead of their JSON. Returns the last position."""
        rows = [(fact.TOPIC, raw or msgspec.json.encode(fact)) for fact in facts]
        versions = [self._version + n for n in range(1, len(rows) + 1)]
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                "SELECT eventstore.append_stored_events(%s::text[], %s::bigint[], %s::text[], %s::bytea[])",
                [[self._stream] * len(rows), versions, [t for t, _ in rows], [s for _, s in rows]],
            ).fetchone()
        self._version += len(rows)
        assert row is not None
        return int(row[0][-1])


class Board(ReadModel):
    """Upserts, updates by a coarser match and deletes."""

    def __init__(self, version: int = 1, name: str = "board", poison: int | None = None) -> None:
        self.name, self.version, self.poison = name, version, poison
        self.tables = sa.MetaData()
        self.topics = frozenset(FACTS)
        self.people = sa.Table(
            f"ledger_{name}",
            self.tables,
            sa.Column("who", sa.Text, primary_key=True),
            sa.Column("slot", sa.SmallInteger, primary_key=True),
            sa.Column("n", sa.BigInteger, nullable=False, server_default="0"),
            sa.Column("label", sa.Text),
            sa.Column("first_n", sa.BigInteger),
            sa.Column("version", sa.Integer, nullable=False),
        )

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """Slots of a person by the parity of n; a new label goes to all of them."""
        match recorded.event.fact:
            case Counted(who=who, n=n):
                if n == self.poison:
                    raise ZeroDivisionError(f"poison {n}")
                values = {"n": n, "version": self.version}
                yield Upsert(self.people, (who, n % 2), values, once={"first_n": n})
            case Renamed(who=who, label=label):
                yield Update(self.people, {"who": who}, {"label": label})
            case Forgotten(who=who):
                yield Delete(self.people, {"who": who})


class Tally(ReadModel):
    """Counters: any event seen twice or never shows."""

    name, version = "tally", 1
    topics = frozenset({Counted.TOPIC})
    tables = sa.MetaData()
    counts = sa.Table(
        "ledger_tally",
        tables,
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("sum_n", sa.BigInteger, nullable=False),
        sa.Column("last_n", sa.BigInteger),
        sa.CheckConstraint("last_n < 1000000", name="ledger_small"),
    )

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One more, and its n."""
        fact = recorded.event.fact
        assert isinstance(fact, Counted)
        yield Increment(self.counts, (fact.who,), {"events": 1, "sum_n": fact.n}, {"last_n": fact.n})


class Curve(ReadModel):
    """Partitioned, wide rows that are filled in by several events, and an append-only journal."""

    name, version = "curve", 1
    topics = frozenset({Counted.TOPIC, Renamed.TOPIC})
    tables = sa.MetaData()
    points = sa.Table(
        "ledger_points",
        tables,
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("even_n", sa.BigInteger),
        sa.Column("odd_n", sa.BigInteger),
        sa.Column("extra", JSONB),
        postgresql_partition_by="RANGE (at)",
    )
    journal = sa.Table(
        "ledger_journal",
        tables,
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("label", sa.Text),
        sa.Column("words", sa.ARRAY(sa.Text)),
        sa.Column("price", sa.Numeric),
    )

    def create(self, connection: Link) -> None:
        """With a view, which has to move along with the tables."""
        super().create(connection)
        connection.execute(
            "CREATE VIEW ledger_latest AS SELECT who, max(at) AS at FROM ledger_points GROUP BY 1"
        )

    def prepare(self, connection: Link, writes: Sequence[Write]) -> None:
        """Partitions of a week ahead of the points."""
        moments = {write.key[1] for write in writes if isinstance(write, Merge)}
        ensure_partitions(connection, "ledger_points", moments)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A point per hour, a line per label."""
        match recorded.event.fact:
            case Counted(who=who, n=n):
                at = START + timedelta(hours=n % 2000)
                values = {("odd_n" if n % 2 else "even_n"): n, "extra": {str(n % 3): n, "text": "\x00!"}}
                yield Merge(self.points, (who, at), values)
            case Renamed(label=label):
                row = {
                    "position": recorded.position,
                    "label": label,
                    "words": [label, 'a"b,{}\x00'],
                    "price": None,
                }
                yield Append(self.journal, row)


def models() -> list[ReadModel]:
    """One of each kind."""
    return [Board(), Tally(), Curve()]


def engine(dsn: str, *which: ReadModel, batch: int = 2000, channel: str = "stored_events") -> Engine:
    """An engine on the database's own log."""
    return Engine(dsn, PostgresLog(dsn, decode, channel=channel), which or models(), batch=batch)


def rows(dsn: str, model: ReadModel, place: Place = "live") -> dict[str, list[str]]:
    """All rows of the model's tables, as text, in order."""
    with psycopg.connect(dsn) as connection:
        found = {}
        for name in table_names(model):
            query = f"SELECT t::text FROM {SCHEMAS[place]}.{name} t ORDER BY 1"  # noqa: S608 - our own names
            found[name] = [row[0] for row in connection.execute(query.encode())]
        return found


def main() -> None:
    """A projector as a process, to be killed: `python -m tests.projections.ledger DSN BATCH`."""
    engine(sys.argv[1], batch=int(sys.argv[2])).run(threading.Event())


if __name__ == "__main__":
    main()
