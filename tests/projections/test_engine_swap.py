"""A new version is built beside the live one and takes its place while readers read."""

import threading

import psycopg
import pytest

from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.positions import lag, standings
from projections.read_model import Link
from projections.rebuild import Progress, RebuildStopped, RebuildUnderway, abandon, rebuild, rebuild_together
from tests.projections.ledger import (
    Board,
    Counted,
    Curve,
    Ledger,
    Renamed,
    Tally,
    decode,
    engine,
    models,
    rows,
)
from tests.projections.test_engine import eventually, running


def _fill(dsn: str, count: int = 300) -> Ledger:
    ledger = Ledger(dsn)
    ledger.append([Counted(who=f"p{n % 5}", n=n) for n in range(count)])
    ledger.append([Renamed(who="p1", label="one")])
    one = engine(dsn)
    one.catch_up()
    one.close()
    return ledger


def _left_in_building(connection: Link) -> list[object]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'building'::regnamespace"
    return connection.execute(query).fetchall()


def test_a_new_version_is_built_and_swapped(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("GRANT SELECT ON ledger_board TO PUBLIC")
    newer = engine(postgres_dsn, Board(version=2), Tally(), Curve())
    newer.catch_up()
    newer.close()
    live = rows(postgres_dsn, Board())["ledger_board"]
    assert len(live) == 10
    assert all(row.endswith(",2)") for row in live)
    with psycopg.connect(postgres_dsn) as connection:
        assert [(s.version, s.place) for s in standings(connection, name="board")] == [(2, "live")]
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'building'::regnamespace"
        )
        assert left.fetchall() == []
        granted = connection.execute(
            "SELECT relacl::text FROM pg_class WHERE relname = 'ledger_board'"
        ).fetchone()
        assert granted is not None
        assert "{postgres=" in granted[0] and ",=r/" in granted[0]  # noqa: PT018 - one list, two entries


