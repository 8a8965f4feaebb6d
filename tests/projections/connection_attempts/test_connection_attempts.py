"""Given handshakes, their rows; and what can be asked of them."""

from typing import Any

import msgspec
import pytest

from domain.chargers import events as charger
from projections.connection_attempts import queries
from projections.paging import PageTooLong
from tests.projections.stories import TENANT, Log, project, reading, stream, told


def test_who_knocked(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for n in range(12):
        refused = charger.HandshakeRefused(
            cpid=f"cp{n % 3}\x00" if n else "é" * 4000,
            reason="id_unknown" if n % 2 else "auth_password",
            status=404,
            hint="typo?",
            subprotocols=("ocpp1.5", "x"),
            known=n % 2 == 0,
            count=n + 1,
        )
        log.tell((f"attempt/{TENANT}/{n:04}", refused, told(n)))
    let_in = charger.Connected(
        connection="c1",
        gateway="g",
        protocol="2.0.1",
        security_profile=2,
        remote="10.0.0.1",
        flags=("id_case",),
    )
    log.tell((stream("CP1"), let_in, told(50)))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:

        def positions(**wanted: Any) -> list[int]:
            found: list[int] = []
            after: Any = None
            while True:
                page = queries.list_attempts(
                    connection, TENANT, queries.AttemptFilter(**wanted), after=after, limit=4
                )
                found += [row.position for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert positions() == list(range(13, 0, -1))
        assert positions(accepted=True) == [13]
        assert positions(charger="cp1") == [13]
        assert positions(charger="cp1\ufffd") == [11, 8, 5, 2]
        assert positions(reason="id_unknown") == [12, 10, 8, 6, 4, 2]
        assert positions(known=True, accepted=False) == [11, 9, 7, 5, 3, 1]
        assert positions(begin=told(3).recorded_at, end=told(5).recorded_at) == [5, 4]
        first, last = (queries.list_attempts(connection, TENANT).rows[n] for n in (0, -1))
        assert (first.charger, first.protocol, first.flags, first.known) == (
            "CP1",
            "2.0.1",
            ["id_case"],
            True,
        )
        assert (len(last.charger), last.count, last.subprotocols) == (255, 1, ["ocpp1.5", "x"])
        assert msgspec.json.encode(first)
        assert queries.list_attempts(connection, "other").rows == ()


def test_unknown_ids_are_gathered_with_their_newest_attempt(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for n in range(30):
        knocked = charger.HandshakeRefused(
            cpid=("new-1", "NEW-1", "new-2")[n % 3],
            reason="id_unknown",
            status=404,
            remote=f"10.0.0.{n}",
            path=f"/ocpp/{n}",
            user_agent=f"box/{n}",
            subprotocols=("ocpp1.6", f"x{n}") if n % 3 == 2 else (),
            count=n + 1,
        )
        log.tell((f"attempt/{TENANT}/{n:04}", knocked, told(n)))
    others = (
        charger.HandshakeRefused(cpid="", reason="path_malformed", status=404),
        charger.HandshakeRefused(cpid="CP1", reason="auth_password", status=401, known=True),
        charger.HandshakeRefused(cpid="ADDED", reason="id_unknown", status=404),
    )
    for n, fact in enumerate(others):
        log.tell((f"attempt/{TENANT}/x{n}", fact, told(60 + n)))
    let_in = charger.Connected(connection="c1", gateway="g", protocol="1.6", security_profile=1)
    log.tell((stream("CP1"), let_in, told(50)))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:

        def unknown(minute: float = 0, **more: Any) -> list[queries.UnknownId]:
            begin = told(minute).recorded_at
            return queries.list_unknown_ids(connection, TENANT, begin, known=["ADDED"], **more)

        second, first = unknown()
        assert (first.charger, first.cpid, first.count) == (
            "NEW-1",
            "NEW-1",
            sum(n + 1 for n in range(30) if n % 3 < 2),
        )
        assert (first.first_seen, first.last_seen) == (told(0).recorded_at, told(28).recorded_at)
        assert (second.reason, second.remote, second.path) == ("id_unknown", "10.0.0.29", "/ocpp/29")
        assert (second.user_agent, second.subprotocols) == ("box/29", ["ocpp1.6", "x29"])
        assert first.subprotocols is None
        assert [one.charger for one in unknown(limit=1)] == ["NEW-2"]
        assert [one.count for one in unknown(29)] == [30]
        everything = queries.list_unknown_ids(connection, TENANT, told(0).recorded_at)
        assert [one.charger for one in everything] == ["ADDED", "NEW-2", "NEW-1"]
        assert queries.list_unknown_ids(connection, "other", told(0).recorded_at) == []
        with pytest.raises(PageTooLong):
            unknown(limit=201)
