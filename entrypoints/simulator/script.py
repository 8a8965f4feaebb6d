"""Recorded frames sent again, byte for byte: what a server says to them is collected."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import orjson

from entrypoints.simulator.socket import connect


class RecordedFrame(msgspec.Struct, frozen=True):
    """One line of a recording; fields not named here are ignored."""

    raw: str
    """The exact text."""
    direction: str
    """`cp->csms` or `csms->cp`."""
    version: str = "1.6"
    vendor: str | None = None
    model: str | None = None
    quirk: str | None = None
    source: str | None = None


class Exchange(msgspec.Struct):
    """One frame sent and what came back before the next one was."""

    sent: str
    answer: str | None = None
    """The CALLRESULT or CALLERROR with the message id of the CALL sent; None where none came (in time)."""
    also: list[str] = msgspec.field(default_factory=list)
    """Whatever else arrived meanwhile: calls of the server, errors without our message id."""


class Transcript(msgspec.Struct):
    """A replayed script. Frames after the connection ended are missing from `exchanges`."""

    exchanges: list[Exchange] = msgspec.field(default_factory=list)
    close_code: int | None = None
    """The code the server closed with, None when we closed at the end."""


def read_recording(path: Path) -> list[RecordedFrame]:
    """The frames of a JSON-lines recording, in order."""
    decoder = msgspec.json.Decoder(RecordedFrame)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def of_charger(frames: Iterable[RecordedFrame]) -> list[str]:
    """The exact texts the charger's side sent."""
    return [frame.raw for frame in frames if frame.direction == "cp->csms"]


async def replay_frames(
    url: str,
    charger_id: str,
    frames: Sequence[str],
    *,
    subprotocol: str = "ocpp1.6",
    password: str | None = None,
    quiet_s: float = 0.25,
    timeout_s: float = 10.0,
    compress: bool = False,
) -> Transcript:
    """Send `frames` one after the other over one socket.

    After a CALL its answer is awaited (at most `timeout_s`); after a frame to which none is due, `quiet_s`
    without any arrival has to pass. Calls of the server are collected, not answered: the recorded answers
    among the frames belong to other message ids. Raises HandshakeRefused or OSError without a connection.
    """
    channel = await connect(
        url, charger_id, subprotocols=(subprotocol,), password=password, compress=compress
    )
    arrived: asyncio.Queue[str | int] = asyncio.Queue()
    channel.listen(arrived.put_nowait, arrived.put_nowait)
    transcript = Transcript()
    try:
        for text in frames:
            exchange = Exchange(text)
            transcript.exchanges.append(exchange)
            channel.send(text)
            transcript.close_code = await _collect(arrived, exchange, quiet_s, timeout_s)
            if transcript.close_code is not None:
                break
    finally:
        await channel.finish()
    return transcript


async def _collect(
    arrived: asyncio.Queue[str | int], exchange: Exchange, quiet_s: float, timeout_s: float
) -> int | None:
    """Take what arrives until the exchange is over; the close code when the connection ends instead."""
    due = message_id_of_call(exchange.sent)
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + timeout_s
    while True:
        wait_s = quiet_s if due is None else deadline_s - loop.time()
        try:
            async with asyncio.timeout(wait_s):
                item = await arrived.get()
        except TimeoutError:
            return None
        if isinstance(item, int):
            return item
        if due is not None and _answers(item, due):
            exchange.answer = item
            return None
        exchange.also.append(item)


def message_id_of_call(text: str) -> str | None:
    """The id of a readable CALL, which is due an answer; None for everything else."""
    match _read(text):
        case [2, str(message_id), str(), *_]:
            return message_id
    return None


def _answers(text: str, message_id: str) -> bool:
    match _read(text):
        case [3 | 4, str(answered), *_]:
            return answered == message_id
    return False


def _read(text: str) -> object:
    try:
        frame: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frame
