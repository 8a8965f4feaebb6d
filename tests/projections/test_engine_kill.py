"""Exactly once, whoever is killed and when: the rows equal a fresh rebuild."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.eventstore import schema
from adapters.postgres.embedded import EmbeddedPostgres
from domain.event import Fact
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.positions import lag
from projections.rebuild import rebuild
from tests.projections.ledger import Counted, Forgotten, Ledger, Renamed, decode, engine, models, rows
from tests.projections.test_engine import eventually, running

_who = st.sampled_from(["ada", "bob", "cy", "dan"])
_fact: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Counted, who=_who, n=st.integers(0, 3000)),
    st.builds(Renamed, who=_who, label=st.text(max_size=5)),
    st.builds(Forgotten, who=_who),
)


def _as_rebuilt(dsn: str, batch: int) -> None:
    """Every model's live rows are those of a rebuild in another rhythm."""
    log = PostgresLog(dsn, decode)
    with connect_projector(dsn) as connection:
        for model in models():
            before = rows(dsn, model)
            result = rebuild(connection, log, model, lambda _: None, verify=True, batch=batch)
            assert all(table.same for table in result.tables), model.name
            assert rows(dsn, model) == before
        connection.execute("RESET ROLE; SET session_replication_role = replica")  # the log refuses TRUNCATE
        connection.execute("DROP TABLE ledger_board, ledger_tally, ledger_points, ledger_journal CASCADE")
        connection.execute("TRUNCATE zeus_read_models, eventstore.stored_events")
    log.close()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    parts=st.lists(st.lists(_fact, min_size=1, max_size=40), min_size=1, max_size=5),
    batches=st.lists(st.integers(1, 60), min_size=1, max_size=4),
)
def test_any_history_in_any_batches_equals_a_rebuild_one_by_one(
    postgres_dsn: str, parts: Sequence[Sequence[Fact]], batches: Sequence[int]
) -> None:
    ledger = Ledger(postgres_dsn)
    for n, part in enumerate(parts):
        ledger.append(part)
        one = engine(postgres_dsn, batch=batches[n % len(batches)])
        one.catch_up()
        one.close()
    _as_rebuilt(postgres_dsn, batch=1)


def _behind(dsn: str) -> int | None:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT to_regclass('zeus_read_models') IS NULL").fetchone()
        if row and row[0]:
            return None
        return max((each.behind for each in lag(connection)), default=None)


def _history(seed: int, count: int) -> list[Fact]:
    rng = random.Random(seed)
    return [
        Renamed(who=f"p{rng.randrange(9)}", label=str(n))
        if rng.random() < 0.1
        else Counted(who=f"p{rng.randrange(9)}", n=rng.randrange(3000))
        for n in range(count)
    ]


def test_a_projector_killed_at_any_moment_loses_and_doubles_nothing(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append(_history(1, 4000))
    rng, left, kills = random.Random(2), 4000, 0
    while left > 0 and kills < 6:
        command = [
            sys.executable,
            "-m",
            "tests.projections.ledger",
            postgres_dsn,
            str(rng.choice([3, 10, 50])),
        ]
        with subprocess.Popen(command) as process:
            goal = left - rng.randrange(1, 600)
            eventually(lambda goal=goal: (_behind(postgres_dsn) or 4000) <= goal)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
        kills += 1
        left = _behind(postgres_dsn) or 0
    assert kills > 2
    one = engine(postgres_dsn)
    eventually(lambda: _leader_gone(postgres_dsn))
    one.catch_up()
    one.close()
    _as_rebuilt(postgres_dsn, batch=1000)


def _leader_gone(dsn: str) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'zeus projections'"
    )
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchone() == (0,)


def test_a_killed_database_loses_and_doubles_nothing(short_directory: Path) -> None:
    with EmbeddedPostgres(short_directory / "data", settings={"shared_buffers": "64MB"}) as server:
        schema.create(server.dsn)
        ledger = Ledger(server.dsn)
        ledger.append(_history(3, 3000))
        with running(engine(server.dsn, batch=20)):
            for goal in (2500, 1500):
                eventually(lambda goal=goal: (_behind(server.dsn) or 3000) <= goal)  # type: ignore[misc]
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                eventually(lambda: _answers(server.dsn), 60)
            ledger.append(_history(4, 100))
            eventually(lambda: _behind(server.dsn) == 0, 60)
        _as_rebuilt(server.dsn, batch=1000)


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
