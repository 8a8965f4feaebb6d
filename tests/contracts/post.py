"""What every post does: subclass `PostContract` and give it a `rig` fixture."""

import asyncio
from datetime import timedelta
from statistics import median
from time import monotonic

import pytest

from application.fleet import RING_LIMIT, Fleet, FleetUnavailable, Parcel, RingTooLong
from tests.contracts.fleet import PATIENCE_S, Rig


class Hall:
    """Where a gateway's parcels or rings come in."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[Parcel] = asyncio.Queue()
        self.rang: asyncio.Queue[str] = asyncio.Queue()

    async def parcels(self, number: int) -> list[Parcel]:
        """The next so many."""
        async with asyncio.timeout(PATIENCE_S):
            return [await self.came.get() for _ in range(number)]

    async def ring(self) -> str:
        """The next one."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.rang.get()


def parcel(rig: Rig, id_: str, to: str = "g2", *, in_s: float = 30.0) -> Parcel:
    """One that is good for half a minute."""
    until = rig.now() + timedelta(seconds=in_s)
    return Parcel(id_, to, "command", f"charger/default/{id_}", b"\x00\xff" + id_.encode(), until, "g1")


class PostContract:
    """The cases. `here` sends, `there` receives as `g2`."""

    async def test_a_parcel_comes_as_it_was_sent_and_to_nobody_else(
        self, rig: Rig, here: Fleet, there: Fleet
    ) -> None:
        mine, yours = Hall(), Hall()
        await here.post.open("g1", mine.came.put_nowait)
        await there.post.open("g2", yours.came.put_nowait)
        sent = [
            parcel(rig, "p1"),
            parcel(rig, "é'\"%s{}")._replace(kind="", subject="", body=b"", reply_to=""),
        ]
        for one in sent:
            await here.post.send(one)
        taken = await yours.parcels(2)
        assert [one._replace(until=sent[0].until) for one in taken] == [
            one._replace(until=sent[0].until) for one in sent
        ]
        for one, was in zip(taken, sent, strict=True):
            assert abs(one.until - was.until) < timedelta(seconds=1)
        await here.post.send(parcel(rig, "to-me", "g1"))
        assert [one.id for one in await mine.parcels(1)] == ["to-me"]
        assert mine.came.empty()
        assert yours.came.empty()

    async def test_it_comes_at_once(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        hall, took_s = Hall(), []
        await there.post.open("g2", hall.came.put_nowait)
        for n in range(20):
            begin = monotonic()
            await here.post.send(parcel(rig, f"p{n}"))
            await hall.parcels(1)
            took_s.append(monotonic() - begin)
        assert median(took_s) < 0.1  # a few ms; a second where the bell does not ring

    async def test_what_waited_is_there_when_the_door_opens(
        self, rig: Rig, here: Fleet, there: Fleet
    ) -> None:
        for n in range(5):
            await here.post.send(parcel(rig, f"p{n}"))
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        assert [one.id for one in await hall.parcels(5)] == [f"p{n}" for n in range(5)]

    async def test_nothing_comes_late(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        await here.post.send(parcel(rig, "past", in_s=-1.0))
        await here.post.send(parcel(rig, "short", in_s=0.05))
        await here.post.send(parcel(rig, "long"))
        await rig.elapse(0.06)
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        await here.post.send(parcel(rig, "last"))
        assert [one.id for one in await hall.parcels(2)] == ["long", "last"]

    async def test_sent_twice_it_comes_once(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        one = parcel(rig, "p1")
        for _ in range(3):
            await here.post.send(one)
        await hall.parcels(1)
        await here.post.send(one)
        await here.post.send(parcel(rig, "p2"))
        assert [other.id for other in await hall.parcels(1)] == ["p2"]

    async def test_of_many_each_comes_once(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        mine, yours = Hall(), Hall()
        await here.post.open("g1", mine.came.put_nowait)
        await there.post.open("g2", yours.came.put_nowait)
        sent = [
            (fleet, parcel(rig, f"{to}-{n}", to))
            for n in range(300)
            for fleet, to in ((here, "g2"), (there, "g1"))
        ]
        await asyncio.gather(*(fleet.post.send(one) for fleet, one in sent))
        for hall, to in ((mine, "g1"), (yours, "g2")):
            assert {one.id for one in await hall.parcels(300)} == {f"{to}-{n}" for n in range(300)}
            assert hall.came.empty()

    async def test_a_cut_loses_and_doubles_nothing(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        for n in range(3):
            await here.post.send(parcel(rig, f"before-{n}"))
            await rig.cut(there)
            await here.post.send(parcel(rig, f"during-{n}"))
            await rig.mend(there)
            await here.post.send(parcel(rig, f"after-{n}"))
            ids = [one.id for one in await hall.parcels(3)]
            assert sorted(ids) == [f"after-{n}", f"before-{n}", f"during-{n}"]
        assert hall.came.empty()

    async def test_a_closed_post_takes_nothing_until_it_is_opened_again(
        self, rig: Rig, here: Fleet, there: Fleet
    ) -> None:
        first, second = Hall(), Hall()
        await there.post.open("g2", first.came.put_nowait)
        await there.post.close()
        await there.post.close()
        await here.post.send(parcel(rig, "p1"))
        await there.post.open("g2", second.came.put_nowait)
        assert [one.id for one in await second.parcels(1)] == ["p1"]
        assert first.came.empty()

    async def test_a_parcel_nobody_understands_does_not_stop_the_others(
        self, rig: Rig, here: Fleet, there: Fleet, caplog: pytest.LogCaptureFixture
    ) -> None:
        hall = Hall()

        def take(one: Parcel) -> None:
            if one.id == "odd":
                raise ValueError(one.id)
            hall.came.put_nowait(one)

        await there.post.open("g2", take)
        for id_ in ("odd", "p1"):
            await here.post.send(parcel(rig, id_))
        assert [one.id for one in await hall.parcels(1)] == ["p1"]
        assert "parcel odd (command) for charger/default/odd was not understood" in caplog.text

    async def test_all_who_are_open_hear_their_topics(self, here: Fleet, there: Fleet) -> None:
        mine, yours = Hall(), Hall()
        await here.post.open("g1", mine.came.put_nowait)
        await there.post.open("g2", yours.came.put_nowait)
        stop = here.post.on_ring("settled", mine.rang.put_nowait)
        there.post.on_ring("settled", yours.rang.put_nowait)
        there.post.on_ring("other", yours.rang.put_nowait)
        await here.post.ring("settled", "é {1}")
        assert (await mine.ring(), await yours.ring()) == ("é {1}", "é {1}")
        stop()
        stop()
        await here.post.ring("settled", "2")
        await here.post.ring("nobody", "3")
        await here.post.ring("other", "4")
        assert [await yours.ring(), await yours.ring()] == ["2", "4"]
        assert mine.rang.empty()

    async def test_a_ring_has_a_length(self, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        there.post.on_ring("t", hall.rang.put_nowait)
        longest = '"' * (RING_LIMIT - 1)
        with pytest.raises(RingTooLong):
            await here.post.ring("t", longest + '"')
        await here.post.ring("t", longest)
        assert await hall.ring() == longest

    async def test_rings_are_heard_again_after_a_cut(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        hall = Hall()
        await there.post.open("g2", hall.came.put_nowait)
        there.post.on_ring("t", hall.rang.put_nowait)
        await rig.cut(there)
        await rig.mend(there)
        await here.post.send(parcel(rig, "p1"))
        await hall.parcels(1)  # by then it listens
        await here.post.ring("t", "again")
        assert await hall.ring() == "again"

    async def test_a_closed_fleet_sends_nothing(self, rig: Rig, here: Fleet) -> None:
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.post.send(parcel(rig, "p1"))
        with pytest.raises(FleetUnavailable):
            await here.post.ring("t", "p")
        with pytest.raises(FleetUnavailable):
            await here.post.open("g1", lambda _: None)
