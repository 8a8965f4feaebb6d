"""The floors: what the same work costs when only the unavoidable is done, measured in the same run."""

import asyncio
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
import psutil
import psycopg
from psycopg.sql import SQL, Identifier

from adapters.eventstore.schema import EVENTS, SCHEMA
from application import clock
from entrypoints.bench.client import Tally
from entrypoints.bench.load import Target, closed_loop, cpid_of, knock
from entrypoints.bench.usage import Processes

BATCH = 1024
_SCRATCH = Identifier(SCHEMA, "bench_floor")
_INSERT = SQL(
    "INSERT INTO {} (originator_id, originator_version, topic, state) "
    "SELECT * FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[])"
).format(_SCRATCH)


def raw_insert_us(url: str, processes: Processes, after: int, upto: int, rows: int) -> float:
    """µs of CPU a row, client and server together: `rows` copies of the events between two positions.

    One connection, 1,024 rows a statement, each statement durable, the same table in another place.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE TABLE IF NOT EXISTS {} (LIKE {} INCLUDING ALL)").format(
                _SCRATCH, Identifier(SCHEMA, EVENTS)
            )
        )
        found = connection.execute(
            SQL(
                "SELECT topic, state FROM {} WHERE notification_id > %s AND notification_id <= %s "
                "ORDER BY notification_id LIMIT %s"
            ).format(Identifier(SCHEMA, EVENTS)),
            [after, upto, BATCH * 8],
        ).fetchall()
        batches = [_batch(found, start) for start in range(0, rows, BATCH)]
        connection.execute(_INSERT, batches[0], prepare=True, binary=True)  # plan and pages are warm
        server, client = processes.all_postgres(), time.process_time()
        for batch in batches[1:]:
            connection.execute(_INSERT, batch, prepare=True, binary=True)
        used = processes.all_postgres() - server + time.process_time() - client
        connection.execute(SQL("DROP TABLE {}").format(_SCRATCH))
    return used / ((len(batches) - 1) * BATCH) * 1e6


def _batch(found: list[tuple[str, bytes]], start: int) -> tuple[list[str], list[int], list[str], list[bytes]]:
    numbers = range(start, start + BATCH)
    rows = [found[n % len(found)] for n in numbers]
    streams = [f"charger/default/{cpid_of(n % 1000)}" for n in numbers]
    return streams, [n // 1000 + 1 for n in numbers], [row[0] for row in rows], [row[1] for row in rows]


def commit_ms(url: str, rows: int) -> float:
    """Median ms of one raw durable event, committed alone, one after another on one connection."""
    took = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE TABLE IF NOT EXISTS {} (LIKE {} INCLUDING ALL)").format(
                _SCRATCH, Identifier(SCHEMA, EVENTS)
            )
        )
        for number in range(rows):
            row = [f"command/default/{number}"], [1], ["command.sent"], [b"x" * 600]
            began = clock.monotonic()
            connection.execute(_INSERT, row, prepare=True, binary=True)
            took.append(clock.monotonic() - began)
        connection.execute(SQL("DROP TABLE {}").format(_SCRATCH))
    return statistics.median(took) * 1e3


async def echo_ms(seconds: float) -> float:
    """Median ms of a round trip of one charger to a server that only echoes."""
    tally = Tally()
    async with _echoing() as (port, _):
        client = await knock(Target(port), 0, tally)
        await closed_loop([client], "heartbeat", seconds)
        client.leave()
    return statistics.median(tally.latencies) * 1e3


async def echo_us(chargers: int, kind: str, seconds: float) -> float:
    """µs of CPU a message of a server that only echoes, under the same closed loop."""
    tally = Tally()
    async with _echoing() as (port, process):
        clients = await asyncio.gather(*(knock(Target(port), n, tally) for n in range(chargers)))
        before = process.cpu_times()
        await closed_loop(list(clients), kind, seconds)
        after = process.cpu_times()
        for client in clients:
            client.leave()
    used = after.user + after.system - before.user - before.system
    return float(used) / max(1, len(tally.latencies)) * 1e6


@asynccontextmanager
async def _echoing() -> AsyncIterator[tuple[int, psutil.Process]]:
    """The echo server's port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    child = subprocess.Popen([sys.executable, "-m", "entrypoints.bench.echo", str(port)])  # noqa: S603, ASYNC220
    try:
        await _listening(port)
        yield port, psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        await asyncio.to_thread(child.wait, 15)


async def _listening(port: int) -> None:
    until = clock.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if clock.monotonic() > until:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def json_us(frame: str, answer: dict[str, object], rounds: int) -> float:
    """µs to decode a frame and encode an answer, and nothing else."""
    return best_us(lambda: orjson.dumps([3, orjson.loads(frame)[1], answer]), rounds)


def best_us(work: Callable[[], object], rounds: int) -> float:
    """CPU of one call in µs: the best of five rows of calls."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(rounds):
            work()
        best = min(best, time.process_time() - began)
    return best / rounds * 1e6
