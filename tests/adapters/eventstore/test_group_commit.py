"""Those who wait are committed together, nobody waits for ever, and closing forgets nobody."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from adapters.eventstore.group_commit import GroupCommit
from adapters.eventstore.recorder import Result, Unit
from application.ports import StoreUnavailable


class Log:
    """Takes units like a recorder, and can be held up like a disk."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.taking = threading.Event()
        self.go.set()

    def insert_units(self, units: Sequence[Unit]) -> list[Result]:
        self.taking.set()
        assert self.go.wait(20)
        names = [str(unit[0].originator_id) for unit in units]
        self.batches.append(names)
        return [IntegrityError(name) if name == "taken" else [len(self.batches)] for name in names]


def _unit(name: str, size: int = 2) -> Unit:
    return [StoredEvent(name, 1, "t", b"x" * size)]


async def _held(log: Log, commit: GroupCommit) -> asyncio.Task[list[int]]:
    """One unit inside the recorder, which does not come back before `log.go`."""
    log.go.clear()
    first = asyncio.create_task(commit.append(_unit("first")))
    assert await asyncio.to_thread(log.taking.wait, 20)
    return first


async def test_those_who_wait_together_are_one_commit() -> None:
    log = Log()
    commit = GroupCommit(log.insert_units)
    first = await _held(log, commit)
    others = [asyncio.create_task(commit.append(_unit(str(n)))) for n in range(50)]
    await asyncio.sleep(0)
    log.go.set()
    assert await first == [1]
    assert await asyncio.gather(*others) == [[2]] * 50
    assert log.batches == [["first"], [str(n) for n in range(50)]]
    await commit.close()


@pytest.mark.parametrize("bounds", [{"max_events": 10}, {"max_bytes": 20}])
async def test_a_transaction_has_bounds(bounds: dict[str, int]) -> None:
    log = Log()
    commit = GroupCommit(log.insert_units, **bounds)  # type: ignore[arg-type]
    first = await _held(log, commit)
    others = [asyncio.create_task(commit.append(_unit(str(n)))) for n in range(25)]
    await asyncio.sleep(0)
    log.go.set()
    await asyncio.gather(first, *others)
    assert [len(batch) for batch in log.batches] == [1, 10, 10, 5]
    await commit.close()


async def test_a_refused_unit_hurts_no_other() -> None:
    commit = GroupCommit(Log().insert_units)
    results = await asyncio.gather(
        *(commit.append(_unit(name)) for name in ("a", "taken", "b")), return_exceptions=True
    )
    assert [type(result) for result in results] == [list, IntegrityError, list]
    await commit.close()


async def test_a_full_queue_makes_others_wait_at_the_door() -> None:
    log = Log()
    commit = GroupCommit(log.insert_units, max_pending=3)
    first = await _held(log, commit)
    others = [asyncio.create_task(commit.append(_unit(str(n)))) for n in range(9)]
    await asyncio.sleep(0)
    assert len(commit._inside) == 3
    log.go.set()
    await asyncio.gather(first, *others)
    assert [name for batch in log.batches for name in batch] == ["first", *map(str, range(9))]
    await commit.close()


async def test_nobody_waits_longer_than_the_patience() -> None:
    """The store hangs: those inside and those at the door are told, and what was never sent is not stored."""
    log = Log()
    commit = GroupCommit(log.insert_units, max_pending=2, patience_s=0.2)
    first = await _held(log, commit)
    inside = asyncio.create_task(commit.append(_unit("inside")))
    door = asyncio.create_task(commit.append(_unit("door")))
    results = await asyncio.wait_for(asyncio.gather(first, inside, door, return_exceptions=True), 5)
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    log.go.set()
    assert await commit.append(_unit("after")) == [2]
    assert log.batches == [["first"], ["after"]]
    await commit.close()


async def test_who_gave_up_before_being_sent_is_not_stored() -> None:
    log = Log()
    commit = GroupCommit(log.insert_units)
    first = await _held(log, commit)
    gone = asyncio.create_task(commit.append(_unit("gone")))
    await asyncio.sleep(0)
    gone.cancel()
    log.go.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await gone
    await commit.append(_unit("next"))
    assert log.batches == [["first"], ["next"]]
    await commit.close()


async def test_closing_stores_what_waits_and_takes_no_more() -> None:
    log = Log()
    commit = GroupCommit(log.insert_units)
    first = await _held(log, commit)
    waiting = asyncio.create_task(commit.append(_unit("waiting")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(commit.close())
    await asyncio.sleep(0)
    log.go.set()
    await closing
    assert (await first, await waiting) == ([1], [2])
    assert not any(thread.is_alive() for thread in commit._threads)
    with pytest.raises(StoreUnavailable):
        await commit.append(_unit("late"))


async def test_a_failing_recorder_tells_those_concerned_and_goes_on() -> None:
    calls = iter([ZeroDivisionError("bug"), [[1]]])

    def insert_units(units: Sequence[Unit]) -> list[Result]:
        result = next(calls)
        if isinstance(result, Exception):
            raise result
        return list(result)

    commit = GroupCommit(insert_units)
    with pytest.raises(Exception, match="bug"):
        await commit.append(_unit("a"))
    assert await commit.append(_unit("b")) == [1]
    await commit.close()
