"""The load: many chargers on one event loop, in closed loop (as fast as answered) or open loop (at a rate)."""

import asyncio
import gc
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import uvloop

from adapters.ocpp.versions import Version
from application import clock
from entrypoints.bench.client import Client, Tally
from entrypoints.bench.messages import KINDS, Life, boot, version_of
from entrypoints.listening import raise_file_limit

T = TypeVar("T")

PATIENCE_S = 60.0
_KNOCKING = 500
"""Handshakes under way at once where no storm is wanted."""


class Target(msgspec.Struct, frozen=True):
    """Where the chargers connect."""

    port: int
    deflate: bool = False
    tls: ssl.SSLContext | None = None


def cpid_of(number: int) -> str:
    """The charge point id of charger `number`."""
    return f"BENCH-{number:05d}"


def password_of(number: int) -> str:
    """Its password, of chargers that exist for a minute: each has one of its own."""
    return f"bench{number:05d}bench{number:05d}"


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run on a loop of the same kind as the server's, with file descriptors for a fleet."""
    raise_file_limit()

    async def calmly() -> T:
        gc.collect()
        gc.disable()
        try:
            return await work()
        finally:
            gc.enable()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(calmly())


async def knock(target: Target, number: int, tally: Tally, version: Version | None = None) -> Client:
    """Connect charger `number` and wait for the 101. Raises ConnectionRefusedError."""
    client = Client(
        cpid_of(number), password_of(number), version or version_of(number), tally, deflate=target.deflate
    )
    # No local address is bound: the kernel's search for a free port then takes milliseconds with 10,000 in use.
    # One address has 28,000 ports, more than the chargers anybody may ask for here.
    await asyncio.get_running_loop().create_connection(
        lambda: client, "127.0.0.1", target.port, ssl=target.tls, ssl_handshake_timeout=handshake_s(target)
    )
    await client.opened
    return client


def handshake_s(target: Target) -> float | None:
    """A charger's patience with TLS."""
    return None if target.tls is None else PATIENCE_S


@asynccontextmanager
async def fleet(target: Target, numbers: Iterable[int], tally: Tally) -> AsyncIterator[list[Client]]:
    """Connected and booted chargers, a few hundred handshakes at a time."""
    turn = asyncio.Semaphore(_KNOCKING)

    async def one(number: int) -> Client:
        async with turn:
            client = await knock(target, number, tally)
            await say_once(client, boot(client.version))
            return client

    clients = await asyncio.gather(*(one(number) for number in numbers))
    try:
        yield list(clients)
    finally:
        for client in clients:
            client.leave()


async def say_once(client: Client, message: tuple[str, str]) -> float:
    """Say one message and wait for the answer; returns the seconds it took."""
    answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    client.live(_once(message))
    client.on_answer = lambda _, now: answered.set_result(now)
    began = clock.monotonic()
    client.say(began)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await answered - began
    finally:
        client.on_answer = None


def _once(message: tuple[str, str]) -> Life:
    yield message


async def closed_loop(clients: list[Client], kind: str, seconds: float) -> float:
    """Each charger speaks as soon as it was answered, for `seconds`; returns how long it took in fact."""
    began = clock.monotonic()
    end = began + seconds
    quiet = asyncio.Event()
    talking = len(clients)

    def again(client: Client, now: float) -> None:
        nonlocal talking
        if now < end:
            client.say(now)
            return
        client.on_answer = None
        talking -= 1
        if not talking:
            quiet.set()

    _begin_lives(clients, kind)
    for client in clients:
        client.on_answer = again
        client.say(clock.monotonic())
    async with asyncio.timeout(seconds + PATIENCE_S):
        await quiet.wait()
    return clock.monotonic() - began


async def open_loop(clients: list[Client], kind: str, rate: int, seconds: float) -> float:
    """`rate` messages a second at even distances, whatever the answers do; returns the time until the last.

    Latency counts from the moment a message was due, so a server that stands still is charged for all who
    would have spoken meanwhile (no coordinated omission).
    """
    _begin_lives(clients, kind)
    began = clock.monotonic()
    total = round(rate * seconds)
    told = 0
    while told < total:
        upto = min(total, int((clock.monotonic() - began) * rate) + 1)
        for n in range(told, upto):
            clients[n % len(clients)].say(began + n / rate)
        told = upto
        await asyncio.sleep(max(0.0, began + told / rate - clock.monotonic()))
    async with asyncio.timeout(PATIENCE_S):
        while any(client.busy for client in clients):  # noqa: ASYNC110 - an event a message would cost more
            await asyncio.sleep(0.005)
    return clock.monotonic() - began


def own_cpu_s() -> float:
    """CPU seconds of this process: the load generator's share of the machine."""
    return time.process_time()


def _begin_lives(clients: list[Client], kind: str) -> None:
    for n, client in enumerate(clients):
        client.live(KINDS[kind](client.version, n))


def quantiles_ms(seconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest, in milliseconds; empty for no values."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    found = {
        name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in shares.items()
    }
    return {name: value * 1e3 for name, value in {**found, "max_ms": ordered[-1]}.items()}
