"""Laws of repairs: the rule in force changes nothing, another what it says, and what comes late is read by it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event, Fact, Told, events_of
from domain.metering import BEGIN, END, PERIODIC, Reading, Sample, energy_sample
from domain.transactions.anomalies import Anomaly
from domain.transactions.events import EnergySettled, Staleness
from domain.transactions.interpretation import (
    AS_TOLD,
    FACTORS,
    SIZES_WH,
    Interpretation,
    InterpretationInvalid,
)
from domain.transactions.repair import HasSignedValues, StillRuns, correction, read_by
from domain.transactions.report import Phase, TransactionReport
from domain.transactions.transaction import Transaction
from tests.domain.test_transaction_laws import NOON, reports, tell, told_all

at_once = reports.map(
    lambda one: msgspec.structs.replace(
        one, at=NOON, samples=tuple(Sample(NOON, sample.context, sample.readings) for sample in one.samples)
    )
)
"""Clocks that stand still bring out what hangs on the order of readings."""
ANN = Told(recorded_at=NOON, actor="user:ann")
rules = st.builds(
    Interpretation,
    factor=st.sampled_from([Decimal(1), Decimal("0.001"), Decimal(1000)]),
    ignores_begin=st.booleans(),
    ignores_end=st.booleans(),
    wraps_at_wh=st.sampled_from([None, Decimal(100_000)]),
    fastest_w=st.sampled_from([Decimal(4_000_000), Decimal(22_000)]),
)


def corrected(
    transaction: Transaction, log: list[Event[Fact]], rule: Interpretation, repair: str = "r1"
) -> EnergySettled:
    """Correct it by the rule."""
    fact = correction(read_by(log, rule), rule, repair, "a wrong unit")
    events = events_of(transaction.stream, transaction.version, [fact], ANN)
    for event in events:
        transaction.when(event)
    log += events
    return fact


def closed(transaction: Transaction, log: list[Event[Fact]]) -> None:
    """Give it up for want of an end."""
    for facts in (transaction.find_stale(Staleness.CONNECTOR_FREE), None):
        more = (
            transaction.close_unreported(NOON + timedelta(days=9), timedelta(hours=1))
            if facts is None
            else facts
        )
        events = events_of(
            transaction.stream, transaction.version, more, Told(recorded_at=NOON, actor="job:x")
        )
        for event in events:
            transaction.when(event)
        log += events


def simple(*wh: int, minutes: int = 15) -> list[TransactionReport]:
    """A start, updates and an end with these registers, so many minutes apart."""
    found = []
    for n, one in enumerate(wh):
        phase = Phase.STARTED if n == 0 else Phase.ENDED if n == len(wh) - 1 else Phase.UPDATED
        context = {Phase.STARTED: BEGIN, Phase.UPDATED: PERIODIC, Phase.ENDED: END}[phase]
        at = NOON + timedelta(minutes=n * minutes)
        found.append(
            TransactionReport(
                phase=phase,
                at=at,
                reference="tx",
                evse_id=1,
                connector_id=1,
                seq_no=n,
                samples=(energy_sample(at, context, Decimal(one)),),
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(reports, max_size=12) | st.lists(at_once, max_size=12), st.none() | st.integers(0, 3))
def test_the_rule_in_force_changes_nothing(
    story: list[TransactionReport], gives_up_after: int | None
) -> None:
    """Whatever was told, and whenever it was given up for want of an end."""
    transaction, log = told_all(story[:gives_up_after])
    if gives_up_after is not None:
        closed(transaction, log)
        for report in story[gives_up_after:]:
            tell(transaction, report, log)
    settled = [event.fact for event in log if isinstance(event.fact, EnergySettled)]
    if not settled:
        with pytest.raises(StillRuns):
            read_by(log, AS_TOLD)
        return
    reading = read_by(log, AS_TOLD)
    assert not reading.differs, (reading.before_wh, reading.settled)
    assert (
        reading.settled.meter_start_wh == settled[-1].meter_start_wh or reading.settled.energy_wh is not None
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(reports, min_size=1, max_size=10), rules, rules)
def test_a_correction_is_what_the_rule_says_and_can_be_taken_back(
    story: list[TransactionReport], one: Interpretation, other: Interpretation
) -> None:
    transaction, log = told_all(story)
    if not transaction.settled:
        return
    before = transaction.settled_wh
    for rule in (one, other, AS_TOLD):
        fact = corrected(transaction, log, rule)
        assert transaction.settled_wh == fact.energy_wh
        assert not read_by(log, rule).differs, "applied is applied"
        assert (Anomaly.ENERGY_CORRECTED in fact.flags) == (rule != AS_TOLD)
        assert fact.correction is not None
    assert transaction.settled_wh == before, "every correction is of what was told, not of what was corrected"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(reports, min_size=1, max_size=8),
    st.lists(reports, min_size=1, max_size=4) | st.lists(at_once, min_size=1, max_size=4),
    rules,
    st.booleans(),
)
def test_what_comes_late_is_read_by_the_rule_of_the_correction(
    story: list[TransactionReport], late: list[TransactionReport], rule: Interpretation, gives_up: bool
) -> None:
    """So that no late message takes a correction back, and none is lost by it."""
    transaction, log = told_all(story)
    if gives_up:
        closed(transaction, log)
    if not transaction.settled:
        return
    corrected(transaction, log, rule)
    for report in late:
        tell(transaction, report, log)
    assert transaction.settled_wh == read_by(log, rule).settled.energy_wh


@given(
    st.sampled_from([BEGIN, END, PERIODIC]),
    st.decimals(-(10**15), 10**15, places=3),
    st.none() | st.decimals(0, 10**21, places=3),
    st.decimals(*FACTORS),
    st.none() | st.decimals(*SIZES_WH),
)
def test_any_rule_reads_any_reading(
    context: str, wh: Decimal, register_wh: Decimal | None, factor: Decimal, wraps_at_wh: Decimal | None
) -> None:
    """A report is never refused for the rule of a correction; nor does one that is below 0 become another."""
    rule = Interpretation(factor=factor, wraps_at_wh=wraps_at_wh)
    rule.check()
    read = rule.read(context, wh, register_wh)
    assert read is not None
    assert (read < 0) == (wh < 0)
    if wraps_at_wh is not None and register_wh is not None and wh >= 0:
        assert read >= register_wh - wraps_at_wh / 2 - 1


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=8), st.integers(0, 99_999))
def test_a_register_that_begins_again_is_followed(steps: Sequence[int], begin: int) -> None:
    """Held against a register of unbounded length, whose readings are cut at 200 kWh."""
    size = 200_000
    whole = [begin]
    for step in steps:
        whole.append(whole[-1] + step)
    shown = [wh % size for wh in [*whole, whole[-1]]]
    _, log = told_all(simple(*shown, minutes=120))
    reading = read_by(log, Interpretation(wraps_at_wh=Decimal(size)))
    assert reading.settled.energy_wh == whole[-1] - begin


@given(st.integers(0, 10**6), st.lists(st.integers(0, 1500), min_size=1, max_size=5))
def test_wh_told_as_kwh_are_wh_again(begin: int, steps: Sequence[int]) -> None:
    wh = [begin]
    for step in steps:
        wh.append(wh[-1] + step)
    told = simple(*(one * 1000 for one in wh), minutes=60)
    _, log = told_all(told)
    assert read_by(log, Interpretation(factor=Decimal("0.001"))).settled.energy_wh == wh[-1] - wh[0]


def test_a_reading_that_is_not_believed_is_stood_in_for() -> None:
    _, log = told_all(simple(0, 50_100, 51_000, 99))
    assert read_by(log, Interpretation(ignores_begin=True, ignores_end=True)).settled.energy_wh == 900
    _, log = told_all(simple(0, 1_000))
    assert read_by(log, Interpretation(ignores_begin=True)).settled.energy_wh is None, (
        "energy is never invented"
    )


def test_what_a_meter_signed_is_left_alone() -> None:
    signed = Sample(NOON + timedelta(minutes=30), END, (Reading("", None, text="OCMF|{}|{}"),))
    first, last = simple(0, 100)
    transaction, log = told_all([first])
    tell(transaction, TransactionReport(**{name: getattr(last, name) for name in last.__struct_fields__} | {
        "samples": (*last.samples, signed)}), log)  # fmt: skip
    with pytest.raises(HasSignedValues):
        read_by(log, AS_TOLD)


@pytest.mark.parametrize(
    "rule",
    [
        Interpretation(factor=Decimal(0)),
        Interpretation(factor=Decimal("-1")),
        Interpretation(wraps_at_wh=Decimal(0)),
        Interpretation(fastest_w=Decimal(0)),
        Interpretation(factor=Decimal("Infinity")),
        Interpretation(factor=Decimal("NaN")),
        Interpretation(wraps_at_wh=Decimal("NaN")),
        Interpretation(wraps_at_wh=Decimal("1e-9")),
    ],
)
def test_what_cannot_be_meant_is_refused(rule: Interpretation) -> None:
    with pytest.raises(InterpretationInvalid):
        rule.check()
