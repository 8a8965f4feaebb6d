"""Laws of states and formulas, whatever a charger does and whatever people exclude."""

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.uptime.formulas import Formula, uptime
from domain.uptime.states import AGAINST, Claim, Interval, State, clipped, excluded, proven
from domain.uptime.station import Seconds, Signal, Station, Use
from domain.uptime.tally import tally
from tests.domain.uptime.signals import APRIL, MARCH, intervals, signal, take

WORDS = ("Available", "Occupied", "Faulted", "Unavailable", "Reserved", "Odd")
moments = st.integers(0, 31 * 1440).map(lambda minutes: MARCH + timedelta(minutes=minutes))


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    begin, end = sorted((draw(moments), draw(moments)))
    return Claim(begin=begin, end=end + timedelta(minutes=1), name=draw(st.sampled_from("abc")))


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    kind = draw(
        st.sampled_from(
            (
                "connected",
                "disconnected",
                "status",
                "status",
                "status",
                "restarted",
                "standing",
                "skew",
                "began",
                "ended",
                "activity",
            )
        )
    )
    told: dict[str, object] = {"told_at": draw(st.one_of(st.none(), moments))}
    if kind in ("connected", "disconnected"):
        told["word"] = draw(st.sampled_from("xy"))
    elif kind == "status":
        told |= {
            "word": draw(st.sampled_from(WORDS)),
            "evse_id": draw(st.integers(0, 2)),
            "connector_id": draw(st.integers(1, 2)),
            "activity": draw(st.sampled_from(("", "Charging", "Finishing"))),
        }
    elif kind == "standing":
        told["word"] = draw(st.sampled_from(("active", "active", "disabled", "retired")))
    elif kind == "skew":
        told["number"] = draw(st.integers(-(10**10), 10**10))
    else:
        told |= {
            "subject": draw(st.sampled_from("st")),
            "evse_id": draw(st.integers(0, 2)),
            "word": "Charging",
        }
    return signal(kind, draw(moments), **told)


lives = st.lists(signals(), max_size=40)


def cut(found: list[Interval], uses: list[Claim], exclusions: list[Claim]) -> list[Interval]:
    return excluded(proven(found, uses), exclusions)


@given(lives, moments, moments)
def test_every_second_of_a_period_is_in_exactly_one_state(
    life: list[Signal], one: datetime, other: datetime
) -> None:
    begin, end = min(one, other), max(one, other)
    _, changes, _ = take(life)
    found = clipped(intervals(changes, APRIL), begin, end)
    assert sum(each.seconds for each in found) == (end - begin).total_seconds()
    assert all(a.end == b.begin for a, b in pairwise(found))
    assert tally(found).period_s == (end - begin).total_seconds()


@given(lives)
def test_the_seconds_before_a_change_are_those_of_the_intervals_before_it(life: list[Signal]) -> None:
    station, changes, _ = take(life)
    for evse_id in station.ports:
        own = [one for one in changes if one.evse_id == evse_id]
        for n, change in enumerate(own):
            spent = Seconds()
            for one in intervals(own[: n + 1], change.since, evse_id):
                name = str(one.state)
                setattr(spent, name, getattr(spent, name) + one.seconds)
            assert change.before == spent


@given(lives, st.integers(0, 40))
def test_a_machine_that_was_laid_down_goes_on_as_if_it_had_not_been(life: list[Signal], where: int) -> None:
    whole = take(life)
    station = take(life[:where])[0]
    station = msgspec.json.decode(msgspec.json.encode(station), type=Station)
    rest = [out for one in life[where:] for out in station.take(one)]
    assert station == whole[0]
    assert [one for one in rest if not isinstance(one, Use)] == whole[1][len(whole[1]) - _changes(rest) :]


def _changes(found: list[object]) -> int:
    return sum(not isinstance(one, Use) for one in found)


@given(lives)
def test_what_was_told_first_is_never_changed_by_what_comes_later(life: list[Signal]) -> None:
    """Why a report as of a position needs no corrections of states: they are only ever added to."""
    _, changes, _ = take(life)
    for n in range(len(life)):
        before = take(life[:n])[1]
        assert changes[: len(before)] == before
    assert [one.since for one in changes] == sorted(one.since for one in changes)


@given(lives, st.lists(claims(), max_size=4), st.lists(claims(), max_size=4), claims())
def test_an_exclusion_never_lowers_uptime(
    life: list[Signal], uses: list[Claim], exclusions: list[Claim], more: Claim
) -> None:
    _, changes, _ = take(life)
    found = clipped(intervals(changes, APRIL), MARCH, APRIL)
    without, with_it = tally(cut(found, uses, exclusions)), tally(cut(found, uses, [*exclusions, more]))
    assert without.period_s == with_it.period_s
    assert without.in_service_s == with_it.in_service_s
    for formula in Formula:
        before, after = uptime(formula, without), uptime(formula, with_it)
        for name in ("optimistic_pct", "pessimistic_pct"):
            one, two = getattr(before, name), getattr(after, name)
            if one is not None and two is not None:  # everything that is measured may be exempt
                assert two >= one, (formula, name)


@given(lives, st.lists(claims(), max_size=4), st.lists(claims(), max_size=4))
def test_optimistic_is_no_less_than_pessimistic(
    life: list[Signal], uses: list[Claim], exclusions: list[Claim]
) -> None:
    _, changes, _ = take(life)
    seconds = tally(cut(clipped(intervals(changes, APRIL), MARCH, APRIL), uses, exclusions))
    for formula in Formula:
        found = uptime(formula, seconds)
        if found.optimistic_pct is not None and found.pessimistic_pct is not None:
            assert 0 <= found.pessimistic_pct <= found.optimistic_pct <= 100


@given(lives, st.lists(claims(), max_size=4), st.lists(claims(), max_size=4))
def test_cutting_keeps_the_states_and_takes_only_what_counts_against(
    life: list[Signal], uses: list[Claim], exclusions: list[Claim]
) -> None:
    _, changes, _ = take(life)
    found = clipped(intervals(changes, APRIL), MARCH, APRIL)
    for one in cut(found, uses, exclusions):
        assert not one.exclusion or one.state in AGAINST
        assert not one.proven_by or one.state is State.UNKNOWN
        (source,) = [s for s in found if s.begin <= one.begin and one.end <= s.end]
        assert (source.state, source.cause, source.position) == (one.state, one.cause, one.position)
