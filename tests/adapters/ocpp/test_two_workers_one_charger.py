"""SEC-08 over two processes: boxes with one id, passwords that change, certificates, and in any order."""

import asyncio
from base64 import b64encode
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from application.lockouts import LockoutLimits
from application.registry import Registry
from domain.chargers.charger import OUTRANKED
from domain.chargers.client_certificate import ClientCertificate, Presented
from domain.chargers.events import Connected, CredentialIssued, Disconnected
from domain.chargers.particulars import Particulars
from domain.event import Fact
from domain.identity import ChargerId
from tests.adapters.ocpp.front_door import CP, EVERYWHERE, HEARTBEAT, NOW, TENANT, FrontDoor
from tests.adapters.ocpp.test_second_connection import HeldStore, turn
from tests.fakes.charger_socket import CLOSED, GONE, OPEN, ChargerSocket, Gone
from tests.fakes.fleet import InMemoryBroker

T = TypeVar("T")
PATIENT = LockoutLimits(
    wrong_per_charger=10_000, wrong_per_address=10_000, unknown_per_address=10_000, refused_per_min=10_000
)
BROKEN = '[2,"{}","NoSuchAction",{{}}]'


async def judge(presented: Presented) -> ClientCertificate:
    """Believes the certificates `day-0`, `day-1` and so on, which begin on that day."""
    began = NOW + timedelta(days=int(presented.der.decode().removeprefix("day-")))
    return ClientCertificate(
        common_name="CP1",
        serial=presented.der.hex(),
        issuer="CN=test",
        not_before=began,
        not_after=began + timedelta(days=90),
    )


async def unnoticed(charger: ChargerId, news: str) -> None:
    """Nobody sends news here."""
    raise AssertionError((charger, news))


