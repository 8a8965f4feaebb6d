"""Frames made to hurt, on a real socket: bounded, written down, and a neighbour keeps getting answers."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from tests.e2e.conditions import until
from tests.e2e.knock import Knock, text_frame
from tests.e2e.log import of_charger
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import ZeusProcess, zeus

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'
GROWTH = 64 * 1024 * 1024
"""SEC-13: nothing that one charger sends may cost more memory."""


@pytest.fixture(scope="module")
def server() -> Iterator[ZeusProcess]:
    """A server of its own: its memory is measured."""
    with zeus(frames_per_s=100_000, burst=100_000) as running:
        yield running


@pytest.fixture
async def neighbour(server: ZeusProcess, request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    """An honest charger beside the attack."""
    cpid = f"HONEST-{abs(hash(request.node.name)) % 10**8}"
    await server.register([cpid])
    wire = await Wire.open(server, cpid)
    yield wire
    await wire.socket.finish()


async def answered(wire: Wire, name: str) -> None:
    assert str(await wire.ask(HEARTBEAT.format(name))).startswith(f'[3,"{name}"')


def memory(server: ZeusProcess) -> int:
    return int(psutil.Process(server.pid).memory_info().rss)


async def test_sec_13_oversized_and_deep_frames_are_refused_and_recorded(
    server: ZeusProcess, neighbour: Wire
) -> None:
    await server.register(["HURT"])
    wire = await Wire.open(server, "HURT")
    before = memory(server)
    hurtful = {
        "big": '[2,"big","DataTransfer",{"vendorId":"v","data":"' + "x" * 70_000 + '"}]',
        "deep": '[2,"deep","DataTransfer",{"vendorId":' + "[" * 30_000 + "]" * 30_000 + "}]",
        "objects": '[2,"objects","DataTransfer",{"vendorId":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}]",
        "wide": '[2,"wide","DataTransfer",{' + ",".join(f'"{n}":0' for n in range(9_000)) + "}]",
        "digits": '[2,"digits","Heartbeat",' + "9" * 5_000 + "]",
        "infinite": '[2,"infinite","Heartbeat",{"x":1e999}]',
        "twice": '[2,"twice","Heartbeat",{"a":1,"a":2}]',
    }
    for n, text in enumerate(hurtful.values()):
        wire.socket.send(text)
        await answered(neighbour, f"n{n}")
    wire.socket.send(HEARTBEAT.format("end"))
    while not str(await wire.next()).startswith('[3,"end"'):
        pass
    recorded = [line for line in of_charger(server.dsn, "HURT") if line.topic == "charger.frame_rejected"]
    assert len(recorded) >= 4
    assert memory(server) - before < GROWTH
    await wire.socket.finish()


async def test_sec_15_a_deflate_bomb_ends_its_own_connection(server: ZeusProcess, neighbour: Wire) -> None:
    await server.register(["BOMB"])
    before = memory(server)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = squeezer.compress(b"\0" * 200_000_000) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 262_144, "it is within the limit as long as it is not opened"
    async with connect(f"{server.url}/BOMB", subprotocols=["ocpp1.6"], compression="deflate") as charger:  # type: ignore[list-item]
        assert charger.protocol.extensions, "compression was agreed on"
        head = (
            bytes((0xC1, 0xFF)) + len(bomb[:-4]).to_bytes(8, "big") + bytes(4)
        )  # FIN, RSV1, text, masked with 0
        charger.transport.write(head + bomb[:-4])
        await answered(neighbour, "beside")
        with pytest.raises(ConnectionClosed) as closed:
            await charger.recv()
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert memory(server) - before < GROWTH
    ends = await until(
        lambda: [line for line in of_charger(server.dsn, "BOMB") if line.topic == "charger.disconnected"],
        "the end in the log",
    )
    assert ends[0].fact["code"] in (1009, 1006)
    again = await Wire.open(server, "BOMB")
    await answered(again, "after")
    await again.socket.finish()


async def test_sec_16_a_charger_that_does_not_read_is_not_read_either(
    server: ZeusProcess, neighbour: Wire
) -> None:
    """It asks and never takes an answer: what the server keeps for it is bounded, and reading it stops."""
    await server.register(["DEAF"])
    async with await Knock.at(server.port, "/ocpp/DEAF") as deaf:
        assert deaf.status == 101
        before = memory(server)
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        large = '[2,"{}","GetDiagnosticsNo' + "x" * 900 + '",{{}}]'  # answered NotImplemented, with its name
        frames = b"".join(text_frame(large.format(f"{n:06}" + "i" * 30)) for n in range(200))
        sent = 0
        stuck = False
        while not stuck and sent < 400:
            deaf.writer.write(frames)
            try:
                async with asyncio.timeout(1):
                    await deaf.writer.drain()
            except TimeoutError:
                stuck = True
            sent += 1
            await answered(neighbour, f"n{sent}")
        assert stuck, "the server goes on reading somebody who does not read"
        assert memory(server) - before < GROWTH
        deaf.writer.transport.abort()
    await until(
        lambda: [line for line in of_charger(server.dsn, "DEAF") if line.topic == "charger.disconnected"],
        "the end in the log",
    )


async def test_sec_13_bytes_of_any_kind_are_answered_ignored_or_closed(
    server: ZeusProcess, neighbour: Wire
) -> None:
    await server.register(["NOISE"])
    wire = await Wire.open(server, "NOISE")
    for n, raw in enumerate((b"\xff\xfe\x00", b"[2,", b"\x00" * 100, b'[2,"\xe4","x",{}]')):
        wire.send_bytes(raw, Opcode.TEXT)
        wire.send_bytes(raw, Opcode.BINARY)
        await answered(neighbour, f"n{n}")
    wire.socket.send(HEARTBEAT.format("still"))
    while not (said := str(await wire.next())).startswith('[3,"still"'):
        assert said.startswith("[4,"), said
    await wire.socket.finish()
    said = server.log_path.read_text(errors="replace")
    assert "Traceback" not in said
