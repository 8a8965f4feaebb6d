"""A command ends exactly once, whatever is said of it, by whom and in which order; and its replay is its life."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.commands.command import GRACE, Command, command_stream
from domain.commands.events import (
    FINAL,
    Answered,
    AnsweredLate,
    Cancelled,
    EffectFailed,
    EffectMissing,
    EffectObserved,
    Failed,
    OutcomeUnknown,
    Progressed,
    Requested,
    Sent,
    State,
    TimedOut,
)
from domain.commands.intent import Answer, Verdict
from domain.commands.upkeep import Reset
from domain.event import Event, Fact, Told, events_of

START = datetime(2026, 11, 25, tzinfo=UTC)
STREAM = command_stream("t", "c1")
ENDS = (Answered, Failed, TimedOut, OutcomeUnknown, Cancelled)
AGREED, REFUSED = Answer(verdict=Verdict.AGREED), Answer(verdict=Verdict.REFUSED)
REQUESTED = Requested(
    charger="CP1", intent=Reset(), send_before=START + timedelta(seconds=30), answer_within_s=30
)


class Life:
    """A command and its log."""

    def __init__(self) -> None:
        self.command = Command(STREAM)
        self.log: list[Event[Fact]] = []
        self.take([REQUESTED], START)

    def take(self, facts: list[Fact], now: datetime) -> None:
        events = events_of(STREAM, self.command.version, facts, Told(recorded_at=now))
        for event in events:
            self.command.when(event)
        self.log += events

    def facts(self, *kinds: type[Fact]) -> list[Fact]:
        return [event.fact for event in self.log if isinstance(event.fact, kinds)]


def sent(now: datetime) -> Sent:
    return Sent(
        charger="CP1",
        action="Reset",
        message_id="c1",
        connection="x",
        gateway="g",
        answer_before=now + timedelta(seconds=30),
    )


Say = Callable[[Command, datetime], list[Fact]]
SAYINGS: dict[str, Say] = {
    "send": lambda c, now: c.send(sent(now), now),
    "agreed": lambda c, now: c.answered(AGREED, 5),
    "refused": lambda c, now: c.answered(REFUSED, 5),
    "failed": lambda c, now: c.failed("InternalError", "", 5),
    "time_out": lambda c, now: c.time_out(30),
    "lose": lambda c, now: c.lose("gone"),
    "cancel": lambda c, now: c.cancel("no"),
    "overdue": lambda c, now: c.overdue(now),
    "step": lambda c, now: c.follow(Progressed(charger="CP1", step="Downloading", event="e@1")),
    "seen": lambda c, now: c.follow(EffectObserved(charger="CP1", effect="it", event="e@2", after_s=1.0)),
    "gone wrong": lambda c, now: c.follow(EffectFailed(charger="CP1", effect="it", event="e@3")),
    "missing": lambda c, now: c.follow(EffectMissing(charger="CP1", expected="it", within_s=60)),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(SAYINGS)), st.integers(0, 20)), max_size=30))
def test_a_command_ends_once_and_only_what_left_may_be_answered(said: list[tuple[str, int]]) -> None:
    life, now = Life(), START
    for name, seconds in said:
        now += timedelta(seconds=seconds)
        before = life.command.state
        life.take(SAYINGS[name](life.command, now), now)
        assert before not in FINAL or life.command.state is before
    assert len(life.facts(*ENDS)) == int(life.command.settled)
    assert len(life.facts(Sent)) <= 1
    assert len(life.facts(AnsweredLate)) <= 1
    assert len(life.facts(EffectObserved, EffectFailed)) <= 1
    left = bool(life.facts(Sent))
    assert not (left and life.facts(Cancelled))
    assert left or not life.facts(Answered, Failed, TimedOut, OutcomeUnknown, AnsweredLate)
    replayed = Command(STREAM)
    for event in life.log:
        replayed.when(event)
    assert replayed == life.command


@given(st.lists(st.sampled_from(sorted(SAYINGS)), max_size=10), st.booleans())
def test_whatever_happened_the_sweeper_brings_it_to_an_end(said: list[str], late_first: bool) -> None:
    life = Life()
    for name in said:
        life.take(SAYINGS[name](life.command, START), START)
    end = START + timedelta(seconds=60) + GRACE + timedelta(seconds=1)
    life.take(life.command.overdue(end), end)
    assert life.command.settled
    if late_first:
        life.take(life.command.answered(AGREED, 9), end)
    assert life.command.overdue(end) == []


def test_what_is_sent_too_late_is_not_sent() -> None:
    life = Life()
    late = START + timedelta(seconds=31)
    assert life.command.send(sent(late), late) == []
    life.take(life.command.overdue(late + GRACE), late + GRACE)
    assert life.command.state is State.CANCELLED


def test_an_effect_given_up_may_still_come() -> None:
    life = Life()
    for name in ("send", "agreed", "missing", "seen", "missing"):
        life.take(SAYINGS[name](life.command, START), START)
    assert life.command.effect is not None
    assert life.command.effect.seen == "observed"