class TwoWorkers(RuleBasedStateMachine):
    """A process called `here`, one called `there`, one log, one broker."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = HeldStore()
        self.broker = InMemoryBroker()
        self.sockets: list[ChargerSocket] = []
        self.by_peer: dict[str, ChargerSocket] = {}
        self.given_up: set[str] = set()
        self.passwords: list[bytes] = []
        self.work: list[asyncio.Task[Any]] = []
        self.numbers = iter(range(1_000_000))
        self.broker_was_away = self.broker_fails = self.profiles_change = False
        self.doors = self.run(self.open_doors())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open_doors(self) -> list[FrontDoor]:
        doors = [
            FrontDoor(self.store, broker=self.broker, gateway=name, limits=PATIENT, judge=lambda _book: judge)
            for name in ("here", "there")
        ]
        for door in doors:
            await door.workplace.switchboard.open(unnoticed)
        await doors[0].register("CP1", 1)
        await self.new_password()
        return doors

    async def new_password(self) -> None:
        password = b"password-number-%05d" % len(self.passwords)
        self.passwords.append(password)
        await Registry(self.store, TENANT, "user:ann").new_password("CP1", password.decode())

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        async def begin() -> None:
            self.work.append(asyncio.get_running_loop().create_task(work))
            await turn()

        self.run(begin())

    async def knock_once(self, door: FrontDoor, shows: str, number: int) -> None:
        peer = f"10.0.{len(self.sockets) // 250}.{len(self.sockets) % 250}"
        headers, certificate = [], b""
        if shows == "password":
            password = self.passwords[-1 - number % len(self.passwords)]
            headers = [(b"authorization", b"Basic " + b64encode(b"CP1:" + password))]
        elif shows == "guess":
            headers = [(b"authorization", b"Basic " + b64encode(b"CP1:guess"))]
        elif shows == "certificate":
            certificate = b"day-%d" % number
        socket = ChargerSocket(
            door.gateway, scheme="wss", headers=headers, peer=peer, certificate=certificate
        )
        self.by_peer[peer] = socket
        self.sockets.append(socket)
        await turn()

    def peer_of(self, socket: ChargerSocket) -> str:
        return next(peer for peer, one in self.by_peer.items() if one is socket)

    def of_state(self, *states: str) -> list[ChargerSocket]:
        return [socket for socket in self.sockets if socket.state in states]

    def pinged(self) -> list[ChargerSocket]:
        return [socket for socket in self.sockets if socket.link.pings]

    # -- what may happen -----------------------------------------------------------------------------------

    @initialize(broker_fails=st.sampled_from([False, False, True]), profiles=st.booleans())
    def which_troubles_there_are(self, broker_fails: bool, profiles: bool) -> None:
        self.broker_fails, self.profiles_change = broker_fails, profiles

    @rule(there=st.booleans(), number=st.sampled_from([0, 0, 1]))
    def knock_with_a_password(self, there: bool, number: int) -> None:
        self.run(self.knock_once(self.doors[there], "password", number))

    @rule(
        there=st.booleans(),
        number=st.integers(0, 3),
        shows=st.sampled_from(["certificate", "guess", "nothing"]),
    )
    def knock_with_something_else(self, there: bool, number: int, shows: str) -> None:
        self.run(self.knock_once(self.doors[there], shows, number))

    @rule(there=st.booleans())
    def come_with_a_new_password(self, there: bool) -> None:
        self.the_password_is_replaced()
        self.run(self.knock_once(self.doors[there], "password", 0))

    @precondition(lambda self: self.pinged())
    @rule(data=st.data(), alive=st.booleans())
    def answer_ping(self, data: st.DataObject, alive: bool) -> None:
        socket = data.draw(st.sampled_from(self.pinged()))
        if not alive:
            self.given_up.add(self.peer_of(socket))
        socket.link.answer(alive=alive)
        self.run(turn())

    @precondition(lambda self: self.of_state(OPEN, CLOSED))
    @rule(data=st.data(), frame=st.sampled_from([HEARTBEAT, BROKEN]))
    def speak(self, data: st.DataObject, frame: str) -> None:
        socket = data.draw(st.sampled_from(self.of_state(OPEN, CLOSED)))
        socket.say(frame.format(f"m{next(self.numbers)}"))
        self.run(turn())

    @precondition(lambda self: self.of_state("", OPEN))
    @rule(data=st.data(), code=st.sampled_from([1000, 1006]))
    def leave(self, data: st.DataObject, code: int) -> None:
        socket = data.draw(st.sampled_from(self.of_state("", OPEN)))
        self.given_up.add(self.peer_of(socket))
        socket.leave(code)
        self.run(turn())

    @rule()
    def the_password_is_replaced(self) -> None:
        if not self.store.unavailable:
            self.later(self.new_password())

    @precondition(lambda self: self.profiles_change)
    @rule(profile=st.sampled_from([0, 1, 2, 3, 3]))
    def another_profile_is_chosen(self, profile: int) -> None:
        async def choose() -> None:
            wanted = Particulars(security_profile=profile, downgrade_reason="a test", networks=EVERYWHERE)
            await Registry(self.store, TENANT, "user:ann").describe_charger("CP1", wanted)

        if not self.store.unavailable:
            self.later(choose())

    @rule(mood=st.sampled_from(["quick", "quick", "quick", "slow", "slow", "down"]))
    def the_store_changes_its_mood(self, mood: str) -> None:
        if not any(not one.done() for one in self.work):
            self.store.holding = mood == "slow"
            self.store.unavailable = mood == "down"

    @precondition(lambda self: self.store.waiting)
    @rule(which=st.integers(0, 5))
    def store_moves(self, which: int) -> None:
        self.store.let_go(which)
        self.run(turn())

    @precondition(lambda self: self.broker_fails)
    @rule(away=st.sampled_from([False, False, False, True]))
    def the_broker_changes_its_mood(self, away: bool) -> None:
        self.broker.unavailable = away
        self.broker_was_away |= away

    # -- what is always true -------------------------------------------------------------------------------

    @invariant()
    def one_connection_after_the_other_and_only_the_current_one_writes(self) -> None:
        """At most one live connection; what a fenced one says changes nothing, not even by a broken frame."""
        current, left = "", {""}
        for event in self.doors[0].events(Fact):
            if event.originator_id != CP.stream:
                continue
            fact = event.fact
            if isinstance(fact, Connected):
                assert not current, "a second connection while the first is open"
                current = fact.connection
            elif isinstance(fact, Disconnected):
                assert fact.connection == current, "the end of a connection that is not the current one"
                left.add(current)
                current = ""
            elif event.told.actor == "charger":
                assert event.told.connection == current, f"{fact} of a connection that is over"

    @invariant()
    def who_has_no_credential_never_comes_in(self) -> None:
        known = {fact.credential_id or fact.digest[:16] for fact in self.facts(CredentialIssued)}
        for fact in self.facts(Connected):
            shown = (bool(fact.credential_id), bool(fact.certificate))
            assert shown == {0: (False, False), 3: (False, True)}.get(fact.security_profile, (True, False))
            assert not fact.credential_id or fact.credential_id in known

    @invariant()
    def nobody_is_replaced_who_answers_but_by_a_stronger_one(self) -> None:
        if self.broker_was_away:
            return
        order = {fact.credential_id: n for n, fact in enumerate(self.facts(CredentialIssued))}
        by_name = {fact.connection: fact for fact in self.facts(Connected)}
        ended: Connected | None = None
        why = ""
        for event in self.doors[0].events(Connected, Disconnected):
            fact = event.fact
            if isinstance(fact, Disconnected):
                ended, why = by_name[fact.connection], fact.reason
                if why == "replaced by a new connection":
                    assert ended.remote in self.given_up, "it answered, and was replaced"
            elif isinstance(fact, Connected) and why == OUTRANKED:
                assert ended is not None
                assert self.strength(fact, order) > self.strength(ended, order)
                why = ""

    def strength(self, fact: Connected, order: dict[str, int]) -> tuple[Any, ...]:
        began = fact.certificate_from
        return (
            fact.security_profile,
            0 if began is None else began.timestamp(),
            order.get(fact.credential_id, -1),
        )

    def facts(self, kind: type[Any]) -> list[Any]:
        return [event.fact for event in self.doors[0].events(kind)]

    # -- and what is true when the dust has settled -------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.settle())
        finally:
            self.runner.close()

    async def settle(self) -> None:
        self.store.unavailable = self.store.holding = self.broker.unavailable = False
        await turn()
        while self.store.waiting or self.pinged():
            for socket in self.pinged():
                socket.link.answer(alive=True)
            while self.store.waiting:
                self.store.let_go()
            await turn()
        await asyncio.gather(*self.work)
        answering = asyncio.create_task(self.answer_everybody())
        for socket in self.sockets:  # who asks while the broker is away waits for an answer in vain
            async with asyncio.timeout(60):
                while socket.state not in (OPEN, CLOSED) and not socket.task.done():
                    await turn()
        answering.cancel()
        for door in self.doors:
            await door.gateway.presence.settle()
        self.one_connection_after_the_other_and_only_the_current_one_writes()
        await self.judge_who_is_here()
        for socket in self.of_state(OPEN):
            socket.leave()
        await turn()
        assert (await self.doors[0].charger()).connection == ""
        for socket in self.sockets:
            assert socket.task.done()
            assert isinstance(socket.task.exception(), Gone | None)

    async def answer_everybody(self) -> None:
        while True:
            for socket in self.pinged():
                socket.link.answer(alive=True)
            await turn()

    async def judge_who_is_here(self) -> None:
        books = await self.doors[0].charger()
        here = self.of_state(OPEN)
        if (
            self.broker_was_away
        ):  # whom nobody could tell that he is replaced learns it when he says something
            for socket in here:
                socket.say(HEARTBEAT.format("last"))
            await turn()
            here = self.of_state(OPEN)
        assert bool(books.connection) == bool(here)
        assert len(here) <= 1, "two live connections of one charger"
        if here:
            assert (await here[0].ask(HEARTBEAT.format("lastly"))).startswith('[3,"last')
            assert self.store.log[-1].event.told.connection == books.connection
        if here and not self.broker_was_away:
            owner = self.broker.owners[CP]
            assert (owner.gateway, owner.connection) == (books.gateway, books.connection)
        assert all(socket.state in (OPEN, CLOSED, GONE) or socket.status != 101 for socket in self.sockets)


def test_sec_08_at_most_one_connection_lives_whatever_happens_in_two_processes() -> None:
    patience = settings(max_examples=200, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(TwoWorkers, settings=patience)
