"""Units in one commit: order kept, conflicts and poison stay with their unit, lost answers are looked up."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import psycopg
import pytest
from eventsourcing.persistence import DataError, IntegrityError, OperationalError, StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.eventstore import schema
from adapters.eventstore.datastore import EventDatastore
from adapters.eventstore.recorder import EventRecorder, Unit


@pytest.fixture
def recorder(postgres_dsn: str) -> Iterator[EventRecorder]:
    """Fresh tables."""
    datastore = EventDatastore(postgres_dsn, schema=schema.SCHEMA, connections=8)
    yield EventRecorder(datastore)
    datastore.close()


def _event(stream: str, version: int = 1, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(stream, version, "test.counted", state)


def _log(dsn: str) -> list[tuple[int, str, int, bytes]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT notification_id, originator_id, originator_version, state FROM eventstore.stored_events "
            "ORDER BY notification_id"
        )
        return [(row[0], row[1], row[2], bytes(row[3])) for row in rows]


def test_positions_follow_the_order_given(recorder: EventRecorder, postgres_dsn: str) -> None:
    """Neither the key's order nor the planner's may show in the log."""
    streams = [f"charger/t/{(n * 7919) % 2000:04d}" for n in range(2000)]
    units = [[_event(stream), _event(stream, 2)] for stream in streams]
    results = recorder.insert_units(units)
    assert results == [[2 * n + 1, 2 * n + 2] for n in range(2000)]
    assert [(row[1], row[2]) for row in _log(postgres_dsn)] == [
        (stream, version) for stream in streams for version in (1, 2)
    ]


_keys = st.tuples(st.integers(0, 3), st.integers(1, 3))
_units = st.lists(st.lists(_keys, min_size=1, max_size=3), max_size=8)
_runs = iter(range(10**9))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_units, max_size=4))
def test_batches_end_as_if_each_unit_came_alone(
    recorder: EventRecorder, postgres_dsn: str, batches: list[list[list[tuple[int, int]]]]
) -> None:
    """The units that are stored never share a version; each that is refused had a reason in the log."""
    run = next(_runs)
    taken: set[tuple[str, int]] = set()
    for batch in batches:
        units: list[Unit] = [[_event(f"charger/t{run}/{s}", v) for s, v in keys] for keys in batch]
        for unit, result in zip(units, recorder.insert_units(units), strict=True):
            keys = [(str(event.originator_id), event.originator_version) for event in unit]
            if isinstance(result, IntegrityError):
                assert len(set(keys)) < len(keys) or not taken.isdisjoint(keys)
            else:
                assert isinstance(result, list)
                assert taken.isdisjoint(keys)
                assert result == list(range(result[0], result[0] + len(keys)))
                taken.update(keys)
    stored = {(row[1], row[2]) for row in _log(postgres_dsn) if row[1].startswith(f"charger/t{run}/")}
    assert stored == taken


def test_who_was_refused_only_for_a_rival_that_failed_is_stored(recorder: EventRecorder) -> None:
    x, y = "charger/t/x", "charger/t/y"
    recorder.insert_events([_event(y)])
    rival, other = recorder.insert_units([[_event(x), _event(y)], [_event(x)]])
    assert isinstance(rival, IntegrityError)
    assert isinstance(other, list)


@pytest.mark.parametrize(
    ("poison", "error"),
    [
        ("charger/t/\x00", DataError),
        ("charger/t/\ud800", DataError),
        ("charger/t/" + Random(1).randbytes(6000).hex(), OperationalError),
    ],
    ids=["nul", "surrogate", "long key"],
)
def test_poison_stays_with_its_unit(recorder: EventRecorder, poison: str, error: type[Exception]) -> None:
    units = [[_event(f"charger/t/{n}")] for n in range(9)]
    units[4] = [_event("charger/t/4"), _event(poison)]
    results = recorder.insert_units(units)
    assert isinstance(results[4], error)
    assert all(isinstance(result, list) for n, result in enumerate(results) if n != 4)
    assert isinstance(recorder.insert_units([[_event("charger/t/4")]])[0], list), "nothing of it was kept"


def _wait_for_lock(dsn: str) -> int:
    """The backend that waits for the log's lock; the server tells by its view alone."""
    query = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        while (row := connection.execute(query).fetchone()) is None:
            connection.execute("SELECT pg_sleep(0.01)")
        return int(row[0])


