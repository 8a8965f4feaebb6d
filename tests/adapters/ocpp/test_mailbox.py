"""The mailbox gives its one reader every message, in order."""

import asyncio
import contextlib

from adapters.ocpp.mailbox import Mailbox


async def test_messages_come_in_order() -> None:
    box = Mailbox(asyncio.get_running_loop())
    for n in range(3):
        box.put_nowait({"n": n})
    assert [(await box.get())["n"] for _ in range(3)] == [0, 1, 2]
    assert box.empty()


async def test_a_waiting_reader_is_woken_once_for_several() -> None:
    box = Mailbox(asyncio.get_running_loop())
    reader = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait({"n": 1})
    box.put_nowait({"n": 2})
    assert await reader == {"n": 1}
    assert await box.get() == {"n": 2}


async def test_a_cancelled_reader_loses_nothing() -> None:
    box = Mailbox(asyncio.get_running_loop())
    reader = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait({"n": 1})
    reader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reader
    assert await box.get() == {"n": 1}
