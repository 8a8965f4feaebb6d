"""The board as it was is the board as it stood: at any instant, with and without moments on the way."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.eventstore import past
from adapters.eventstore.past import Past
from domain.catalogue import FACTS
from domain.chargers import events as charger
from domain.event import Told
from domain.identity import ChargerId
from projections.sessions.past import session_after
from projections.sessions.projection import Sessions
from projections.status_board.projection import StatusBoard
from tests.projections.stories import START, TENANT, Fleet, Log, decode, project, rows, stream

BOARD = StatusBoard(FACTS)
TABLES = ("ocpp_chargers", "ocpp_connectors")
Seen = dict[str, list[dict[str, Any]]]


def instant(dsn: str) -> datetime:
    """When the newest event was stored."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT max(recorded_at) FROM eventstore.stored_events").fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def board_now(dsn: str) -> Seen:
    return {name: rows(dsn, name, "tenant, charger") for name in TABLES}


def of_charger(seen: Seen, key: str) -> Seen:
    return {name: [row for row in held if row["charger"] == key] for name, held in seen.items()}


def in_order(seen: Seen) -> Seen:
    """Without the order of rows, and without what nothing but the whole log can tell."""
    return {
        name: sorted(
            ({key: value for key, value in row.items() if key != "last_seen"} for row in held), key=str
        )
        for name, held in seen.items()
    }


def board_then(dsn: str, key: str, at: datetime) -> Seen:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        found = Past(connection, decode).board(ChargerId(TENANT, key), at)
    return found if found is not None else {name: [] for name in TABLES}


@pytest.mark.parametrize("seed", range(3))
def test_as_it_was_is_as_it_stood(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(past, "EVERY", 7)
    dice = random.Random(seed)
    fleet = Fleet(Log(postgres_dsn), seed, dice.choice((2, 5)))
    fleet.log.append(fleet.arrive())
    stood: list[tuple[datetime, Seen]] = []
    for _ in range(10):
        fleet.log.append(fleet.live(dice.randrange(5, 80)))
        project(postgres_dsn, BOARD)
        stood.append((instant(postgres_dsn), board_now(postgres_dsn)))
    keys = sorted({row["charger"] for row in stood[-1][1]["ocpp_chargers"]})
    for moments in (False, True):
        if moments:
            assert keep_moments(postgres_dsn, keys) > 10
            assert keep_moments(postgres_dsn, keys) == 0, "made already"
        for at, board in stood:
            for key in keys:
                assert in_order(board_then(postgres_dsn, key, at)) == in_order(of_charger(board, key))


def keep_moments(dsn: str, keys: list[str]) -> int:
    with psycopg.connect(dsn) as connection:
        return sum(Past(connection, decode).keep_moments(ChargerId(TENANT, key)) for key in keys)


def test_before_anybody_knew_it_there_was_nothing(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    log.tell((stream("CP1"), charger.Registered(cpid="CP1", security_profile=0), Told(recorded_at=START)))
    known = instant(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        seen = Past(connection, decode)
        assert seen.board(ChargerId(TENANT, "CP1"), known - timedelta(microseconds=1)) is None
        assert seen.board(ChargerId(TENANT, "CP1"), known) is not None
        assert seen.board(ChargerId(TENANT, "NOBODY"), datetime.now(UTC)) is None


def test_the_version_at_an_instant_is_found_by_halving(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    instants = []
    for _ in range(50):
        log.tell((stream("CP1"), charger.HeartbeatReceived(), Told(recorded_at=START)))
        instants.append(instant(postgres_dsn))
    with psycopg.connect(postgres_dsn) as connection:
        seen = Past(connection, decode)
        assert [seen.place(stream("CP1"), at).version for at in instants] == list(range(1, 51))
        assert seen.place(stream("CP1"), instants[0] - timedelta(seconds=1)).version == 0
        assert seen.place(stream("CP1"), instants[-1] + timedelta(days=1)).version == 50


def test_moments_of_another_version_are_not_understood(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "EVERY", 5)
    log = Log(postgres_dsn)
    told = Told(recorded_at=START)
    log.tell((stream("CP1"), charger.Registered(cpid="CP1", security_profile=0, name="Bay"), told))
    log.tell(*[(stream("CP1"), charger.HeartbeatReceived(), told)] * 20)
    assert keep_moments(postgres_dsn, ["CP1"]) == 4
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("UPDATE eventstore.moments SET kind = 'older', state = 'rubbish'")
    [row] = board_then(postgres_dsn, "CP1", instant(postgres_dsn))["ocpp_chargers"]
    assert row["name"] == "Bay"
    assert keep_moments(postgres_dsn, ["CP1"]) == 4


def test_a_session_as_it_was_is_as_it_stood(postgres_dsn: str) -> None:
    fleet = Fleet(Log(postgres_dsn), 5, 3)
    fleet.log.append(fleet.arrive())
    stood: list[tuple[datetime, list[dict[str, Any]]]] = []
    for _ in range(12):
        fleet.log.append(fleet.live(60))
        project(postgres_dsn, Sessions())
        stood.append((instant(postgres_dsn), rows(postgres_dsn, "ocpp_sessions", "session")))
    states = set()
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        seen = Past(connection, decode)
        for at, sessions in stood:
            for row in sessions:
                session = session_after(seen.until(row["transaction"], at))
                assert session is not None
                assert msgspec.structs.asdict(session) == {
                    name: row[name] for name in session.__struct_fields__
                }
                states.add(session.state)
    assert states == {"active", "ended", "awaiting_reconciliation"}
