"""The parts that conventions are made of, by properties: preferences, bodies, versions, keys, buckets."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.http.body import DEEPEST, read_body
from adapters.http.entity_tags import read_if_match, tag_of
from adapters.http.idempotency import KeysInMemory, fingerprint_of
from adapters.http.prefer import LONGEST_WAIT_S, Prefer, read_prefer
from adapters.http.problems import KINDS, Problem, rate_limited
from adapters.http.rate_limits import RateLimitsInMemory
from adapters.http.route import Body
from application.fleet import Begun, InProgress, Mismatch, Replay

PREFERENCES = (
    ([], Prefer()),
    (["wait=0"], Prefer(0, False, "wait=0")),
    (["wait=30"], Prefer(30, False, "wait=30")),
    (["wait=31"], Prefer(30, False, "wait=30")),
    (["wait=-1"], Prefer()),
    (["wait=1.5"], Prefer()),
    (["wait=ten"], Prefer()),
    (["wait"], Prefer()),
    (["wait=²"], Prefer()),
    (['wait = "5"'], Prefer(5, False, "wait=5")),
    (["Wait=5; foo=bar"], Prefer(5, False, "wait=5")),
    (["wait=5, wait=6"], Prefer(5, False, "wait=5")),
    (["respond-async", "wait=5", "handling=strict"], Prefer(5, True, "wait=5, handling=strict")),
    (["handling=lenient"], Prefer(10, False, "handling=lenient")),
    (["handling=other"], Prefer()),
)


@pytest.mark.parametrize(("headers", "understood"), PREFERENCES, ids=lambda part: str(part)[:40])
def test_preferences_are_understood_or_ignored(headers: list[str], understood: Prefer) -> None:
    assert read_prefer(headers) == understood


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=4))
def test_no_preference_is_an_error(headers: list[str]) -> None:
    assert 0 <= read_prefer(headers).wait_s <= LONGEST_WAIT_S


class AnyObject(Body):
    """Takes whatever is in `v`."""

    v: Any


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_read_is_what_was_sent(value: Any) -> None:
    raw = json.dumps({"v": value}).encode()
    if "\\u0000" in json.dumps(value, ensure_ascii=True).replace("\\\\", ""):
        with pytest.raises(Problem) as caught:
            read_body(AnyObject, raw)
        assert caught.value.code == "validation"
    else:
        assert read_body(AnyObject, raw).v == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:v1e+-. nulltrue\\', max_size=60).map(str.encode))
def test_noise_is_a_problem_or_a_body(raw: bytes) -> None:
    code = ""
    try:
        read_body(AnyObject, raw)
    except Problem as problem:
        code = problem.code
    assert code in ("", "malformed", "validation")


@given(st.integers(1, DEEPEST * 2))
def test_depth_is_bounded(depth: int) -> None:
    raw = b'{"v":' + b"[" * depth + b"]" * depth + b"}"
    if depth > DEEPEST:
        with pytest.raises(Problem, match="deeper"):
            read_body(AnyObject, raw)
    else:
        assert read_body(AnyObject, raw)


@given(st.text(max_size=8), VALUES, VALUES)
def test_a_name_that_occurs_twice_is_refused(name: str, one: Any, two: Any) -> None:
    quoted = json.dumps(name)
    raw = f'{{"v": {{{quoted}: {json.dumps(one)}, {quoted}: {json.dumps(two)}}}}}'
    with pytest.raises(Problem, match="twice"):
        read_body(AnyObject, raw.encode())


@given(st.binary(max_size=20), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_tag_matches_its_version_alone(body: bytes, version: int, other: int) -> None:
    found = read_if_match(tag_of(body, version))
    found.check(version)
    if other != version:
        with pytest.raises(Problem) as caught:
            found.check(other)
        assert caught.value.code == "version_conflict"


@given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8))
def test_fingerprints_tell_requests_apart(body: bytes, query: bytes, body2: bytes, query2: bytes) -> None:
    same = (body, query) == (body2, query2)
    assert (fingerprint_of(body, query) == fingerprint_of(body2, query2)) == same


@given(st.floats(0.0001, 10_000))
def test_who_is_told_to_wait_waits_long_enough(wait_s: float) -> None:
    told = int(rate_limited(wait_s).headers["Retry-After"])
    assert told >= 1
    assert wait_s <= told < wait_s + 1.0001


def test_what_a_problem_has_beyond_replaces_nothing() -> None:
    body = Problem("callerror", extra={"ocpp": {"code": "X"}, "status": 200}).body()
    assert (body["ocpp"], body["status"]) == ({"code": "X"}, 502)


def test_every_kind_is_an_error_with_a_title() -> None:
    assert all(400 <= kind.status < 600 and kind.title for kind in KINDS.values())


def finish(coroutine: Any) -> Any:
    """The result of a coroutine that never waits."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