def test_an_older_program_neither_runs_nor_undoes_a_newer_version(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    newer = engine(postgres_dsn, Board(version=2))
    newer.catch_up()
    newer.close()
    older = engine(postgres_dsn, Board(version=1), Tally())
    with running(older):
        eventually(lambda: older._refreshed > 0)
    assert all(row.endswith(",2)") for row in rows(postgres_dsn, Board())["ledger_board"])


def test_the_live_version_follows_the_log_while_the_new_one_is_built(postgres_dsn: str) -> None:
    ledger = _fill(postgres_dsn, 500)
    old, new = Board(version=1), Board(version=2)
    both = engine(postgres_dsn, old, new, batch=20)
    both.step()  # the roles
    ledger.append([Counted(who="late", n=7)])
    both.step()
    assert "(late,1,7,,7,1)" in rows(postgres_dsn, old)["ledger_board"]
    with psycopg.connect(postgres_dsn) as connection:
        assert {each.place: each.behind > 0 for each in lag(connection) if each.name == "board"} == {
            "live": False,
            "building": True,
        }
    both.catch_up()
    both.close()
    assert "(late,1,7,,7,2)" in rows(postgres_dsn, new)["ledger_board"]


@pytest.mark.parametrize("which", models(), ids=lambda model: model.name)
def test_a_rebuild_gives_the_rows_that_were_live(postgres_dsn: str, which: Board) -> None:
    _fill(postgres_dsn)
    before = rows(postgres_dsn, which)
    seen: list[Progress] = []
    with connect_projector(postgres_dsn) as connection:
        log = PostgresLog(postgres_dsn, decode)
        result = rebuild(connection, log, which, seen.append, verify=True, batch=50)
        log.close()
    assert rows(postgres_dsn, which) == before
    assert result.tables
    assert all(table.same for table in result.tables)
    assert sum(table.live_rows for table in result.tables) == sum(len(each) for each in before.values())
    assert seen[-1].position == seen[-1].head == result.position
    assert [step.position for step in seen] == sorted(step.position for step in seen)


def test_a_damaged_live_table_is_told_by_the_comparison(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    with connect_projector(postgres_dsn) as connection:
        connection.execute("UPDATE ledger_tally SET sum_n = sum_n + 1 WHERE who = 'p3'")
        log = PostgresLog(postgres_dsn, decode)
        result = rebuild(connection, log, Tally(), lambda _: None, verify=True)
        log.close()
    assert [table.same for table in result.tables] == [False]


def test_partitions_and_views_move_along(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    with connect_projector(postgres_dsn) as connection:
        query = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.ledger_points'::regclass"
        parts = connection.execute(query).fetchone()
        log = PostgresLog(postgres_dsn, decode)
        rebuild(connection, log, Curve(), lambda _: None)
        log.close()
        assert connection.execute(query).fetchone() == parts
        assert connection.execute("SELECT count(*) FROM public.ledger_latest").fetchone() == (5,)
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'building'::regnamespace"
        )
        assert left.fetchall() == []
    after = Ledger(postgres_dsn, "ledger/acme/2")
    after.append([Counted(who="p9", n=1999)])
    one = engine(postgres_dsn)
    one.catch_up()
    one.close()
    assert any("p9" in row for row in rows(postgres_dsn, Curve())["ledger_points"])


def test_views_of_others_survive_or_are_told(postgres_dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    _fill(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE SCHEMA reports")
        connection.execute("CREATE VIEW reports.big AS SELECT who, last_n FROM ledger_tally WHERE sum_n > 1")
        connection.execute("CREATE VIEW reports.names AS SELECT who FROM reports.big")
        connection.execute("GRANT SELECT ON reports.names TO PUBLIC")
        connection.execute("ALTER TABLE ledger_tally ADD COLUMN own text")
        connection.execute("CREATE VIEW reports.odd AS SELECT own FROM ledger_tally")
    log = PostgresLog(postgres_dsn, decode)
    with connect_projector(postgres_dsn) as connection:
        rebuild(connection, log, Tally(), lambda _: None)
        connection.execute("RESET ROLE")
        assert connection.execute("SELECT count(*) FROM reports.names").fetchone() == (5,)
        acl = connection.execute("SELECT relacl::text FROM pg_class WHERE relname = 'names'").fetchone()
        assert acl is not None
        assert "=r/" in acl[0]
        assert connection.execute("SELECT to_regclass('reports.odd')").fetchone() == (None,)
    log.close()
    assert "reports.odd" in caplog.text
    assert "own" in caplog.text


def test_a_long_query_delays_the_swap_and_nobody_else(postgres_dsn: str) -> None:
    ledger = _fill(postgres_dsn)
    newer = engine(postgres_dsn, Board(version=2), Tally())
    with psycopg.connect(postgres_dsn) as reader:
        reader.execute("SELECT count(*) FROM ledger_board")
        with running(newer):
            position = ledger.append([Counted(who="p0", n=1)])
            eventually(lambda: _positions(postgres_dsn).get(("tally", "live")) == position)
            eventually(lambda: newer._swap_after > 0)
            assert ("board", "building") in _positions(postgres_dsn)
            reader.commit()
            eventually(lambda: ("board", "building") not in _positions(postgres_dsn))
    assert all(row.endswith(",2)") for row in rows(postgres_dsn, Board())["ledger_board"])


def _positions(dsn: str) -> dict[tuple[str, str], int]:
    with psycopg.connect(dsn) as connection:
        return {(each.name, each.place): each.position for each in lag(connection)}


class _Unmade(Board):
    """A board whose tables cannot be made."""

    def create(self, connection: Link) -> None:
        """Fail as a wrong DDL statement does."""
        connection.execute("CREATE TABLE ledger_board (who nosuchtype)")


@pytest.mark.parametrize("version", [1, 2])
def test_tables_that_cannot_be_made_stop_their_model_alone(postgres_dsn: str, version: int) -> None:
    ledger = _fill(postgres_dsn) if version == 2 else Ledger(postgres_dsn)
    head = ledger.append([Counted(who="p0", n=1)])
    one = engine(postgres_dsn, _Unmade(version), Tally())
    one.catch_up()
    one.close()
    assert _positions(postgres_dsn)["tally", "live"] == head
    place = "live" if version == 1 else "building"
    with psycopg.connect(postgres_dsn) as connection:
        stopped = next(each for each in lag(connection) if (each.name, each.place) == ("board", place))
    assert stopped.state == "stopped"
    assert "nosuchtype" in str(stopped.error)
    mended = engine(postgres_dsn, Board(version))
    mended.catch_up()
    mended.close()
    assert _positions(postgres_dsn)["board", "live"] == head


def test_readers_see_all_rows_at_every_moment_of_swaps(postgres_dsn: str) -> None:
    ledger = _fill(postgres_dsn)
    stop, seen, failures = threading.Event(), list[int](), list[BaseException]()

    def read() -> None:
        try:
            with psycopg.connect(postgres_dsn, autocommit=True, prepare_threshold=0) as connection:
                while not stop.is_set():
                    row = connection.execute("SELECT sum(events) FROM ledger_tally").fetchone()
                    assert row is not None
                    seen.append(int(row[0]))
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    with running(engine(postgres_dsn)), connect_projector(postgres_dsn) as connection:
        for n in range(5):
            ledger.append([Counted(who="p0", n=n)])
            log = PostgresLog(postgres_dsn, decode)
            rebuild(connection, log, Tally(), lambda _: None, batch=100)
            log.close()
        eventually(lambda: bool(seen) and seen[-1] == 305)
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert min(seen) >= 300
    assert seen[-1] == 305


def test_a_rebuild_that_was_cut_off_is_resumed(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    before = rows(postgres_dsn, Tally())
    log = PostgresLog(postgres_dsn, decode)

    def cut(progress: Progress) -> None:
        if progress.position >= 100:
            raise KeyboardInterrupt

    with connect_projector(postgres_dsn) as connection, pytest.raises(KeyboardInterrupt):
        rebuild(connection, log, Tally(), cut, batch=50)
    seen: list[Progress] = []
    with connect_projector(postgres_dsn) as connection:
        rebuild(connection, log, Tally(), seen.append, batch=50)
    log.close()
    assert seen[0].position > 100
    assert rows(postgres_dsn, Tally()) == before


def test_several_are_built_together_from_wherever_each_was_cut_off(postgres_dsn: str) -> None:
    """The log is read once for those that stand at the same place."""
    _fill(postgres_dsn)
    before = rows(postgres_dsn, Tally()), rows(postgres_dsn, Board())
    log = PostgresLog(postgres_dsn, decode)

    def cut(at: Progress) -> None:
        if at.position > 100:
            raise KeyboardInterrupt

    with connect_projector(postgres_dsn) as connection, pytest.raises(KeyboardInterrupt):
        rebuild(connection, log, Tally(), cut, batch=50)
    seen: list[Progress] = []
    with connect_projector(postgres_dsn) as connection:
        built = rebuild_together(connection, log, [Tally(), Board()], seen.append, batch=70)
    log.close()
    assert built.keys() == {"tally", "board"}
    assert [one.position for one in seen] == sorted({one.position for one in seen})
    assert (rows(postgres_dsn, Tally()), rows(postgres_dsn, Board())) == before


def test_where_one_meets_poison_the_others_are_built(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    before = rows(postgres_dsn, Tally()), rows(postgres_dsn, Board())
    log = PostgresLog(postgres_dsn, decode)
    newer = Tally()
    newer.version += 1
    with connect_projector(postgres_dsn) as connection:
        with pytest.raises(RebuildStopped, match="board"):
            rebuild_together(connection, log, [Board(poison=100), newer], lambda _: None, batch=70)
        found = {(one.name, one.place): (one.version, one.state) for one in lag(connection)}
    log.close()
    assert found["tally", "live"] == (newer.version, "running")
    assert ("tally", "building") not in found
    assert found["board", "building"][1] == "stopped"
    assert (rows(postgres_dsn, Tally()), rows(postgres_dsn, Board())) == before


def test_two_rebuilds_of_a_model_do_not_mix(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    log = PostgresLog(postgres_dsn, decode)
    refused: list[str] = []

    def meanwhile(_: Progress) -> None:
        with connect_projector(postgres_dsn) as other, pytest.raises(RebuildUnderway) as error:
            rebuild(other, log, Tally(), lambda _: None)
        refused.append(str(error.value))

    with connect_projector(postgres_dsn) as connection:
        rebuild(connection, log, Tally(), meanwhile)
    log.close()
    assert refused == ["tally"]


def test_a_rebuild_that_meets_poison_leaves_the_live_rows(postgres_dsn: str) -> None:
    _fill(postgres_dsn)
    before = rows(postgres_dsn, Board())
    log = PostgresLog(postgres_dsn, decode)
    with connect_projector(postgres_dsn) as connection:
        with pytest.raises(RebuildStopped):
            rebuild(connection, log, Board(poison=100), lambda _: None)
        states = {
            each.place: (each.state, each.error_position) for each in lag(connection) if each.name == "board"
        }
        assert abandon(connection, "board")
        assert not abandon(connection, "board")
        assert [each.place for each in lag(connection) if each.name == "board"] == ["live"]
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'building'::regnamespace"
        )
        assert left.fetchall() == []
    log.close()
    assert states == {"live": ("running", None), "building": ("stopped", 101)}
    assert rows(postgres_dsn, Board()) == before
