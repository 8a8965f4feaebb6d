"""The bell of a listener: nothing that rings is missed, nobody waits too long, and waiting costs few timers."""

import asyncio

import pytest

from adapters.live.bell import Bell


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_what_rang_before_is_heard_until_it_is_known() -> None:
    bell = Bell()
    bell.ring()
    assert await bell.heard(soon(5))
    assert await bell.heard(soon(0))
    bell.silence()
    assert not await bell.heard(soon(0.01))


async def test_it_wakes_who_waits() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.heard(soon(5)))
    await asyncio.sleep(0)
    bell.ring()
    bell.ring()
    assert await waiting


@pytest.mark.parametrize("first", [0.02, 60.0])
async def test_nobody_waits_too_long_whatever_the_wait_before_was(first: float) -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.heard(soon(first)))
    await asyncio.sleep(0)
    bell.ring()
    assert await waiting
    bell.silence()
    began = soon(0)
    async with asyncio.timeout(5):
        assert not await bell.heard(began + 0.1)
    assert soon(0) >= began + 0.1


async def test_many_waits_share_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, bell, alarms = asyncio.get_running_loop(), Bell(), 0
    call_at = loop.call_at

    def counted(*args: object) -> asyncio.TimerHandle:
        nonlocal alarms
        alarms += 1
        return call_at(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_at", counted)
    until = soon(60)
    for turn in range(100):
        waiting = asyncio.create_task(bell.heard(until + turn))
        await asyncio.sleep(0)
        bell.ring()
        assert await waiting
        bell.silence()
    assert alarms == 1
    bell.mute()


async def test_who_is_cancelled_leaves_nothing_behind() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.heard(soon(60)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bell.ring()
    assert await bell.heard(soon(60))
    bell.mute()
