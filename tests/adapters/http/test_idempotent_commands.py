"""The same POST with the same `Idempotency-Key`, again and again, at two processes that die in the midst of it.

Whatever happens: one key makes at most one command, its frame leaves at most once, and whoever is answered is
answered the same.
"""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.eventstore.counted import CountedEventStore
from adapters.http.access import OneToken
from adapters.http.api.routes import PREFIX
from adapters.http.app import build_app
from adapters.http.database import open_engine
from adapters.http.idempotency import LEASE_S
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.versions import Version
from application import clock
from application.attempts import Attempts
from application.command_book import settle_overdue
from application.fleet import Begun, IdempotencyKeys, InProgress, Mismatch, Replay
from application.ports import AnyEvent, Loaded, Snapshot
from domain.chargers.events import Registered
from domain.chargers.provisioning import NetworksAllowed
from domain.commands.events import Requested
from domain.commands.upkeep import DataTransfer
from domain.event import Event, Fact, Told, events_of
from domain.identity import IdToken
from tests.adapters.http.conftest import AUTH, SETTINGS, TOKEN, client_of
from tests.adapters.ocpp.front_door import CP, NOW, TENANT, Workplace
from tests.fakes.charger_socket import OPEN, ChargerSocket
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker
from tests.fakes.hand_wound_loop import HandWoundLoop

T = TypeVar("T")
KEYS = ("k1", "k2")
PLACES = ("east", "west")
ENOUGH_TURNS = 150


class Life:
    """Of a process: whoever waits for the outer world when it is over waits for ever, as code after a kill -9."""

    def __init__(self) -> None:
        self.over = False

    async def pulse(self) -> None:
        """A step to the outer world: others may run meanwhile, or this one never again."""
        await asyncio.sleep(0)
        if self.over:
            await asyncio.get_running_loop().create_future()


