"""Laws for whatever a charger tells: energy never falls, echoes change nothing, order does not matter."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event, Fact, Told, events_of
from domain.identity import IdToken
from domain.metering import BEGIN, END, PERIODIC, energy_sample
from domain.transactions.events import Ended, EnergySettled, Metered, Started
from domain.transactions.report import Phase, TransactionReport
from domain.transactions.transaction import Transaction

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONTEXTS = {Phase.STARTED: BEGIN, Phase.UPDATED: PERIODIC, Phase.ENDED: END}
STATES = ["", "EVConnected", "Charging", "SuspendedEV"]

reports = st.builds(
    lambda phase, minute, wh, seq, state, token: TransactionReport(
        phase=phase,
        at=NOON + timedelta(minutes=minute),
        reference="tx",
        evse_id=1,
        connector_id=1,
        seq_no=seq,
        charging_state=state,
        id_token=IdToken("CARD") if token else None,
        samples=()
        if wh is None
        else (energy_sample(NOON + timedelta(minutes=minute), CONTEXTS[phase], Decimal(wh)),),
    ),
    st.sampled_from(list(Phase)),
    st.integers(-600, 600),
    st.one_of(st.none(), st.integers(-10, 500_000)),
    st.integers(0, 3),
    st.sampled_from(STATES),
    st.booleans(),
)


def tell(transaction: Transaction, report: TransactionReport, log: list[Event[Fact]]) -> list[Fact]:
    """What the report makes true; nothing where it is a repetition."""
    if transaction.is_repetition(report):
        return []
    at = report.at or NOON
    if report.phase is Phase.STARTED:
        facts = transaction.start(report, at, 0, "Accepted", [])
    elif report.phase is Phase.ENDED:
        facts = transaction.end(report, at, [])
    else:
        facts = transaction.update(report, at, "Accepted")
    told = Told(recorded_at=NOON, occurred_at=report.at, seq_no=report.seq_no)
    events = events_of(transaction.stream, transaction.version, facts, told)
    for event in events:
        transaction.when(event)
    log += events
    return facts


def told_all(story: Sequence[TransactionReport]) -> tuple[Transaction, list[Event[Fact]]]:
    transaction = Transaction("transaction/acme/CP1/tx")
    log: list[Event[Fact]] = []
    for report in story:
        tell(transaction, report, log)
    return transaction, log


@settings(max_examples=150, deadline=None)
@given(st.lists(reports, max_size=12))
def test_live_energy_never_decreases(story: list[TransactionReport]) -> None:
    _, log = told_all(story)
    energies = [
        event.fact.energy_wh
        for event in log
        if isinstance(event.fact, Metered) and event.fact.energy_wh is not None
    ]
    assert energies == sorted(energies)
    assert all(energy >= 0 for energy in energies)


@settings(max_examples=150, deadline=None)
@given(st.lists(reports, min_size=1, max_size=8))
def test_an_echo_changes_nothing(story: list[TransactionReport]) -> None:
    transaction, log = told_all(story)
    for report in story:
        assert tell(transaction, report, log) == []


@settings(max_examples=150, deadline=None)
@given(st.lists(reports, max_size=12))
def test_replay_is_the_live_state_and_every_fact_reads_back(story: list[TransactionReport]) -> None:
    live, log = told_all(story)
    replayed = Transaction(live.stream)
    for event in log:
        stored = msgspec.json.encode(event.fact)
        fact = msgspec.json.decode(stored, type=type(event.fact))
        assert fact == event.fact
        replayed.when(msgspec.structs.replace(event, fact=fact))
    assert replayed == live


@settings(max_examples=150, deadline=None)
@given(st.lists(reports, max_size=12))
def test_a_start_is_taken_once_and_no_energy_is_invented(story: list[TransactionReport]) -> None:
    _, log = told_all(story)
    assert sum(isinstance(event.fact, Started) for event in log) <= 1
    registers = [
        sample.readings[0].value
        for event in log
        if isinstance(event.fact, Started | Metered | Ended)
        for sample in event.fact.samples
    ]
    for event in log:
        if isinstance(event.fact, EnergySettled) and event.fact.energy_wh is not None:
            known = [wh for wh in registers if wh is not None and wh >= 0]
            assert 0 <= event.fact.energy_wh <= max(known) - min(known)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[TransactionReport], int | None]:
    """A session with a register that only rises, at a power that exists, and its energy."""
    steps = draw(st.lists(st.integers(0, 2_000), min_size=1, max_size=6))
    ended = draw(st.booleans())
    begins = draw(st.booleans())
    wh, story = draw(st.integers(0, 10**9)), []
    registers = []
    last = len(steps) - 1
    for n, step in enumerate(steps):
        wh += step
        phase = Phase.ENDED if ended and n == last and n else Phase.STARTED if not n else Phase.UPDATED
        at = NOON + timedelta(minutes=n)
        samples = (energy_sample(at, CONTEXTS[phase], Decimal(wh)),)
        if phase is Phase.STARTED and not begins:
            samples = ()
        else:
            registers.append((phase, wh))
        story.append(TransactionReport(phase=phase, at=at, reference="tx", seq_no=n, samples=samples))
    if story[-1].phase is not Phase.ENDED:
        story.append(
            TransactionReport(
                phase=Phase.ENDED, at=NOON + timedelta(hours=1), reference="tx", seq_no=len(steps)
            )
        )
    if not registers or (len(registers) == 1 and registers[0][0] is not Phase.STARTED):
        return story, None
    return story, registers[-1][1] - registers[0][1]


@settings(max_examples=200, deadline=None)
@given(sessions(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_change_the_settled_energy(
    session: tuple[list[TransactionReport], int | None], random: Random
) -> None:
    story, energy = session
    in_order, _ = told_all(story)
    assert (in_order.settled, in_order.settled_wh) == (True, energy)
    shuffled = list(story)
    random.shuffle(shuffled)
    assert told_all(shuffled)[0].settled_wh == energy
