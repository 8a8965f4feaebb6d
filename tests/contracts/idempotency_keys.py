"""What all idempotency keys do: subclass `IdempotencyKeysContract` and give it a `rig` fixture."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from application.fleet import (
    ANSWER_LIMIT,
    AnswerTooLarge,
    Begun,
    Fleet,
    FleetUnavailable,
    InProgress,
    Mismatch,
    Replay,
)
from tests.contracts.fleet import Rig

TIMES: Any = {"ttl_s": 60, "lease_s": 30}
_examples = count(1)
HEADERS = {"content-type": "application/json", "location": "/api/ocpp/commands/é"}


async def begun(fleet: Fleet, key: str, **times: float) -> str:
    """Begin, and be the one."""
    outcome = await fleet.keys.begin("default POST /x", key, "f1", **{**TIMES, **times})
    assert isinstance(outcome, Begun)
    return outcome.attempt


class IdempotencyKeysContract:
    """The cases."""

    async def test_done_once_and_answered_alike(self, here: Fleet, there: Fleet) -> None:
        await begun(here, "k")
        assert await there.keys.begin("default POST /x", "k", "f1", **TIMES) == InProgress()
        assert await there.keys.begin("default POST /x", "k", "f2", **TIMES) == Mismatch()
        await here.keys.complete("default POST /x", "k", "f1", 202, HEADERS, b"\x00\xff{}")
        assert await there.keys.begin("default POST /x", "k", "f1", **TIMES) == Replay(
            202, HEADERS, b"\x00\xff{}"
        )
        assert await there.keys.begin("default POST /x", "k", "f2", **TIMES) == Mismatch()

    async def test_of_many_who_begin_one_gets_in(self, here: Fleet, there: Fleet) -> None:
        for round_ in range(5):
            outcomes = await asyncio.gather(
                *(fleet.keys.begin("s", f"k{round_}", "f", **TIMES) for fleet in (here, there) * 10)
            )
            assert Counter(map(type, outcomes)) == {Begun: 1, InProgress: 19}

    async def test_scopes_and_keys_are_kept_apart(self, here: Fleet) -> None:
        for scope, key in (("a", "b:c"), ("a:b", "c"), ("a", "b%3Ac"), ("", "a"), ("a", "")):
            assert isinstance(await here.keys.begin(scope, key, "f", **TIMES), Begun)

    async def test_a_crashed_holder_keeps_the_key_for_its_lease_only(
        self, rig: Rig, here: Fleet, there: Fleet
    ) -> None:
        crashed = await begun(here, "k", lease_s=0.05)
        await rig.elapse(0.06)
        second = await there.keys.begin("default POST /x", "k", "f2", **TIMES)
        assert isinstance(second, Begun)
        assert not await here.keys.complete("default POST /x", "k", "f1", 500, {}, b"late")
        await here.keys.abandon("default POST /x", "k", attempt=crashed)
        assert await here.keys.begin("default POST /x", "k", "f2", **TIMES) == InProgress()
        assert not await there.keys.complete("default POST /x", "k", "f2", 200, {}, b"")
        assert await here.keys.begin("default POST /x", "k", "f2", **TIMES) == Replay(200, {}, b"")

    async def test_a_slow_holder_may_complete_while_nobody_else_began(self, rig: Rig, here: Fleet) -> None:
        await begun(here, "k", lease_s=0.01)
        await rig.elapse(0.02)
        assert not await here.keys.complete("default POST /x", "k", "f1", 200, {}, b"slow")
        assert await here.keys.begin("default POST /x", "k", "f1", **TIMES) == Replay(200, {}, b"slow")

    async def test_the_first_answer_stays(self, here: Fleet) -> None:
        await begun(here, "k")
        for body in (b"first", b"second"):
            before = await here.keys.complete("default POST /x", "k", "f1", 200, {}, body)
            assert before == (body == b"second")
        await here.keys.abandon("default POST /x", "k")
        assert await here.keys.begin("default POST /x", "k", "f1", **TIMES) == Replay(200, {}, b"first")

    async def test_of_two_attempts_the_first_answer_stays(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        """Whose lease ran out while another began the same request may be the first to answer."""
        await begun(here, "k", lease_s=0.01)
        await rig.elapse(0.02)
        await begun(there, "k")
        assert not await here.keys.complete("default POST /x", "k", "f1", 200, {}, b"slow")
        assert await there.keys.complete("default POST /x", "k", "f1", 200, {}, b"second")
        assert await here.keys.begin("default POST /x", "k", "f1", **TIMES) == Replay(200, {}, b"slow")

    async def test_of_many_answers_at_once_one_is_the_first(self, here: Fleet, there: Fleet) -> None:
        for round_ in range(5):
            key = f"k{round_}"
            await begun(here, key)
            before = await asyncio.gather(
                *(
                    fleet.keys.complete("default POST /x", key, "f1", 200, {}, b"%d" % n)
                    for n, fleet in enumerate((here, there) * 10)
                )
            )
            assert Counter(before) == {False: 1, True: 19}
            kept = await here.keys.begin("default POST /x", key, "f1", **TIMES)
            assert kept == Replay(200, {}, b"%d" % before.index(False))

    async def test_an_abandoned_key_is_free(self, here: Fleet, there: Fleet) -> None:
        attempt = await begun(here, "k")
        await here.keys.abandon("default POST /x", "k", attempt=attempt)
        assert await begun(there, "k") != attempt

    async def test_a_key_is_forgotten_in_time(self, rig: Rig, here: Fleet) -> None:
        await begun(here, "k", ttl_s=0.05)
        await here.keys.complete("default POST /x", "k", "f1", 200, {}, b"")
        await rig.elapse(0.06)
        await begun(here, "k")

    async def test_what_nobody_began_is_not_kept(self, here: Fleet) -> None:
        await here.keys.complete("default POST /x", "k", "f1", 200, {}, b"")
        await here.keys.abandon("default POST /x", "k")
        await begun(here, "k")

    async def test_answers_are_kept_up_to_a_size(self, here: Fleet) -> None:
        await begun(here, "k")
        with pytest.raises(AnswerTooLarge):
            await here.keys.complete("default POST /x", "k", "f1", 200, {}, bytes(ANSWER_LIMIT + 1))
        largest = bytes(range(256)) * (ANSWER_LIMIT // 256)
        await here.keys.complete("default POST /x", "k", "f1", 200, {}, largest)
        assert await here.keys.begin("default POST /x", "k", "f1", **TIMES) == Replay(200, {}, largest)

    async def test_closed_keys_let_nobody_in(self, here: Fleet) -> None:
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.keys.begin("s", "k", "f", **TIMES)

    def test_it_does_what_a_simple_model_does(self, machine_rig: Callable[[], Rig]) -> None:
        """Begins, answers, abandonings and crashes in any order, also by those whose lease ran out."""
        run_state_machine_as_test(
            lambda: KeysMachine(machine_rig()),
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


_processes = st.sampled_from([0, 1])
_back = st.integers(0, 2)


class KeysMachine(RuleBasedStateMachine):
    """One key and what should become of it. Its scope is new in each example: a server may be shared."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self.scope = f"machine-{next(_examples)}"
        self.runner = asyncio.Runner()
        self.rig = rig
        self.fleets = [rig.open(), rig.open()]
        self.attempts: list[str] = []
        """All that ever began; the last holds the key while `held`."""
        self.held: str | None = None
        """The fingerprint it was begun with."""
        self.lapsed = False
        """The lease is over: nobody may have begun since, and then the holder may still settle."""
        self.answer: Replay | None = None

    def teardown(self) -> None:
        for fleet in self.fleets:
            self.runner.run(fleet.close())
        self.runner.close()

    def attempt(self, back: int) -> str | None:
        """Of the last attempts one, or None for a caller that names none."""
        return self.attempts[-back] if 0 < back <= len(self.attempts) else None

    def holds(self, attempt: str | None) -> bool:
        held = self.held is not None and self.answer is None
        return held and attempt in (None, self.attempts[-1])

    @rule(process=_processes, fingerprint=st.sampled_from(["f1", "f2"]), crashes=st.booleans())
    def begin(self, process: int, fingerprint: str, crashes: bool) -> None:
        """Who crashes has a lease that is over at once."""
        outcome = self.runner.run(self._begin(self.fleets[process], fingerprint, crashes))
        if self.held is None or (self.lapsed and self.answer is None):
            assert isinstance(outcome, Begun)
            assert outcome.attempt not in self.attempts
            self.attempts.append(outcome.attempt)
            self.held, self.lapsed = fingerprint, crashes
        elif self.held != fingerprint:
            assert outcome == Mismatch()
        else:
            assert outcome == (self.answer or InProgress())

    async def _begin(self, fleet: Fleet, fingerprint: str, crashes: bool) -> object:
        times = {**TIMES, "lease_s": 0.001} if crashes else TIMES
        outcome = await fleet.keys.begin(self.scope, "k", fingerprint, **times)
        if crashes:
            await self.rig.elapse(0.003)
        return outcome

    @rule(
        process=_processes,
        fingerprint=st.sampled_from(["f1", "f2"]),
        body=st.binary(max_size=20),
        status=st.integers(200, 599),
    )
    def complete(self, process: int, fingerprint: str, body: bytes, status: int) -> None:
        before = self.runner.run(
            self.fleets[process].keys.complete(self.scope, "k", fingerprint, status, HEADERS, body)
        )
        assert before == (self.held == fingerprint and self.answer is not None)
        if self.held == fingerprint and self.answer is None:
            self.answer = Replay(status, HEADERS, body)

    @rule(process=_processes, back=_back)
    def abandon(self, process: int, back: int) -> None:
        attempt = self.attempt(back)
        self.runner.run(self.fleets[process].keys.abandon(self.scope, "k", attempt=attempt))
        if self.holds(attempt):
            self.held = None