class MortalStore:
    """The store as a process sees it that may die before an append, or after it."""

    def __init__(self, store: InMemoryEventStore, life: Life) -> None:
        self._store, self._life = store, life

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """May be stored and never heard of."""
        await self._life.pulse()
        positions = await self._store.append(events)
        await self._life.pulse()
        return positions

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """See the port."""
        await self._life.pulse()
        return await self._store.read(stream, after)

    async def load(self, stream: str, kind: str) -> Loaded:
        """See the port."""
        await self._life.pulse()
        return await self._store.load(stream, kind)

    async def snapshot(self, stream: str) -> Snapshot | None:
        """See the port."""
        return await self._store.snapshot(stream)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        await self._store.save_snapshot(snapshot)

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port."""
        return await self._store.pseudonym(tenant, token)

    async def close(self) -> None:
        """Others use it."""


class MortalKeys:
    """The keys likewise."""

    def __init__(self, keys: IdempotencyKeys, life: Life) -> None:
        self._keys, self._life = keys, life

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """See the port."""
        await self._life.pulse()
        begun = await self._keys.begin(scope, key, fingerprint, ttl_s=ttl_s, lease_s=lease_s)
        await self._life.pulse()
        return begun

    async def complete(
        self,
        scope: str,
        key: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """See the port."""
        await self._life.pulse()
        before = await self._keys.complete(scope, key, fingerprint, status, headers, body)
        await self._life.pulse()
        return before

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """See the port."""
        await self._life.pulse()
        await self._keys.abandon(scope, key, attempt=attempt)


class Process:
    """A gateway with its API."""

    def __init__(self, name: str, store: InMemoryEventStore, broker: InMemoryBroker) -> None:
        self.name, self.life, self._broker = name, Life(), broker
        mortal = MortalStore(store, self.life)
        chosen = GatewaySettings(
            tenant=TENANT, gateway=name, versions=frozenset(Version), frames_per_s=1e6, burst=1_000_000
        )
        self.workplace = Workplace(mortal, Attempts(mortal, TENANT), chosen, broker=broker)
        self.app = build_app(
            SETTINGS,
            engine=open_engine("host=nowhere.invalid"),  # what is asked here reads no row
            access=OneToken(TENANT, TOKEN),
            gateway=self.workplace.gateway,
            store=CountedEventStore(mortal),
            services=SimpleNamespace(commands=self.workplace.commands),
            keys=MortalKeys(self.workplace.fleet.keys, self.life),
        )
        self.client = client_of(self.app, AUTH)

    async def open(self) -> "Process":
        """Join the fleet."""
        await self.workplace.switchboard.open(_ignore)
        return self

    async def die(self) -> None:
        """Without a word; that it is gone is seen by whoever watches it."""
        self.life.over = True
        await self.workplace.fleet.post.close()
        await self.workplace.fleet.sockets.leave(self.name)


class Answer(NamedTuple):
    """What a client was told."""

    status: int
    body: bytes
    replayed: bool


class Posting(RuleBasedStateMachine):
    """Clients, two processes, one charger."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=HandWoundLoop)
        self.store, self.broker = InMemoryEventStore(), InMemoryBroker()
        self.births = 0
        self.processes: dict[str, Process] = {}
        self.dead: list[Process] = []
        self.sockets: list[ChargerSocket] = []
        self.replied: set[str] = set()
        self.under_way: list[tuple[str, asyncio.Task[httpx.Response]]] = []
        self.done: list[tuple[str, asyncio.Task[httpx.Response]]] = []
        """As they were answered, which may be another order than that of asking."""
        self.answers: dict[str, list[Answer]] = {key: [] for key in KEYS}
        self.run(self.begin())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def begin(self) -> None:
        registered = Registered(cpid=CP.key, security_profile=0)
        facts: list[Fact] = [registered, NetworksAllowed(("0.0.0.0/0",))]
        await self.store.append(events_of(CP.stream, 0, facts, Told(recorded_at=NOW)))
        for place in PLACES:
            await self.be_born(place)
        await self.come("east")

    async def be_born(self, place: str) -> None:
        self.births += 1
        self.processes[place] = await Process(f"{place}-{self.births}", self.store, self.broker).open()

    # -- what may happen -----------------------------------------------------------------------------------

    @rule(place=st.sampled_from(PLACES), key=st.sampled_from(KEYS), turns=st.integers(0, 60))
    def post(self, place: str, key: str, turns: int) -> None:
        self.run(self.start(place, key))
        self.run(self.go_on(turns))

    async def start(self, place: str, key: str) -> None:
        body = {"action": "DataTransfer", "payload": {"vendor_id": "v", "message_id": key}}
        headers = {"Idempotency-Key": key, "Prefer": "wait=5"}
        asking = self.processes[place].client.post(
            f"{PREFIX}/chargers/CP1/commands", json=body, headers=headers
        )
        task = asyncio.ensure_future(asking)
        self.under_way.append((key, task))
        task.add_done_callback(lambda _: self.done.append((key, task)))

    @precondition(lambda self: self.under_way)
    @rule(turns=st.integers(1, 60))
    def others_go_on(self, turns: int) -> None:
        self.run(self.go_on(turns))

    @precondition(lambda self: self.under_way)
    @rule(place=st.sampled_from(PLACES))
    def crash(self, place: str) -> None:
        self.run(self.fall(place))

    async def fall(self, place: str) -> None:
        process = self.processes[place]
        await process.die()
        self.dead.append(process)
        await self.be_born(place)

    @precondition(lambda self: self.dead)
    @rule(place=st.sampled_from(PLACES))
    def the_charger_comes(self, place: str) -> None:
        self.run(self.come(place))

    async def come(self, place: str) -> None:
        for socket in self.sockets:
            socket.leave()
        await self.go_on(20)
        self.sockets.append(ChargerSocket(self.processes[place].workplace.gateway))
        await self.go_on(20)

    @precondition(lambda self: self.waiting())
    @rule(turns=st.integers(0, 40))
    def the_charger_answers(self, turns: int) -> None:
        self.run(self.reply())
        self.run(self.go_on(turns))

    async def reply(self) -> None:
        for socket, call in self.waiting():
            self.replied.add(call)
            socket.say(f'[3,"{call}",{{"status":"Accepted"}}]')

    @precondition(lambda self: self.under_way)
    @rule(seconds=st.sampled_from([6, 40, LEASE_S + 1]))
    def time_passes(self, seconds: float) -> None:
        self.run(self.wind(seconds))

    # -- what is always true -------------------------------------------------------------------------------

    @invariant()
    def a_key_makes_one_command(self) -> None:
        facts = [one.event.fact for one in self.store.log]
        asked = [fact.intent.message_id for fact in facts if isinstance(fact, Requested)
                 and isinstance(fact.intent, DataTransfer)]  # fmt: skip
        assert len(asked) == len(set(asked)), asked

    @invariant()
    def its_frame_leaves_once(self) -> None:
        calls = [json.loads(text) for socket in self.sockets for text in socket.texts if text[:3] == "[2,"]
        left = [call[3]["messageId"] for call in calls]
        assert len(left) == len(set(left)), left

    @invariant()
    def the_answer_is_the_same(self) -> None:
        for answers in self.answers.values():
            good = [one for one in answers if one.status in (200, 202)]
            assert len({one.body for one in good}) <= 1, good
            assert all(one.replayed for one in good[1:])

    # -- and at the end ------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.settle())
            self.the_answer_is_the_same()
        finally:
            self.run(self.bury())
            self.runner.close()

    async def settle(self) -> None:
        """The dust settles; whoever asks then is answered, everywhere, for every key that was used."""
        await self.wind(LEASE_S + 1)
        await self.come("west")
        streams = sorted(
            {one.event.originator_id for one in self.store.log if isinstance(one.event.fact, Requested)}
        )
        book = self.processes["west"].workplace.book
        await settle_overdue(book, streams, clock.now() + timedelta(minutes=5))
        used = [key for key in KEYS if self.answers[key] or any(key == one for one, _ in self.under_way)]
        for key in used:
            for place in PLACES:
                before = len(self.answers[key])
                await self.start(place, key)
                await self.go_on(ENOUGH_TURNS)
                await self.reply()
                await self.go_on(ENOUGH_TURNS)
                assert self.answers[key][before:], f"{key} is not answered at {place}"
                assert self.answers[key][-1].status in (200, 202), self.answers[key][-1]
        self.a_key_makes_one_command()
        self.its_frame_leaves_once()

    async def bury(self) -> None:
        for process in (*self.processes.values(), *self.dead):
            process.app.database.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        while rest:  # a cancelled request of the dead hangs again when it would give up its key
            for task in rest:
                task.cancel()
            await asyncio.sleep(0)
            rest = {task for task in rest if not task.done()}

    # -- small parts ---------------------------------------------------------------------------------------

    def waiting(self) -> list[tuple[ChargerSocket, str]]:
        """The calls that open connections have not answered."""
        found = []
        for socket in self.sockets:
            if socket.state == OPEN:
                calls = [json.loads(text)[1] for text in socket.texts if text[:3] == "[2,"]
                found += [(socket, call) for call in calls if call not in self.replied]
        return found

    async def wind(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HandWoundLoop)
        self.broker.seconds += seconds
        loop.wind(seconds)
        for process in self.processes.values():
            await process.workplace.switchboard.beat()
        await self.go_on(ENOUGH_TURNS)

    async def go_on(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        while self.done:
            key, task = self.done.pop(0)
            self.under_way.remove((key, task))
            response = task.result()
            replayed = response.headers.get("idempotent-replayed") == "true"
            assert response.status_code in (200, 202, 409), response.text
            self.answers[key].append(Answer(response.status_code, response.content, replayed))


async def _ignore(*_: object) -> None:
    return


TestPosting = Posting.TestCase
TestPosting.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking winds minutes of leases, over and over
)


@pytest.mark.parametrize(("first", "second"), [("east", "west"), ("west", "east"), ("west", "west")])
@pytest.mark.parametrize("turns_of_second", [1, 30])
@pytest.mark.parametrize("turns_of_first", [1, 5])
def test_who_loses_the_lease_while_asking(
    first: str, second: str, turns_of_first: int, turns_of_second: int
) -> None:
    """Then two attempts are under way, and either may answer first; the other repeats what was said."""
    state = Posting()
    try:
        state.post(place=first, key="k2", turns=turns_of_first)
        state.time_passes(LEASE_S + 1)
        state.post(place=second, key="k2", turns=turns_of_second)
        state.time_passes(40)
        assert len(state.answers["k2"]) == 2
        state.the_answer_is_the_same()
    finally:
        state.teardown()
