"""A log of any size made of a short real one: each copy is a day of other chargers, and one charger has a tenth of it.

Rows are as the event store writes them, in its order of positions, without a gap; what makes them is SQL and not the
gateway. Frames of a copy name the chargers of that copy; numbers of transactions and pseudonyms of tokens recur.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

BIG = "charger/default/BENCH-OLDEST"
"""The charger with a tenth of all events."""
BIG_SHARE = 10

_SEED = """
    CREATE TEMP TABLE seed AS
        SELECT row_number() OVER (ORDER BY notification_id) AS n, originator_id, originator_version, topic,
            convert_from(state, 'UTF8') AS state, recorded_at
        FROM eventstore.stored_events
        WHERE originator_id LIKE 'charger/default/BENCH-%' OR originator_id LIKE 'transaction/default/BENCH-%'
        ORDER BY notification_id;
    CREATE TEMP TABLE big_seed AS
        SELECT row_number() OVER (ORDER BY n) AS n, topic, state FROM seed
        WHERE topic IN ('charger.heartbeat_received', 'connector.status_reported');
    ANALYZE seed; ANALYZE big_seed;
"""
_EMPTY = """
    ALTER TABLE eventstore.stored_events DISABLE TRIGGER never_changed;
    TRUNCATE eventstore.stored_events RESTART IDENTITY;
    ALTER TABLE eventstore.stored_events ENABLE TRIGGER never_changed;
    TRUNCATE eventstore.snapshots, eventstore.moments, audit.tiles, audit.tails;
"""
_BOUNDS = "SELECT count(*), max(recorded_at), array_agg(DISTINCT recorded_at::date) FROM seed"
_COPY = """
    INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state, recorded_at)
    SELECT replace(originator_id, 'BENCH-', %(name)s), originator_version, topic,
        convert_to(replace(replace(state, 'BENCH-', %(name)s), %(today)s, %(day)s), 'UTF8'),
        recorded_at - %(back)s * interval '1 day'
    FROM seed ORDER BY n LIMIT %(most)s
"""
_COPY_BIG = """
    INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state, recorded_at)
    SELECT %(stream)s, %(offset)s + n, topic, convert_to(replace(state, %(today)s, %(day)s), 'UTF8'),
        %(last)s - %(back)s * interval '1 day' + n * interval '100 ms'
    FROM big_seed ORDER BY n LIMIT %(most)s
"""
_NO_FURTHER = "UPDATE public.zeus_read_models SET position = least(position, %s)"
"""Live rows are those of the log that was; they may not know more than the new one holds."""
_REGISTERED = """
    INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state, recorded_at)
    SELECT %(stream)s, 1, topic, convert_to(replace(state, 'BENCH-00000', 'BENCH-OLDEST'), 'UTF8'),
        recorded_at - %(back)s * interval '1 day'
    FROM seed WHERE topic = 'charger.registered' AND originator_id = 'charger/default/BENCH-00000'
"""


class Grown(msgspec.Struct, frozen=True):
    """What the log has become."""

    events: int
    of_the_oldest: int
    chargers: int
    begin: datetime
    end: datetime


def grow(connection: Connection[Any], events: int, tell: Callable[[int], None]) -> Grown:
    """Make the log of about `events` events anew of what it holds; `tell` hears how many there are.

    The database is the bench's own: nobody else may use it meanwhile.
    """
    connection.execute(_SEED)
    seeds, last, days = _one(connection, _BOUNDS)
    connection.execute(_EMPTY)
    big_seeds = _one(connection, "SELECT count(*) FROM big_seed")[0]
    share = events // BIG_SHARE
    copies = max(1, -(-(events - share) // seeds))
    connection.execute(_REGISTERED, {"stream": BIG, "back": copies})
    written, big = 1, 1
    today = max(days)
    for copy in range(1, copies + 1):
        back = copies - copy
        words = {"today": f"{today:%Y-%m-%d}T", "back": back}
        words["day"] = f"{_day(connection, today, back):%Y-%m-%d}T"
        name = "BENCH-" if back == 0 else f"B{copy:04}-"
        most = min(seeds, events - share - (written - big))
        written += connection.execute(_COPY, {**words, "name": name, "most": most}).rowcount
        most = min(big_seeds, -(-(share - big) // (back + 1)))
        added = connection.execute(
            _COPY_BIG, {**words, "stream": BIG, "offset": big, "last": last, "most": max(0, most)}
        ).rowcount
        written, big = written + added, big + added
        tell(written)
    chargers = _one(
        connection, "SELECT count(*) FROM eventstore.stored_events WHERE topic = 'charger.registered'"
    )[0]
    connection.execute(_NO_FURTHER, [written])
    connection.execute("VACUUM (ANALYZE) eventstore.stored_events")
    end = _one(connection, "SELECT max(recorded_at) FROM eventstore.stored_events")[0]
    first = _one(connection, "SELECT recorded_at FROM eventstore.stored_events WHERE notification_id = 1")[0]
    return Grown(written, big, chargers, first, end)


def _day(connection: Connection[Any], today: Any, back: int) -> Any:
    return _one(connection, "SELECT %s::date - %s::int", [today, back])[0]


def _one(connection: Connection[Any], query: Any, values: Any = ()) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
    assert row is not None  # noqa: S101 - aggregates and lone rows
    return row
