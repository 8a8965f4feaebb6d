"""Broken frames: at any pace the log stays small, and every frame is recorded or counted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from adapters.ocpp.rubbish import KEPT_AT_ONCE, KEPT_EVERY, SUMMARY_EVERY, Rubbish
from domain.chargers.events import FrameRejected, FramesSuppressed
from domain.event import Fact

START = datetime(2026, 11, 22, tzinfo=UTC)
BROKEN = FrameRejected(code="Unreadable")

gaps_s = st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 30), st.floats(0, 3600))
arrivals = st.lists(st.tuples(gaps_s, st.integers(0, 65_536)), max_size=250)


def frames_in(facts: list[Fact]) -> int:
    return sum(fact.frames if isinstance(fact, FramesSuppressed) else 1 for fact in facts)


@given(arrivals)
def test_every_frame_is_recorded_or_counted_and_the_log_is_bounded(arrivals: list[tuple[float, int]]) -> None:
    rubbish, now, log, turned_away = Rubbish(), START, list[Fact](), 0
    for gap_s, size_bytes in arrivals:
        now += timedelta(seconds=gap_s)
        facts = rubbish.take(BROKEN, size_bytes, now)
        turned_away += 0 if BROKEN in facts else size_bytes
        log += facts
    whole = log.count(BROKEN)
    summaries = [fact for fact in log if isinstance(fact, FramesSuppressed)]
    assert whole <= KEPT_AT_ONCE + (now - START) // KEPT_EVERY
    assert len(summaries) <= (now - START) // SUMMARY_EVERY
    last = rubbish.summary()
    counted = [*summaries, *([last] if last else [])]
    assert whole + sum(one.frames for one in counted) == len(arrivals)
    assert sum(one.size_bytes for one in counted) == turned_away
    assert rubbish.summary() is None, "told once"


@given(arrivals, st.lists(st.booleans(), min_size=250, max_size=250))
def test_what_the_store_could_not_take_is_counted_again(
    arrivals: list[tuple[float, int]], stored: list[bool]
) -> None:
    rubbish, now, log = Rubbish(), START, list[Fact]()
    for (gap_s, size_bytes), up in zip(arrivals, stored, strict=False):
        now += timedelta(seconds=gap_s)
        facts = rubbish.take(BROKEN, size_bytes, now)
        if up:
            log += facts
        else:
            rubbish.put_back(facts, size_bytes, now)
    last = rubbish.summary()
    assert frames_in([*log, *([last] if last else [])]) == len(arrivals)


def test_a_flood_of_a_day_is_one_summary_a_minute() -> None:
    rubbish, log = Rubbish(), list[Fact]()
    for second in range(86_400 // 4):
        log += rubbish.take(BROKEN, 500, START + timedelta(seconds=4 * second))
    assert sum(isinstance(fact, FramesSuppressed) for fact in log) <= 1_440


def test_a_summary_tells_since_when() -> None:
    rubbish = Rubbish()
    for _ in range(KEPT_AT_ONCE):
        assert rubbish.take(BROKEN, 10, START) == [BROKEN]
    first, second = START + timedelta(seconds=1), START + timedelta(seconds=2)
    assert rubbish.take(BROKEN, 10, first) == []
    assert rubbish.take(BROKEN, 5, second) == []
    assert rubbish.summary() == FramesSuppressed(frames=2, size_bytes=15, since=first)


@given(st.lists(st.floats(-7200, 7200), max_size=120))
def test_a_clock_that_is_set_back_loses_no_frame(steps_s: list[float]) -> None:
    rubbish, now, log = Rubbish(), START, list[Fact]()
    for step_s in steps_s:
        now += timedelta(seconds=step_s)
        log += rubbish.take(BROKEN, 1, now)
    last = rubbish.summary()
    assert frames_in([*log, *([last] if last else [])]) == len(steps_s)
