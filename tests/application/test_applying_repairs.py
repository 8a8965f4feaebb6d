"""Repairs: applied as they were shown, once, by whoever was interrupted too; what came since is left alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from application.ports import UnreadableEvent, VersionConflict
from application.repairs import Change, Plan, PlanUnfit, Repairs, Subject
from domain.event import Event, Fact, Told, events_of
from domain.metering import BEGIN, END, Reading, Sample, energy_sample
from domain.repairs.events import RepairBegun
from domain.transactions.events import Ended, EnergySettled, Started
from domain.transactions.interpretation import AS_TOLD, Interpretation
from tests.fakes.event_store import InMemoryEventStore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KWH = Interpretation(factor=Decimal("0.001"))


def stream(n: int) -> str:
    return f"transaction/acme/CP1/{n:04}"


SUBJECTS = [Subject(f"s{n}", stream(n)) for n in range(5)]


@pytest.fixture
async def store() -> InMemoryEventStore:
    """Five sessions: three of some Wh told thousandfold, one of nothing, one that runs."""
    found = InMemoryEventStore()
    for n, wh in enumerate((7_000, 5_000, 3_000, 0, None)):
        begin = energy_sample(NOON, BEGIN, Decimal(0))
        facts: list[Fact] = [Started(evse_id=1, connector_id=1, at=NOON, samples=(begin,))]
        if wh is not None:
            later = NOON + timedelta(hours=1)
            end = energy_sample(later, END, Decimal(wh))
            facts += [
                Ended(evse_id=1, connector_id=1, at=later, samples=(end,)),
                EnergySettled(energy_wh=wh, meter_start_wh=Decimal(0), meter_stop_wh=Decimal(wh)),
            ]
        await found.append(events_of(stream(n), 0, facts, Told(recorded_at=NOON)))
    return found


def by(store: object, actor: str = "user:ann") -> Repairs:
    return Repairs(store, "acme", actor, "cli:1")  # type: ignore[arg-type]


async def figures(store: InMemoryEventStore) -> list[int | None]:
    found = []
    for n in range(4):
        settled = [one.fact for one in await store.read(stream(n)) if isinstance(one.fact, EnergySettled)]
        found.append(settled[-1].energy_wh)
    return found


async def test_a_dry_run_writes_nothing_and_names_what_would_change(store: InMemoryEventStore) -> None:
    before = len(store.log)
    plan = await by(store).plan(SUBJECTS, KWH)
    assert len(store.log) == before
    assert [(one.session, one.before_wh, one.after_wh) for one in plan.changes] == [
        ("s0", 7000, 7),
        ("s1", 5000, 5),
        ("s2", 3000, 3),
    ]
    assert plan.difference_wh == 15 - 15_000
    assert [(one.session, one.why) for one in plan.left] == [("s4", "StillRuns")]
    assert (await by(store).plan(SUBJECTS, AS_TOLD)).changes == ()


async def test_applied_it_corrects_each_session_once(store: InMemoryEventStore) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)
    plan = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    applied = await by(store).apply(plan, "Wh told as kWh")
    assert (applied.corrected, applied.before, applied.left) == (3, 0, ())
    assert await figures(store) == [7, 5, 3, 0]
    [begun] = [one.event for one in store.log if isinstance(one.event.fact, RepairBegun)]
    assert (begun.told.actor, begun.told.cause, begun.fact.reason) == ("user:ann", "cli:1", "Wh told as kWh")
    size = len(store.log)
    again = await by(store, "user:bob").apply(plan, "again")
    assert (again.corrected, again.before) == (0, 3)
    assert len(store.log) == size


async def test_it_is_taken_back_by_what_was_told(store: InMemoryEventStore) -> None:
    await by(store).apply(await by(store).plan(SUBJECTS, KWH), "Wh told as kWh")
    back = await by(store).plan(SUBJECTS, AS_TOLD)
    assert [(one.before_wh, one.after_wh) for one in back.changes] == [(7, 7000), (5, 5000), (3, 3000)]
    await by(store).apply(back, "it was right as it was")
    assert await figures(store) == [7000, 5000, 3000, 0]


async def test_what_changed_since_is_left_alone_and_named(store: InMemoryEventStore) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)
    news = EnergySettled(energy_wh=5_100)
    await store.append(events_of(stream(1), 3, [news], Told(recorded_at=NOON)))
    applied = await by(store).apply(plan, "Wh told as kWh")
    assert (applied.corrected, [(one.session, one.why) for one in applied.left]) == (2, [("s1", "changed")])
    assert await figures(store) == [7, 5100, 3, 0]


class Interrupted(RuntimeError):
    """A kill in the midst of it."""


class Mortal:
    """A store whose process dies at an append, before or after it is there."""

    def __init__(self, store: InMemoryEventStore, lives: int, *, stored: bool) -> None:
        self._store, self._lives, self._stored = store, lives, stored

    async def read(self, stream: str) -> Sequence[Event[Fact]]:
        return await self._store.read(stream)

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        self._lives -= 1
        if self._lives < 0 and not self._stored:
            raise Interrupted
        positions = await self._store.append(events)
        if self._lives < 0:
            raise Interrupted
        return positions


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("lives", range(4))
async def test_interrupted_anywhere_it_is_done_in_the_end_and_once(
    store: InMemoryEventStore, lives: int, stored: bool
) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)
    with pytest.raises(Interrupted):
        await by(Mortal(store, lives, stored=stored)).apply(plan, "Wh told as kWh")
    applied = await by(store).apply(plan, "Wh told as kWh")
    assert applied.corrected + applied.before == 3
    assert await figures(store) == [7, 5, 3, 0]
    facts = [one.event.fact for one in store.log]
    assert sum(isinstance(one, RepairBegun) for one in facts) == 1
    assert sum(isinstance(one, EnergySettled) and one.correction is not None for one in facts) == 3


async def test_of_two_at_once_each_session_is_corrected_once(store: InMemoryEventStore) -> None:
    """The second finds that somebody was there in between: a conflict of versions, which is no error."""
    plan = await by(store).plan(SUBJECTS, KWH)

    class Slow(Mortal):
        async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
            if events[0].originator_id == stream(0):
                await by(store, "user:bob").apply(plan, "first")
            return await store.append(events)

    applied = await by(Slow(store, 0, stored=True)).apply(plan, "second")
    assert (applied.corrected, applied.before) == (0, 2)
    assert [one.why for one in applied.left] == ["changed"]
    assert await figures(store) == [7, 5, 3, 0]
    with pytest.raises(VersionConflict):
        await store.append(events_of(stream(0), 3, [EnergySettled(energy_wh=1)], Told(recorded_at=NOON)))


async def test_plans_that_do_not_fit_are_refused_and_change_nothing(store: InMemoryEventStore) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)
    foreign = Repairs(store, "hera", "user:eve")
    wrong = [
        (foreign, plan, "why"),
        (foreign, msgspec.structs.replace(plan, tenant="hera"), "why"),
        (by(store), msgspec.structs.replace(plan, edition=0), "why"),
        (by(store), msgspec.structs.replace(plan, format="zeus repair plan 99"), "why"),
        (by(store), plan, "  "),
        (by(store), await by(store).plan(SUBJECTS, AS_TOLD), "why"),
    ]
    size = len(store.log)
    for repairs, one, reason in wrong:
        with pytest.raises(PlanUnfit):
            await repairs.apply(one, reason)
    assert len(store.log) == size
    last = plan.changes[-1]
    for forged in (
        msgspec.structs.replace(last, after_wh=1),
        msgspec.structs.replace(last, before_wh=1),
        Change("s4", stream(4), 1, NOON, None, 9),  # which runs
    ):
        with pytest.raises(PlanUnfit):
            await by(store).apply(
                msgspec.structs.replace(plan, changes=(*plan.changes[:2], forged)), "a figure of my own"
            )
    assert len(store.log) == size, "the sound changes before it are not made either"


async def test_what_cannot_be_read_any_more_is_named(store: InMemoryEventStore) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)

    class Damaged(Mortal):
        async def read(self, name: str) -> Sequence[Event[Fact]]:
            if name == stream(1):
                raise UnreadableEvent(name)
            return await super().read(name)

    damaged = Damaged(store, 99, stored=True)
    applied = await by(damaged).apply(plan, "Wh told as kWh")
    assert (applied.corrected, [(one.session, one.why) for one in applied.left]) == (
        2,
        [("s1", "UnreadableEvent")],
    )
    left = (await by(damaged).plan(SUBJECTS, KWH)).left
    assert ("s1", "UnreadableEvent") in [(one.session, one.why) for one in left]


async def test_two_begin_the_same_repair_at_once(store: InMemoryEventStore) -> None:
    plan = await by(store).plan(SUBJECTS, KWH)

    class Late(Mortal):
        async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
            if isinstance(events[0].fact, RepairBegun):
                await store.append(events)  # another was a moment earlier
            return await store.append(events)

    assert (await by(Late(store, 0, stored=True)).apply(plan, "Wh told as kWh")).corrected == 3
    assert sum(isinstance(one.event.fact, RepairBegun) for one in store.log) == 1


async def test_what_the_meter_signed_is_left_alone(store: InMemoryEventStore) -> None:
    signed = Sample(NOON, END, (Reading("", None, text="OCMF|{}|{}"),))
    facts: list[Fact] = [
        Started(evse_id=1, connector_id=1, at=NOON),
        Ended(evse_id=1, connector_id=1, at=NOON, samples=(energy_sample(NOON, END, Decimal(9_000)), signed)),
        EnergySettled(energy_wh=9_000, signed=True),
    ]
    await store.append(events_of(stream(9), 0, facts, Told(recorded_at=NOON)))
    plan = await by(store).plan([Subject("s9", stream(9))], KWH)
    assert [(one.session, one.why) for one in plan.left] == [("s9", "HasSignedValues")]
    assert plan.changes == ()
