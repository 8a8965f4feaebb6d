"""A mirror over a real log and a real socket: everything is said, in order, and once; and what differs is found."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from adapters.eventstore.store import open_store
from adapters.mirror import lane as lanes
from adapters.mirror.book import Book, KeptDifference, MirrorRunning
from adapters.mirror.lane import QUEUED
from adapters.mirror.mirroring import Mirroring, Standing
from adapters.mirror.peer import Peer, open_peer
from adapters.mirror.traffic import Traffic
from adapters.ocpp.versions import Version
from adapters.postgres import fleet_schema
from application.ports import EventStore
from domain.catalogue import FACTS
from domain.chargers.events import (
    AnswerUnexpected,
    Connected,
    DataTransferred,
    Disconnected,
    FrameRejected,
    HeartbeatReceived,
    Registered,
)
from domain.event import Fact, Told, events_of
from tests.adapters.mirror.other_system import HangUp, OtherSystem, other_system
from tests.e2e.conditions import until

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ACCEPTED = {"status": "Accepted"}


class Log:
    """Writes what chargers said."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self._versions: dict[str, int] = {}
        self._n = 0

    def know(self, stream: str, version: int) -> None:
        """Somebody else wrote there before."""
        self._versions[stream] = version

    async def add(self, stream: str, fact: Fact, **told: Any) -> None:
        self._n += 1
        told = {"recorded_at": NOW + timedelta(seconds=self._n), **told}
        version = self._versions.get(stream, 0)
        await self.store.append(events_of(stream, version, [fact], Told(**told)))
        self._versions[stream] = version + 1

    async def register(self, cpid: str, tenant: str = "default") -> None:
        stream = f"charger/{tenant}/{cpid.upper()}"
        await self.add(stream, Registered(cpid=cpid, security_profile=1), actor="user:ada")

    async def connect(
        self, cpid: str, connection: str, protocol: str = "1.6", tenant: str = "default"
    ) -> None:
        fact = Connected(connection=connection, gateway="g", protocol=protocol, security_profile=1)
        await self.add(f"charger/{tenant}/{cpid.upper()}", fact, actor="zeus")

    async def disconnect(self, cpid: str, connection: str) -> None:
        await self.add(f"charger/default/{cpid.upper()}", Disconnected(connection=connection), actor="zeus")

    async def say(
        self,
        cpid: str,
        message_id: str,
        action: str = "Heartbeat",
        payload: Any = None,
        reply: Any = None,
        *,
        stream: str = "",
        fact: Fact | None = None,
        connection: str = "c1",
        tenant: str = "default",
        silent: bool = False,
        **told: Any,
    ) -> None:
        told.setdefault("frame", json.dumps([2, message_id, action, payload or {}]))
        if not silent:
            told["reply"] = json.dumps([3, message_id, {} if reply is None else reply])
        where = stream or f"charger/{tenant}/{cpid.upper()}"
        await self.add(where, fact or HeartbeatReceived(), cause=message_id, connection=connection, **told)


@asynccontextmanager
async def log_of(dsn: str) -> AsyncIterator[Log]:
    fleet_schema.create(dsn)
    store = open_store(dsn, FACTS)
    try:
        yield Log(store)
    finally:
        await store.close()


@asynccontextmanager
async def mirror_of(
    dsn: str,
    url: str,
    *,
    chargers: Sequence[str] = (),
    follow: bool = False,
    connect: Callable[[str, Version], Awaitable[Peer]] | None = None,
    answer_s: float = 5.0,
    after: int = 0,
    name: str = "trial",
) -> AsyncIterator[Mirroring]:
    async def reach(cpid: str, version: Version) -> Peer:
        return await open_peer(url, cpid, version, "secret of 16 sig")

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET ROLE zeus_engine")
        book = Book(connection, "default")
        position = book.open(name, url, chargers, after)
        traffic = Traffic(connection, "default", chargers, lambda frame: frame)
        yield Mirroring(name, traffic, book, connect or reach, position, follow=follow, answer_s=answer_s)
        book.let_go()


