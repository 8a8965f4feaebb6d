"""The engine: everything once, poison isolated, the live log followed, leaders replaced."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from domain.event import Fact, Recorded
from projections.engine import Engine, LeaderElsewhere
from projections.positions import Lag, lag, resume
from projections.read_model import ReadModel
from projections.writes import Write
from tests.projections.ledger import START, Board, Counted, Curve, Ledger, Renamed, Tally, engine, rows


def _lags(dsn: str) -> dict[str, Lag]:
    with psycopg.connect(dsn) as connection:
        return {each.name: each for each in lag(connection)}


def _tally(dsn: str, who: str = "ada") -> tuple[int, int] | None:
    with psycopg.connect(dsn) as connection:
        query = "SELECT events, sum_n FROM ledger_tally WHERE who = %s"
        return connection.execute(query, [who]).fetchone()


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a state another process or thread brings about and that nobody announces."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


@contextmanager
def running(one: Engine) -> Iterator[None]:
    """An engine at work in a thread; what it raises is raised here."""
    stop, failures = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            one.run(stop)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert not failures, failures


@pytest.mark.parametrize("batch", [1, 2, 7, 5000])
def test_every_event_is_in_the_rows_once_whatever_the_batch(postgres_dsn: str, batch: int) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=n) for n in range(50)])
    one = engine(postgres_dsn, batch=batch)
    one.catch_up()
    one.catch_up()
    ledger.append([Counted(who="ada", n=n) for n in range(50, 60)])
    one.close()
    one.catch_up()
    one.close()
    assert _tally(postgres_dsn) == (60, sum(range(60)))


def test_an_engine_reads_the_log_once_for_models_at_the_same_position(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=n) for n in range(10)])
    engine_ = engine(postgres_dsn, Board(), Tally())
    reads = []
    log = engine_._log
    read = log.read
    log.read = lambda *arguments: reads.append(arguments) or read(*arguments)  # type: ignore[method-assign,func-returns-value]
    engine_.catch_up()
    engine_.close()
    assert len(reads) == 1


def test_a_lagging_model_catches_up_and_joins_the_others(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=n) for n in range(20)])
    first = engine(postgres_dsn, Board())
    first.catch_up()
    first.close()
    head = ledger.append([Counted(who="ada", n=20)])
    both = engine(postgres_dsn, Board(), Tally(), batch=6)
    both.catch_up()
    both.close()
    assert {each.position for each in _lags(postgres_dsn).values()} == {head}
    assert _tally(postgres_dsn) == (21, sum(range(21)))


def test_a_projection_that_raises_stops_its_model_before_the_event_and_no_other(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    head = ledger.append([Counted(who="ada", n=n) for n in range(40)])
    one = engine(postgres_dsn, Board(poison=29), Tally(), batch=16)
    one.catch_up()
    one.close()
    lags = _lags(postgres_dsn)
    assert (lags["board"].state, lags["board"].error) == ("stopped", "ZeroDivisionError: poison 29")
    assert (lags["board"].error_position, lags["board"].position) == (30, 29)
    assert (lags["tally"].state, lags["tally"].position) == ("running", head)
    assert sorted(rows(postgres_dsn, Board())["ledger_board"]) == ["(ada,0,28,,0,1)", "(ada,1,27,,1,1)"]


@pytest.mark.parametrize("at", [0, 1, 13, 29])
def test_an_event_the_database_refuses_is_found_by_halving(postgres_dsn: str, at: int) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who=f"p{n}", n=5_000_000 if n == at else n) for n in range(30)])
    one = engine(postgres_dsn, Board(), Tally())
    one.catch_up()
    one.close()
    lags = _lags(postgres_dsn)
    assert lags["board"].behind == 0
    assert lags["tally"].error_position == at + 1
    assert lags["tally"].error is not None
    assert "ledger_small" in lags["tally"].error
    assert [_tally(postgres_dsn, f"p{n}") is not None for n in range(30)] == [n < at for n in range(30)]


def test_an_event_that_cannot_be_decoded_stops_those_who_want_its_topic(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=1)])
    broken = ledger.append([Renamed(who="ada", label="?")], raw=b"{no json")
    head = ledger.append([Counted(who="ada", n=2)])
    one = engine(postgres_dsn)
    one.catch_up()
    one.close()
    lags = _lags(postgres_dsn)
    assert lags["tally"].position == head
    for name in ("board", "curve"):
        assert (lags[name].state, lags[name].error_position) == ("stopped", broken)
        assert "DecodeError" in str(lags[name].error)


def test_a_corrected_program_goes_on_where_the_model_stopped(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=n) for n in range(9)])
    broken = engine(postgres_dsn, Board(poison=4))
    broken.catch_up()
    broken.close()
    broken.catch_up()
    broken.close()
    assert _lags(postgres_dsn)["board"].failures == 2
    mended = engine(postgres_dsn, Board())
    mended.catch_up()
    mended.close()
    after = _lags(postgres_dsn)["board"]
    assert (after.state, after.behind, after.error, after.failures) == ("running", 0, None, 0)


def test_resume_lets_a_running_engine_try_again(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=n) for n in range(9)])
    board = Board(poison=4)
    with running(engine(postgres_dsn, board)):
        eventually(lambda: "board" in _lags(postgres_dsn) and _lags(postgres_dsn)["board"].state == "stopped")
        board.poison = None
        with psycopg.connect(postgres_dsn) as connection:
            assert resume(connection, "board")
            assert not resume(connection, "tally")
        eventually(lambda: _lags(postgres_dsn)["board"].behind == 0)
    assert _lags(postgres_dsn)["board"].state == "running"


def test_rows_are_seen_soon_after_the_commit(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    ledger.append([Counted(who="ada", n=0)])
    waits = []
    with (
        running(engine(postgres_dsn)),
        psycopg.connect(postgres_dsn, autocommit=True) as watch,
    ):
        eventually(lambda: _lags(postgres_dsn).get("tally") is not None)
        for n in range(1, 60):
            position = ledger.append([Counted(who="ada", n=n)])
            began = time.monotonic()
            while watch.execute(
                "SELECT 1 FROM zeus_read_models WHERE name = 'tally' AND position < %s", [position]
            ).fetchone():
                assert time.monotonic() - began < 10
            waits.append(time.monotonic() - began)
    assert sorted(waits)[-2] < 0.25, waits


def test_a_lost_notify_is_made_up_for_by_polling(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    with running(engine(postgres_dsn, Tally(), channel="nobody_speaks_here")):
        for n in range(3):
            position = ledger.append([Counted(who="ada", n=n)])
            eventually(lambda p=position: _lags(postgres_dsn).get("tally", None) is not None)  # type: ignore[misc]
            eventually(lambda p=position: _lags(postgres_dsn)["tally"].position == p, 2)  # type: ignore[misc]


def test_only_one_engine_runs_a_model_and_another_takes_over(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    leader = engine(postgres_dsn, Tally())
    leader.catch_up()
    follower = engine(postgres_dsn, Tally())
    with pytest.raises(LeaderElsewhere, match="tally"):
        follower.catch_up()
    with running(follower):
        ledger.append([Counted(who="ada", n=1)])
        leader.catch_up()
        assert _tally(postgres_dsn) == (1, 1)
        ledger.append([Counted(who="ada", n=2)])
        leader.close()
        eventually(lambda: _tally(postgres_dsn) == (2, 3))


def test_models_may_be_shared_out_among_engines(postgres_dsn: str) -> None:
    Ledger(postgres_dsn).append([Counted(who="ada", n=1)])
    one, other = engine(postgres_dsn, Tally()), engine(postgres_dsn, Board(), Curve())
    one.catch_up()
    other.catch_up()
    one.close()
    other.close()
    assert {each.behind for each in _lags(postgres_dsn).values()} == {0}


class _Moved(ReadModel):
    """As Tally, but somebody else moves its position in the middle of the batch."""

    name, version, tables, topics = "tally", 1, Tally.tables, Tally.topics

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.meddled = False

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """Nothing special."""
        return Tally().project(recorded)

    def prepare(self, connection: object, writes: object) -> None:
        """Meddle once: end the server's side of the engine's connection before the commit."""
        if not self.meddled:
            self.meddled = True
            with psycopg.connect(self._dsn, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'zeus projections'"
                )


def test_a_lost_connection_is_no_poison(postgres_dsn: str) -> None:
    Ledger(postgres_dsn).append([Counted(who="ada", n=n) for n in range(5)])
    model = _Moved(postgres_dsn)
    with running(engine(postgres_dsn, model)):
        eventually(lambda: _tally_exists(postgres_dsn) and _tally(postgres_dsn) == (5, 10))
    assert model.meddled
    assert _lags(postgres_dsn)["tally"].failures == 0


def _tally_exists(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT to_regclass('ledger_tally') IS NOT NULL").fetchone()
        return bool(row and row[0])


def test_lag_tells_how_far_and_how_long(postgres_dsn: str) -> None:
    ledger = Ledger(postgres_dsn)
    one = engine(postgres_dsn, Tally())
    one.catch_up()
    ledger.append([Counted(who="ada", n=n, at=START) for n in range(3)])
    behind = _lags(postgres_dsn)["tally"]
    assert (behind.behind, behind.head, behind.position) == (3, 3, 0)
    assert 0 < behind.behind_s < 60
    one.catch_up()
    one.close()
    assert (_lags(postgres_dsn)["tally"].behind, _lags(postgres_dsn)["tally"].behind_s) == (0, 0)
