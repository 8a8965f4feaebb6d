"""Messages a second, latency, and CPU of each process; beside the floors of the same work."""

from collections.abc import Awaitable, Callable

import psycopg
from psycopg.sql import SQL, Identifier

from adapters.eventstore.schema import EVENTS, SCHEMA
from entrypoints.bench import load
from entrypoints.bench.client import Client, Tally
from entrypoints.bench.floors import echo_us, raw_insert_us
from entrypoints.bench.freshness import Watch, settle
from entrypoints.bench.messages import KINDS
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, provisioned, serving, words_of

Work = Callable[[], Awaitable[float]]


def measure(scale: Scale, tell: Tell) -> Results:
    """Closed loops of each kind and of the mix, an open loop of the mix with the freshness of read models."""
    tell(f"registering {scale.chargers} chargers")
    with provisioned(scale.chargers) as data_dir, serving(data_dir) as server:
        results = load.run(lambda: _measure(server, scale, tell))
        complaints = [line for line in words_of(data_dir) if "ERROR" in line]
    if complaints:
        tell(f"[red]the server logged {len(complaints)} errors, the first: {complaints[0][:200]}[/red]")
    return results


async def _measure(server: Server, scale: Scale, tell: Tell) -> Results:
    tally = Tally()
    results: Results = {}
    tell(f"connecting {scale.chargers} chargers")
    async with load.fleet(server.target(), range(scale.chargers), tally) as clients:
        bench = _Loops(server, scale, tally)
        await load.closed_loop(clients, "mix", scale.warm_up_s)
        for kind in KINDS:
            tell(f"closed loop, {len(clients)} chargers, {kind}")
            results[f"closed.{kind}"] = await bench.closed(clients, kind)
        tell(f"closed loop, {scale.few} chargers, mix")
        results["closed.few"] = await bench.closed(clients[: scale.few], "mix")
        tell(f"open loop, {scale.rate} messages a second, mix")
        with Watch(server.database_url) as watch:
            results["open.mix"] = await bench.open(clients)
        results["freshness"] = watch.figures()
    for kind in KINDS:
        tell(f"the floor of {kind}: echo and raw insert")
        await _add_floor(server, scale, results[f"closed.{kind}"], kind)
    return results


class _Loops:
    """Runs loops and reads the processes around them."""

    def __init__(self, server: Server, scale: Scale, tally: Tally) -> None:
        self._server, self._scale, self._tally = server, scale, tally
        self._processes = server.processes()

    async def closed(self, clients: list[Client], kind: str) -> Figures:
        seconds = self._scale.seconds
        return await self._around(lambda: load.closed_loop(clients, kind, seconds))

    async def open(self, clients: list[Client]) -> Figures:
        rate, seconds = self._scale.rate, 2 * self._scale.seconds
        return await self._around(lambda: load.open_loop(clients, "mix", rate, seconds))

    async def _around(self, work: Work) -> Figures:
        settle(self._server.database_url)
        tally, url = self._tally, self._server.database_url
        tally.latencies.clear()
        tally.wrong = 0
        first, before, own = head_of(url), self._processes.cpu(), load.own_cpu_s()
        seconds = await work()
        used, own = self._processes.cpu().since(before), load.own_cpu_s() - own
        last, messages = head_of(url), len(tally.latencies)
        return {
            "per_s": messages / seconds,
            "messages": messages,
            **load.quantiles_ms(tally.latencies),
            **used.each_us(messages),
            "load_us": own / max(1, messages) * 1e6,
            "events_per_message": (last - first) / max(1, messages),
            "wrong": tally.wrong,
            "lost": tally.lost,
            "first_event": first,
            "last_event": last,
        }


async def _add_floor(server: Server, scale: Scale, figures: Figures, kind: str) -> None:
    """How many times the floor a durable message costs: echo plus the raw insert of the rows it made."""
    settle(server.database_url)
    first, last = int(figures.pop("first_event")), int(figures.pop("last_event"))
    row_us = raw_insert_us(server.database_url, server.processes(), first, last, scale.events)
    echo = await echo_us(scale.chargers, kind, scale.seconds / 2)
    floor = echo + row_us * figures["events_per_message"]
    figures |= {"echo_us": echo, "insert_us": row_us, "floor_us": floor}
    figures["ratio"] = figures["durable_us"] / floor


def head_of(url: str) -> int:
    """The position of the last event in the log."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            SQL("SELECT coalesce(max(notification_id), 0) FROM {}").format(Identifier(SCHEMA, EVENTS))
        ).fetchone()
        return int(row[0]) if row else 0
