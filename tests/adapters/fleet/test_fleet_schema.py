"""The fleet's tables come into being once, and the application's role can use but not change them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres import fleet_schema
from adapters.postgres.fleet import open_fleet
from application import clock
from application.fleet import Begun, Parcel, Room
from domain.identity import ChargerId
from tests.contracts.post import Hall

CHARGER = ChargerId.of("default", "CP-1")


def test_two_may_create_at_once_and_again(empty_postgres_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fleet_schema.create, [empty_postgres_dsn] * 4))
    fleet_schema.create(empty_postgres_dsn)
    with psycopg.connect(empty_postgres_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM fleet.sockets").fetchone() == (0,)


@pytest.fixture
def role_dsn(empty_postgres_dsn: str) -> Iterator[str]:
    """The address as the application's role. Roles are the server's: named after the database."""
    with psycopg.connect(empty_postgres_dsn) as connection:
        role = f"{connection.info.dbname}_app"
        for _ in range(2):
            fleet_schema.create(empty_postgres_dsn)
        connection.execute(f'CREATE ROLE "{role}" LOGIN IN ROLE zeus_gateway')
    yield make_conninfo(empty_postgres_dsn, user=role)
    with psycopg.connect(empty_postgres_dsn, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


async def test_the_application_may_use_all_of_it(role_dsn: str) -> None:
    fleet, hall = open_fleet(role_dsn), Hall()
    await fleet.sockets.beat("g", 60)
    generation = await fleet.sockets.claim(CHARGER, "g", "c", "ocpp1.6")
    assert await fleet.sockets.owner(CHARGER) is not None
    assert await fleet.sockets.release(CHARGER, generation)
    await fleet.sockets.leave("g")
    assert isinstance(await fleet.keys.begin("s", "k", "f", ttl_s=60, lease_s=30), Begun)
    await fleet.keys.complete("s", "k", "f", 200, {}, b"")
    await fleet.keys.abandon("s", "k")
    for _ in range(2):
        assert await fleet.limits.take("n", per_s=10, burst=10) == 0.0
    await fleet.waits.put("w", "", wait_s=60, kept_s=60)
    assert len(await fleet.waits.all("w")) == 1
    assert await fleet.leases.take("l", [Room("r", 1)], ttl_s=60) == ""
    await fleet.leases.give_back("l")
    await fleet.post.open("g", hall.came.put_nowait)
    until = clock.now() + timedelta(seconds=30)
    await fleet.post.send(Parcel("p", "g", "command", "", b"", until, ""))
    assert len(await hall.parcels(1)) == 1
    await fleet.close()
    with psycopg.connect(role_dsn, autocommit=True) as connection:
        connection.execute("SELECT fleet.sweep()")
        for forbidden in ("TRUNCATE fleet.sockets", "DROP TABLE fleet.sockets", "CREATE TABLE fleet.mine ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


_PAST_AND_PRESENT = """
    INSERT INTO fleet.parcels (addressee, id, kind, subject, body, reply_to, expires_at)
        SELECT 'g', n, '', '', '', '', now() + n * interval '1 h' FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.idempotency_keys (scope, key, fingerprint, attempt, lease_until, kept_until)
        SELECT '', n, '', '', now(), now() + n * interval '1 h' FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.rate_limits SELECT n, now() + n * interval '1 h', 0 FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.waits
        SELECT n, now() - interval '2 h', now() + n * interval '1 h', '' FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.leases SELECT n, n, now() + n * interval '1 h' FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.gateways
        SELECT n, now() + n * interval '2 days', '1 ms' FROM generate_series(-1, 1, 2) AS n;
    INSERT INTO fleet.gateways VALUES ('owns', now() - interval '2 days', '1 ms');
    INSERT INTO fleet.sockets VALUES ('t', 'c', 1, 'owns', '', '')
"""


def test_what_is_past_is_swept_away(empty_postgres_dsn: str) -> None:
    fleet_schema.create(empty_postgres_dsn)
    with psycopg.connect(empty_postgres_dsn, autocommit=True) as connection:
        connection.execute(_PAST_AND_PRESENT)
        connection.execute("SELECT fleet.sweep()")
        left = connection.execute(
            "SELECT (SELECT array_agg(id) FROM fleet.parcels), "
            "(SELECT array_agg(key) FROM fleet.idempotency_keys), "
            "(SELECT array_agg(name) FROM fleet.rate_limits), "
            "(SELECT array_agg(name) FROM fleet.waits), "
            "(SELECT array_agg(room) FROM fleet.leases), "
            "(SELECT array_agg(gateway ORDER BY gateway) FROM fleet.gateways)"
        ).fetchone()
    assert left == (["1"], ["1"], ["1"], ["1"], ["1"], ["1", "owns"])
