"""Whoever connects is taken, many at once and after trouble, and by whichever process listens."""

import asyncio
import errno
import os
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from entrypoints import listening
from entrypoints.listening import AT_ONCE, Acceptor, listen
from tests.e2e.conditions import until

MANY = 3 * AT_ONCE + 7


class Echo(asyncio.Protocol):
    """Says who it is."""

    def __init__(self, word: bytes) -> None:
        self._word = word

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it, and hang up."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._word)
        transport.close()


@pytest.fixture
def door() -> Iterator[socket.socket]:
    made = listen("127.0.0.1", 0)
    yield made
    made.close()


async def heard(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_all_that_come_at_once_are_taken(door: socket.socket) -> None:
    acceptor = Acceptor(door, lambda: Echo(b"one"))
    acceptor.open()
    port = acceptor.port
    async with asyncio.timeout(30):
        words = await asyncio.gather(*(heard(port) for _ in range(MANY)))
    assert words == [b"one"] * MANY
    acceptor.close()
    with pytest.raises(OSError, match="Connect call failed"):
        await heard(port)


async def test_two_that_share_a_socket_take_what_there_is(door: socket.socket) -> None:
    shared = socket.socket(fileno=os.dup(door.fileno()))
    acceptors = [Acceptor(door, lambda: Echo(b"one")), Acceptor(shared, lambda: Echo(b"two"))]
    for one in acceptors:
        one.open()
    async with asyncio.timeout(30):
        words = await asyncio.gather(*(heard(acceptors[0].port) for _ in range(MANY)))
    assert Counter(words).total() == MANY
    assert set(words) <= {b"one", b"two"}
    for one in acceptors:
        one.close()


class NoRoom(socket.socket):
    """Has no file descriptors left, for a while."""

    failing = 3

    def accept(self) -> tuple[socket.socket, object]:
        """Fails at first."""
        if self.failing:
            self.failing -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


async def test_whoever_comes_while_there_is_no_room_is_taken_later(
    door: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "PAUSE_S", 0.01)
    crowded = NoRoom(fileno=os.dup(door.fileno()))
    acceptor = Acceptor(crowded, lambda: Echo(b"one"))
    acceptor.open()
    async with asyncio.timeout(30):
        assert await heard(acceptor.port) == b"one"
    assert [record.getMessage() for record in caplog.records].count(
        "no connection can be taken: [Errno 24] Too many open files"
    ) == 3
    acceptor.close()


async def test_it_can_be_closed_while_it_pauses(door: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PAUSE_S", 0.05)
    crowded = NoRoom(fileno=os.dup(door.fileno()))
    crowded.failing = 1000
    acceptor = Acceptor(crowded, lambda: Echo(b"one"))
    acceptor.open()
    asking = asyncio.create_task(heard(acceptor.port))
    await until(lambda: crowded.failing < 1000, "it was tried")
    acceptor.close()
    failed = crowded.failing
    await asyncio.sleep(0.15)
    assert crowded.failing == failed
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
