"""The contract of `application.fleet.Post` on the fake, on Postgres and on Redis."""

import msgspec
import psycopg
import redis

from application.fleet import Fleet
from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis, PostgresRig, RedisRig
from tests.contracts.post import Hall, PostContract, parcel


class TestInMemory(OnFake, PostContract):
    """The fake."""


class TestPostgres(OnPostgres, PostContract):
    """A real server."""

    async def test_a_lost_bell_costs_a_second_at_most(self, rig: PostgresRig, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        with psycopg.connect(rig.dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO fleet.parcels (addressee, id, kind, subject, body, reply_to, expires_at) "
                "VALUES ('g2', 'quiet', '', '', '', '', now() + interval '5 s')"
            )
        assert [one.id for one in await hall.parcels(1)] == ["quiet"]

    async def test_what_was_taken_is_removed(self, rig: PostgresRig, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        for n in range(3):
            await here.post.send(parcel(rig, f"p{n}"))
        await hall.parcels(3)
        await there.post.close()
        await there.post.open("g2", hall.came.put_nowait)  # looks, and so has removed, before it returns
        with psycopg.connect(rig.dsn) as connection:
            assert connection.execute("SELECT count(*) FROM fleet.parcels").fetchone() == (0,)

    async def test_a_ring_of_somebody_else_is_passed_over(
        self, rig: PostgresRig, here: Fleet, there: Fleet
    ) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        there.post.on_ring("t", hall.rang.put_nowait)
        with psycopg.connect(rig.dsn, autocommit=True) as connection:
            connection.execute("NOTIFY fleet_bell, 'hello'")
        await here.post.ring("t", "ours")
        assert await hall.ring() == "ours"


class TestRedis(OnRedis, PostContract):
    """A real server."""

    async def test_a_lost_bell_costs_a_second_at_most(self, rig: RedisRig, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        with redis.Redis.from_url(rig.url) as client:
            written = msgspec.msgpack.encode(parcel(rig, "quiet"))
            client.rpush("zeus:parcels:g2", b"%d:%s" % (rig.now().timestamp() * 1000 + 5000, written))
        assert [one.id for one in await hall.parcels(1)] == ["quiet"]

    async def test_what_was_taken_is_removed(self, rig: RedisRig, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        for n in range(3):
            await here.post.send(parcel(rig, f"p{n}"))
        await hall.parcels(3)
        await there.post.close()
        await there.post.open("g2", hall.came.put_nowait)  # looks, and so has removed, before it returns
        with redis.Redis.from_url(rig.url) as client:
            assert client.exists("zeus:parcels:g2") == 0

    async def test_a_ring_of_somebody_else_is_passed_over(
        self, rig: RedisRig, here: Fleet, there: Fleet
    ) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        there.post.on_ring("t", hall.rang.put_nowait)
        with redis.Redis.from_url(rig.url) as client:
            client.publish("zeus:bell", "hello")
        await here.post.ring("t", "ours")
        assert await hall.ring() == "ours"

    async def test_nothing_is_kept_beyond_its_time(self, rig: RedisRig, here: Fleet) -> None:
        await here.post.send(parcel(rig, "p1", in_s=5))
        await here.post.send(parcel(rig, "p2", in_s=30))
        await here.post.send(parcel(rig, "p3", in_s=5))
        with redis.Redis.from_url(rig.url) as client:
            left_ms = client.pttl("zeus:parcels:g2")
        assert 25_000 < left_ms <= 30_000
