"""The socket: frames of every size, in pieces and in heaps; and what the simulator may import."""

import ast
import asyncio
from pathlib import Path
from random import Random

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

import entrypoints.simulator
from entrypoints.simulator.socket import Backoff, ChargerSocket, connect

_SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)


async def _echo(socket: ServerConnection) -> None:
    async for text in socket:
        await socket.send(text)


@pytest.mark.parametrize("compress", [False, True])
async def test_texts_of_every_size_come_back(compress: bool) -> None:
    async with serve(_echo, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await connect(f"ws://127.0.0.1:{port}", "CP1", subprotocols=("ocpp1.6",), compress=compress)
        arrived: asyncio.Queue[str] = asyncio.Queue()
        socket.listen(arrived.put_nowait, lambda code: None)
        texts = ["ü" * (size // 2) + "x" * (size % 2) for size in _SIZES]
        for text in texts:
            assert socket.send(text)
        async with asyncio.timeout(5):
            assert [await arrived.get() for _ in texts] == texts
        await socket.finish()
        assert not socket.send("late")


async def test_fragments_and_pings_between_them_are_put_together() -> None:
    async def speak(socket: ServerConnection) -> None:
        await socket.send(["[3,", '"a"', ",{}]"])
        await socket.ping()
        await socket.send("whole")
        await socket.wait_closed()

    async with serve(
        speak, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], compression=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await connect(f"ws://127.0.0.1:{port}", "CP1", subprotocols=("ocpp1.6",))
        arrived: asyncio.Queue[str] = asyncio.Queue()
        socket.listen(arrived.put_nowait, lambda code: None)
        async with asyncio.timeout(5):
            assert [await arrived.get(), await arrived.get()] == ['[3,"a",{}]', "whole"]
        await socket.finish()


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
async def test_frames_cut_anywhere_are_read_the_same(piece: int) -> None:
    async with serve(
        _echo, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], compression=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await connect(f"ws://127.0.0.1:{port}", "CP1", subprotocols=("ocpp1.6",))
        seen: list[str] = []
        socket.listen(seen.append, lambda code: None)
        texts = ["a" * size for size in (3, 0, 126, 300, 5)]
        stream = b"".join(_frame(text.encode()) for text in texts)
        _feed(socket, stream, piece)
        assert seen == texts
        await socket.finish()


def _frame(payload: bytes) -> bytes:
    length = len(payload)
    head = bytes((0x81, length)) if length < 126 else b"\x81\x7e" + length.to_bytes(2, "big")
    return head + payload


def _feed(socket: ChargerSocket, stream: bytes, piece: int) -> None:
    for start in range(0, len(stream), piece):
        socket.data_received(stream[start : start + piece])


def test_waits_double_with_jitter_and_begin_anew() -> None:
    backoff = Backoff(Random(1), first_s=1, most_s=8)
    waits = [backoff.wait_s() for _ in range(6)]
    for wait, middle in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert middle * 0.5 <= wait <= middle * 1.5
    backoff.reset()
    assert backoff.wait_s() <= 1.5


def test_the_simulator_shares_no_code_with_the_server() -> None:
    folder = Path(entrypoints.simulator.__file__).parent
    modules = [
        node.module or ""
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
    ]
    assert len(modules) > 50
    assert [m for m in modules if m.split(".")[0] in ("adapters", "application", "projections")] == []