def test_a_backend_killed_before_its_commit_is_no_loss(recorder: EventRecorder, postgres_dsn: str) -> None:
    """The connection breaks in the statement; the unit is looked up, not found, and stored once."""
    with psycopg.connect(postgres_dsn) as holder, ThreadPoolExecutor(1) as pool:
        for statement in recorder.lock_table_statements:
            holder.execute(statement)
        waiting = pool.submit(recorder.insert_units, [[_event("charger/t/A")], [_event("charger/t/B")]])
        holder.execute("SELECT pg_terminate_backend(%s)", (_wait_for_lock(postgres_dsn),))
        holder.rollback()
        results = waiting.result(timeout=20)
    assert [[row[0]] for row in _log(postgres_dsn)] == results


def test_a_commit_whose_answer_was_lost_is_not_repeated(recorder: EventRecorder, postgres_dsn: str) -> None:
    """The rows are found as they were sent, so they are ours; where other rows stand, a rival was first.

    The commit itself is done in the writer's name, while its own backend waits for the lock and is killed.
    """
    unit = [_event("charger/t/A", state=b"mine"), _event("charger/t/A", 2, state=b"mine too")]
    rival = [_event("charger/t/B", state=b"his")]
    with psycopg.connect(postgres_dsn) as holder, ThreadPoolExecutor(1) as pool:
        for statement in recorder.lock_table_statements:
            holder.execute(statement)
        waiting = pool.submit(recorder.insert_units, [unit, [_event("charger/t/B", state=b"mine")]])
        backend = _wait_for_lock(postgres_dsn)
        # What the commit whose answer is lost has written, and a rival's row on the other stream.
        for event in (*unit, *rival):
            holder.execute(
                "SELECT eventstore.append_stored_events(%s::text[], %s::bigint[], %s::text[], %s::bytea[])",
                ([event.originator_id], [event.originator_version], [event.topic], [event.state]),
            )
        holder.execute("SELECT pg_terminate_backend(%s)", (backend,))
        holder.commit()
        found, conflict = waiting.result(timeout=20)
    assert found == [1, 2]
    assert isinstance(conflict, IntegrityError)
    assert [row[3] for row in _log(postgres_dsn)] == [b"mine", b"mine too", b"his"]


def test_a_store_that_is_not_there_is_told_as_such() -> None:
    datastore = EventDatastore("host=/nonexistent dbname=zeus user=zeus", schema=schema.SCHEMA, connections=1)
    try:
        (result,) = EventRecorder(datastore).insert_units([[_event("charger/t/A")]])
    finally:
        datastore.close()
    assert isinstance(result, OperationalError)


def test_a_following_reader_misses_nothing(recorder: EventRecorder, postgres_dsn: str) -> None:
    """Writers at once; a reader that only ever asks for what is above its last position sees every row."""
    writers, commits = 6, 60
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            last = False
            while not last:
                last = done.is_set()
                rows = connection.execute(
                    "SELECT notification_id FROM eventstore.stored_events WHERE notification_id > %s "
                    "ORDER BY notification_id",
                    (seen[-1] if seen else 0,),
                ).fetchall()
                seen.extend(row[0] for row in rows)

    def write(writer: int) -> None:
        for n in range(commits):
            unit = [_event(f"charger/t/{writer}-{n}", version) for version in (1, 2, 3)]
            assert isinstance(recorder.insert_units([unit])[0], list)

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    done.set()
    reader.join()
    assert seen == [row[0] for row in _log(postgres_dsn)]
    assert len(seen) == writers * commits * 3
    with psycopg.connect(postgres_dsn) as connection:
        times = [
            row[0]
            for row in connection.execute(
                "SELECT recorded_at FROM eventstore.stored_events ORDER BY notification_id"
            )
        ]
    assert all(earlier <= later for earlier, later in pairwise(times))