async def mirrored(dsn: str, system: OtherSystem, **how: Any) -> Standing:
    async with mirror_of(dsn, system.url, **how) as mirroring:
        async with asyncio.timeout(60):
            return await mirroring.run(asyncio.Event())


def differences(dsn: str, name: str = "trial") -> list[KeptDifference]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET ROLE zeus_engine")
        return Book(connection, "default").differences(name)


def agreeing(cpid: str, action: str, payload: dict[str, Any]) -> Any:
    return {}


async def test_what_chargers_said_is_said_again_in_order_and_once(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        for cpid in ("CP-a", "CP-b"):
            await log.register(cpid)
            await log.connect(cpid, "c1", "2.0.1" if cpid == "CP-b" else "1.6")
        for n in range(40):
            await log.say("CP-a" if n % 2 else "CP-b", f"m{n}")
        standing = await mirrored(postgres_dsn, system)
        assert system.ids("CP-a") == [f"m{n}" for n in range(1, 40, 2)]
        assert system.ids("CP-b") == [f"m{n}" for n in range(0, 40, 2)]
        assert {one[:2] for one in system.opened} == {("CP-a", "ocpp1.6"), ("CP-b", "ocpp2.0.1")}
        assert all(credentials and credentials.startswith("Basic ") for *_, credentials in system.opened)
        assert (standing.tally.sent, standing.tally.same) == (40, 40)
        assert standing.position == standing.head
        assert differences(postgres_dsn) == []
        heard = len(system.heard)
        again = await mirrored(postgres_dsn, system)
        assert len(system.heard) == heard
        assert again.tally.sent == 40


async def test_only_the_chosen_are_mirrored_and_only_of_the_tenant(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        for tenant in ("default", "other"):
            for cpid in ("CP-A", "CP-B"):
                await log.register(cpid, tenant)
                await log.connect(cpid, "c1", tenant=tenant)
                await log.say(cpid, f"{tenant} {cpid}", tenant=tenant)
        await mirrored(postgres_dsn, system, chargers=["CP-A"], name="one")
        assert [frame[1] for _, frame in system.heard] == ["default CP-A"]
        await mirrored(postgres_dsn, system, name="all")
        assert sorted(system.ids("CP-B")) == ["default CP-B"]


async def test_each_connection_of_a_charger_is_one_there(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("CP-A")
        for n in range(3):
            await log.connect("CP-A", f"c{n}", "1.6" if n < 2 else "2.1")
            await log.say("CP-A", f"m{n}", connection=f"c{n}")
            await log.disconnect("CP-A", f"c{n}")
        await mirrored(postgres_dsn, system)
        assert [one[1] for one in system.opened] == ["ocpp1.6", "ocpp1.6", "ocpp2.1"]
        assert system.closed == ["CP-A"] * 3
        assert system.ids("CP-A") == ["m0", "m1", "m2"]


async def test_a_mirror_that_begins_in_the_midst_connects_as_the_charger_is(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("Cp-A")
        await log.connect("CP-A", "c1", "2.1")
        await log.say("CP-A", "before")
        await log.say("CP-A", "after")
        await mirrored(postgres_dsn, system, after=3)
        assert system.ids("Cp-A") == ["after"]
        assert system.opened[0][1] == "ocpp2.1"


async def test_numbers_of_transactions_are_those_of_the_other_system(postgres_dsn: str) -> None:
    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        if action == "StartTransaction":
            return {"transactionId": 9000, "idTagInfo": ACCEPTED}
        return {} if action == "MeterValues" else {"idTagInfo": ACCEPTED}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        await log.say("CP-A", "m0", "StopTransaction", {"transactionId": 4, "meterStop": 1}, {})
        start = {"connectorId": 1, "idTag": "A", "meterStart": 0}
        await log.say("CP-A", "m1", "StartTransaction", start, {"transactionId": 5, "idTagInfo": ACCEPTED})
        await log.say("CP-A", "m2", "MeterValues", {"connectorId": 1, "transactionId": 5})
        stop = {"transactionId": 5, "meterStop": 10}
        await log.say("CP-A", "m3", "StopTransaction", stop, {"idTagInfo": ACCEPTED})
        standing = await mirrored(postgres_dsn, system)
        assert [frame[3].get("transactionId") for _, frame in system.heard] == [None, 9000, 9000]
        assert standing.tally.unsayable == 1
        assert standing.tally.same == 3
        await log.say(
            "CP-A", "m4", "StopTransaction", stop, {"idTagInfo": ACCEPTED}
        )  # the next run still knows
        await mirrored(postgres_dsn, system)
        assert system.heard[-1][1][3]["transactionId"] == 9000


async def test_differences_are_counted_by_action_and_place(postgres_dsn: str) -> None:
    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        if action == "Heartbeat":
            return {"currentTime": "2031-01-01T00:00:00Z"}
        return {"idTagInfo": {"status": "Invalid" if payload["idTag"] == "B" else "Accepted"}}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n, tag in enumerate("ABAB"):
            await log.say("CP-A", f"a{n}", "Authorize", {"idTag": tag}, {"idTagInfo": ACCEPTED})
            await log.say("CP-A", f"h{n}", reply={"currentTime": "2026-11-26T12:00:00Z"})
        standing = await mirrored(postgres_dsn, system)
        assert (standing.tally.sent, standing.tally.same, standing.tally.differing) == (8, 6, 2)
        (one,) = differences(postgres_dsn)
        assert (one.charger, one.action, one.path, one.times) == ("CP-A", "Authorize", "idTagInfo.status", 2)
        assert (one.ours, one.theirs) == ('"Accepted"', '"Invalid"')
        with psycopg.connect(postgres_dsn) as connection:  # the places are those of the log
            rows = connection.execute(
                "SELECT notification_id FROM eventstore.stored_events "
                "WHERE convert_from(state, 'UTF8')::jsonb -> 'told' ->> 'cause' IN ('a1', 'a3') ORDER BY 1"
            ).fetchall()
        assert [one.first_position, one.last_position] == [row[0] for row in rows]


async def test_who_is_not_let_in_holds_up_nobody(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing, {"CP-A": 401}) as system:
        for cpid in ("CP-A", "CP-B"):
            await log.register(cpid)
            await log.connect(cpid, "c1")
            await log.say(cpid, f"m{cpid}")
        standing = await mirrored(postgres_dsn, system)
        assert [one for one, _ in system.heard] == ["CP-B"]
        assert standing.tally.not_let_in == 1
        (one,) = differences(postgres_dsn)
        assert (one.charger, one.path, one.theirs) == ("CP-A", "connection", "HTTP 401")
        system.refused.clear()
        await log.connect("CP-A", "c2")  # a new connection is another try
        await log.say("CP-A", "again", connection="c2")
        await mirrored(postgres_dsn, system)
        assert system.ids("CP-A") == ["again"]


async def test_a_system_that_is_away_is_waited_for(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n in range(3):
            await log.say("CP-A", f"m{n}")
        await system.stop()
        async with mirror_of(postgres_dsn, system.url) as mirroring:
            running = asyncio.create_task(mirroring.run(asyncio.Event()))
            await until(lambda: mirroring.standing.waiting, "it waits")
            assert mirroring.standing.waiting.startswith("CP-A: ")
            await system.start()
            async with asyncio.timeout(60):
                standing = await running
        assert system.ids("CP-A") == ["m0", "m1", "m2"]
        assert standing.waiting == ""


async def test_whoever_hangs_up_on_a_message_hears_it_again_and_then_the_next(postgres_dsn: str) -> None:
    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        if action == "DataTransfer":
            raise HangUp
        return {}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        await log.say("CP-A", "m0")
        await log.say("CP-A", "m1", "DataTransfer", {"vendorId": "x"}, fact=DataTransferred(vendor_id="x"))
        await log.say("CP-A", "m2")
        standing = await mirrored(postgres_dsn, system)
        assert system.ids("CP-A") == ["m0", "m1", "m1", "m1", "m2"]
        assert (standing.tally.sent, standing.tally.same, standing.tally.differing) == (3, 2, 1)
        (one,) = differences(postgres_dsn)
        assert (one.action, one.theirs) == ("DataTransfer", "the connection was closed")


async def test_silence_is_counted_and_the_next_message_is_said(postgres_dsn: str) -> None:
    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        return None if payload.get("vendorId") else {}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        await log.say("CP-A", "m0", "DataTransfer", {"vendorId": "x"}, fact=DataTransferred(vendor_id="x"))
        await log.say("CP-A", "m1")
        standing = await mirrored(postgres_dsn, system, answer_s=0.2)
        assert system.ids("CP-A") == ["m0", "m1"]
        assert (standing.tally.unanswered, standing.tally.differing, standing.tally.same) == (1, 0, 1)
        (one,) = differences(postgres_dsn)
        assert one.theirs == "no answer"


async def test_what_the_other_system_asks_of_a_charger_is_refused(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        system.wishes = [[2, "w1", "Reset", {"type": "Hard"}], [2, "w2", "GetConfiguration", {}]]
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n in range(5):
            await log.say("CP-A", f"m{n}")
        standing = await mirrored(postgres_dsn, system)
        assert [frame[:3] for frame in system.told] == [[4, "w1", "NotSupported"], [4, "w2", "NotSupported"]]
        assert standing.tally.asked == 2
        assert standing.tally.same == 5


async def test_answers_and_silence_and_bytes(postgres_dsn: str) -> None:
    """A charger's answers are to us alone; what we answered nothing to waits for nothing; bytes cannot be said."""
    async with log_of(postgres_dsn) as log, other_system(lambda *_: None) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1", "2.1")
        await log.say("CP-A", "w", fact=AnswerUnexpected(message_id="w"), frame='[3,"w",{}]', silent=True)
        await log.say("CP-A", "s", frame='[6,"s","NotifyPeriodicEventStream",{}]', silent=True)
        broken = FrameRejected(code="Unreadable")
        await log.say("CP-A", "b", frame='[2,"b","Heartbeat",{}]', frame_bytes=b"\xff", fact=broken)
        standing = await mirrored(postgres_dsn, system)
        assert [frame for _, frame in system.heard] == [[6, "s", "NotifyPeriodicEventStream", {}]]
        assert (standing.tally.sent, standing.tally.unsayable) == (0, 1)


@pytest.mark.parametrize("cut", [1, 7, 19])
async def test_cut_off_anywhere_nothing_is_left_out_and_order_is_kept(postgres_dsn: str, cut: int) -> None:
    """As when the process dies: what was not written down is said again, under the same id."""
    reached = asyncio.Event()

    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        if len(system.heard) == cut:
            reached.set()
        return {}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n in range(30):
            await log.say("CP-A", f"m{n}")
        async with mirror_of(postgres_dsn, system.url) as mirroring:
            mirroring._keep = _nothing  # type: ignore[method-assign]
            running = asyncio.create_task(mirroring.run(asyncio.Event()))
            async with asyncio.timeout(30):
                await reached.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        before = len(system.heard)
        standing = await mirrored(postgres_dsn, system)
        ids = system.ids("CP-A")
        assert ids[:before] == [f"m{n}" for n in range(before)]
        assert ids[before:] == [f"m{n}" for n in range(30)]
        assert standing.tally.sent == 30


async def test_stopped_in_the_midst_it_goes_on_where_it_was(postgres_dsn: str) -> None:
    stop = asyncio.Event()

    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        if len(system.heard) == 12:
            stop.set()
        return {}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        for cpid in ("CP-A", "CP-B"):
            await log.register(cpid)
            await log.connect(cpid, "c1")
        for n in range(30):
            await log.say("CP-A" if n % 3 else "CP-B", f"m{n}")
        async with mirror_of(postgres_dsn, system.url, follow=True) as mirroring:
            async with asyncio.timeout(30):
                await mirroring.run(stop)
        heard_before = list(system.heard)
        standing = await mirrored(postgres_dsn, system)
        for cpid in ("CP-A", "CP-B"):
            ids = list(dict.fromkeys(system.ids(cpid)))  # the one that was under way may be said twice
            assert ids == [f"m{n}" for n in range(30) if ("CP-A" if n % 3 else "CP-B") == cpid]
        assert len(system.heard) <= 30 + 2
        assert len(heard_before) >= 12
        assert standing.position == standing.head


async def test_what_comes_later_is_followed(postgres_dsn: str) -> None:
    stop = asyncio.Event()
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        async with mirror_of(postgres_dsn, system.url, follow=True) as mirroring:
            running = asyncio.create_task(mirroring.run(stop))
            for n in range(3):
                await log.say("CP-A", f"m{n}")
                await until(lambda n=n: system.ids("CP-A")[-1:] == [f"m{n}"], "what was said is heard")
            stop.set()
            async with asyncio.timeout(30):
                standing = await running
        assert standing.tally.same == 3


async def test_the_goodbye_of_a_former_connection_ends_nothing(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        await log.connect("CP-A", "c2")
        await log.say("CP-A", "m0", connection="c2")
        await log.disconnect("CP-A", "c1")
        await log.say("CP-A", "m1", connection="c2")
        await mirrored(postgres_dsn, system)
        assert system.ids("CP-A") == ["m0", "m1"]
        assert len(system.opened) == 2


async def test_an_event_that_cannot_be_read_is_counted_and_holds_up_nothing(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        with psycopg.connect(postgres_dsn) as connection:
            connection.execute(
                "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
                "VALUES ('charger/default/CP-A', 99, 'charger.of_next_year', %s)",
                [b'{"told":{"frame":"[2]"}}'],
            )
        await log.say("CP-A", "m0")
        standing = await mirrored(postgres_dsn, system)
        assert system.ids("CP-A") == ["m0"]
        assert (standing.tally.same, standing.tally.unsayable) == (1, 1)


async def test_what_fails_by_surprise_ends_the_run_however_much_waits(postgres_dsn: str) -> None:
    async def broken(cpid: str, version: Version) -> Peer:
        raise ZeroDivisionError

    async with log_of(postgres_dsn) as log:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n in range(3 * QUEUED):
            await log.say("CP-A", f"m{n}")
        async with mirror_of(postgres_dsn, "ws://127.0.0.1:9", connect=broken) as mirroring:
            with pytest.raises(ZeroDivisionError):
                async with asyncio.timeout(30):
                    await mirroring.run(asyncio.Event())


async def test_names_made_up_with_each_answer_cost_no_room(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PLACES", 5)

    def answer(cpid: str, action: str, payload: dict[str, Any]) -> Any:
        return {f"\0 {len(system.heard)}": "\0"}

    async with log_of(postgres_dsn) as log, other_system(answer) as system:
        await log.register("CP-A")
        await log.connect("CP-A", "c1")
        for n in range(20):
            await log.say("CP-A", f"m{n}")
        standing = await mirrored(postgres_dsn, system)
        found = differences(postgres_dsn)
        assert standing.tally.differing == 20
        assert len(found) == 6
        assert {one.times for one in found if one.path == lanes.ELSEWHERE} == {15}


async def test_a_mirror_runs_once(postgres_dsn: str) -> None:
    async with log_of(postgres_dsn), other_system(agreeing) as system, mirror_of(postgres_dsn, system.url):
        with pytest.raises(MirrorRunning):
            async with mirror_of(postgres_dsn, system.url):
                pass


async def _nothing() -> None:
    """Nothing is written down any more."""
