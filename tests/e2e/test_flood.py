"""Rubbish, giants and floods over a real socket: the charger stays connected, and the log stays small."""

import asyncio
import json
from time import monotonic

from websockets.frames import Opcode

from tests.e2e.conditions import until
from tests.e2e.log import frames, of_charger
from tests.e2e.wire import Wire
from tests.e2e.zeus_process import ZeusProcess
from tests.fuzz.frames import NOT_TEXT, STRANGE_TEXTS

HEARTBEAT = '[2,"{}","Heartbeat",{{}}]'
FLOOD = 4_000
PER_S, BURST = 1_000, 500
"""`frames_per_s` of the shared server, and the default burst."""
LARGEST = 262_144


async def answer_to(wire: Wire, message_id: str) -> list[str]:
    """What arrives up to the answer of a heartbeat with that id: the socket is open and the order kept."""
    wire.socket.send(HEARTBEAT.format(message_id))
    arrived: list[str] = []
    while True:
        item = await wire.next()
        assert isinstance(item, str), f"closed with {item}"
        if item.startswith(f'[3,"{message_id}"'):
            return arrived
        arrived.append(item)


async def test_no_unreadable_frame_costs_the_connection(server: ZeusProcess) -> None:
    for version in ("1.6", "2.0.1", "2.1"):
        cpid = f"RUBBISH-{version}"
        await server.register([cpid])
        wire = await Wire.open(server, cpid, version)
        for number, text in enumerate(STRANGE_TEXTS):
            wire.socket.send(text)
            assert len(await answer_to(wire, f"t{number}")) <= 1, text[:80]
        for number, raw in enumerate(NOT_TEXT):
            for opcode in (Opcode.TEXT, Opcode.BINARY):
                wire.send_bytes(raw, opcode)
                assert len(await answer_to(wire, f"b{number}{opcode.value}")) <= 1, raw
        await wire.socket.finish()
        kept = [frame for frame, _ in frames(of_charger(server.dsn, cpid))]
        assert [frame for frame in kept if not frame.startswith('[2,"t') and not frame.startswith('[2,"b')][
            : len(STRANGE_TEXTS)
        ] == list(STRANGE_TEXTS)


async def test_giants_are_refused_unread(server: ZeusProcess) -> None:
    await server.register(["GIANT"])
    wire = await Wire.open(server, "GIANT")
    filler = "x" * 70_000
    call = f'[2,"big","DataTransfer",{{"vendorId":"v","data":"{filler}"}}]'
    answer = json.loads(str(await wire.ask(call)))
    assert answer[:3] == [4, "big", "FormationViolation"]
    deep = '[2,"deep","DataTransfer",{"vendorId":' + "[" * 40 + "]" * 40 + "}]"
    assert json.loads(str(await wire.ask(deep)))[:2] == [4, "deep"]
    wide = '[2,"wide","DataTransfer",{' + ",".join(f'"{n}":0' for n in range(9_000)) + "}]"
    assert json.loads(str(await wire.ask(wide)))[:2] == [4, "wide"]
    # The Close frame may be lost with the reset of a connection that was closed while we still sent.
    assert await wire.ask(f'[2,"huge","DataTransfer",{{"data":"{"x" * LARGEST}"}}]') in (1009, 1006)
    closed = await until(
        lambda: [line for line in of_charger(server.dsn, "GIANT") if line.topic == "charger.disconnected"],
        "the end",
    )
    assert closed[0].fact["code"] == 1009
    again = await Wire.open(server, "GIANT")
    assert await answer_to(again, "after") == []
    await again.socket.finish()


async def test_a_flood_of_rubbish_is_slowed_and_costs_little(server: ZeusProcess) -> None:
    await server.register(["FLOOD", "NEIGHBOUR"])
    wire, neighbour = await Wire.open(server, "FLOOD"), await Wire.open(server, "NEIGHBOUR")
    began = monotonic()
    for number in range(FLOOD):
        wire.socket.send(f"rubbish {number} " + "x" * 500)
    flooded = asyncio.create_task(answer_to(wire, "end"))
    waits = []
    while not flooded.done():
        asked = monotonic()
        assert await answer_to(neighbour, f"n{len(waits)}") == []
        waits.append(monotonic() - asked)
        await asyncio.wait((flooded,), timeout=0.05)
    took_s = monotonic() - began
    assert await flooded == [], "rubbish is answered by silence in 1.6"
    assert took_s > 0.9 * (FLOOD - BURST) / PER_S, "reading was not slowed"
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < 0.25, "the neighbour waits for the flood"
    await wire.socket.finish()
    await neighbour.socket.finish()
    lines = await until(
        lambda: [line for line in of_charger(server.dsn, "FLOOD")
                 if line.topic in ("charger.frame_rejected", "charger.frames_suppressed")], "the flood in the log"
    )  # fmt: skip
    await until(
        lambda: any(line.topic == "charger.disconnected" for line in of_charger(server.dsn, "FLOOD")), "end"
    )
    lines = [line for line in of_charger(server.dsn, "FLOOD") if "frames" in line.fact or "code" in line.fact]
    whole = [line for line in lines if line.topic == "charger.frame_rejected"]
    counted = sum(line.fact["frames"] for line in lines if line.topic == "charger.frames_suppressed")
    assert len(whole) + counted == FLOOD
    assert len(lines) < 60
    size = server.query(
        "SELECT sum(octet_length(state)) FROM eventstore.stored_events WHERE originator_id = 'charger/default/FLOOD'"
    )[0][0]
    assert int(str(size)) < 100_000