class KeysLaws(RuleBasedStateMachine):
    """One key of one scope: who holds it, and what is answered, at every instant."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.keys = KeysInMemory(now=lambda: self.time)
        self.attempts: list[str] = []
        self.holder = ""
        self.lease_ends = self.ends = 0.0
        self.kept: Replay | None = None
        self.fingerprint = ""

    @rule(seconds=st.sampled_from([1.0, 9.0, 11.0, 101.0]))
    def pass_time(self, seconds: float) -> None:
        self.time += seconds

    @rule(fingerprint=st.sampled_from("ab"))
    def begin(self, fingerprint: str) -> None:
        found = finish(self.keys.begin("s", "k", fingerprint, ttl_s=100, lease_s=10))
        kept = self.kept if self.time < self.ends else None
        held = bool(self.holder) and self.time < self.lease_ends
        if kept is None and not held:
            assert isinstance(found, Begun)
            assert found.attempt not in self.attempts
            self.attempts.append(found.attempt)
            self.holder, self.fingerprint, self.kept = found.attempt, fingerprint, None
            self.lease_ends, self.ends = self.time + 10, self.time + 100
        elif fingerprint != self.fingerprint:
            assert found == Mismatch()
        else:
            assert found == (kept or InProgress())

    @rule(fingerprint=st.sampled_from("ab"))
    def complete(self, fingerprint: str) -> None:
        answer = Replay(200, {}, f"{fingerprint} {self.time}".encode())
        before = finish(self.keys.complete("s", "k", fingerprint, 200, {}, answer.body))
        same = self.fingerprint == fingerprint and self.time < self.ends
        assert before == (same and self.kept is not None)
        if same and self.holder:
            self.holder, self.kept = "", answer

    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        if self.attempts:
            attempt = data.draw(st.sampled_from([*self.attempts, self.attempts[-1]]))
            finish(self.keys.abandon("s", "k", attempt=attempt))
            if self.holder == attempt:
                self.holder = ""

    @invariant()
    def another_scope_is_free(self) -> None:
        found = finish(self.keys.begin("other", "k", "a", ttl_s=100, lease_s=10))
        assert isinstance(found, Begun)
        finish(self.keys.abandon("other", "k", attempt=found.attempt))


KeysLaws.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_keys_obey_their_laws = KeysLaws.TestCase


def test_the_oldest_answers_make_room() -> None:
    keys = KeysInMemory(most=3)

    def begin(n: int) -> Any:
        return finish(keys.begin("s", f"k{n}", "f", ttl_s=100, lease_s=10))

    for n in range(5):
        assert isinstance(begin(n), Begun)
        assert not finish(keys.complete("s", f"k{n}", "f", 200, {}, b""))
    assert [type(begin(n)) for n in (4, 3, 2, 0)] == [Replay, Replay, Replay, Begun]


@given(
    st.lists(st.floats(0, 2), min_size=1, max_size=60),
    st.sampled_from([0.5, 2.0, 20.0]),
    st.integers(1, 10),
)
def test_nobody_gets_more_than_the_rate_and_who_waits_gets_on(
    gaps: list[float], per_s: float, burst: int
) -> None:
    time = 0.0
    rates = RateLimitsInMemory(now=lambda: time)
    granted = 0
    for gap in gaps:
        time += gap
        wait_s = finish(rates.take("a", per_s=per_s, burst=burst))
        if wait_s == 0:
            granted += 1
        else:
            assert 0 < wait_s <= 1 / per_s
            time += wait_s + 1e-6
            assert finish(rates.take("a", per_s=per_s, burst=burst)) == 0
            granted += 1
        assert granted <= burst + time * per_s + 1e-6
    assert finish(rates.take("b", per_s=per_s, burst=burst)) == 0
