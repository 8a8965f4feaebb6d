"""Commands over HTTP to chargers that agree at once: how many a second, how long one takes; one worker, then two."""

import asyncio
from itertools import count

from application import clock
from entrypoints.bench import load
from entrypoints.bench.asker import Asker
from entrypoints.bench.client import Tally
from entrypoints.bench.floors import commit_ms, echo_ms
from entrypoints.bench.freshness import settle
from entrypoints.bench.load import cpid_of, quantiles_ms
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, provisioned, serving

WORKERS = (1, 2)
EVENTS = 3
"""Of a command's life, one after another: requested, sent, answered. Each is durable before the next step."""
COMMITS = 200


def measure(scale: Scale, tell: Tell) -> Results:
    """Closed loop and open loop for each number of workers, dispatched by Postgres, beside the floor of one command."""
    results: Results = {}
    with provisioned(scale.commanded) as data_dir:
        for workers in WORKERS:
            tell(f"{scale.commanded} chargers, {workers} worker(s)")
            with serving(data_dir, {"ZEUS_WORKERS": str(workers)}) as server:
                found = load.run(lambda server=server: _measure(server, scale, tell))  # type: ignore[misc]
            results |= {f"commands.{case}.{workers}": figures for case, figures in found.items()}
    return results


async def _measure(server: Server, scale: Scale, tell: Tell) -> Results:
    tally = Tally()
    async with load.fleet(server.target(), range(scale.commanded), tally):
        settle(server.database_url)
        asking = _Asking([await Asker.open(server.port, server.token) for _ in range(scale.askers)], scale)
        await asking.closed(scale.warm_up_s)
        tell(f"closed loop, {scale.askers} askers")
        closed = await asking.closed(scale.seconds)
        settle(server.database_url)
        tell(f"open loop, {scale.command_rate} commands a second")
        opened = await asking.open(scale.command_rate, 2 * scale.seconds)
        await asking.leave()
    tell("the floor: an echo, and a raw commit for each event")
    return {"closed": closed, "open": opened | await _floor(server, scale, opened)}


async def _floor(server: Server, scale: Scale, opened: Figures) -> Figures:
    """What one command takes at the least: the round trip to the charger, and its events, one commit after another."""
    settle(server.database_url)
    commit = await asyncio.to_thread(commit_ms, server.database_url, COMMITS)
    echo = await echo_ms(scale.seconds / 4)
    floor = echo + EVENTS * commit
    return {"echo_ms": echo, "commit_ms": commit, "floor_ms": floor, "ratio": opened["p50_ms"] / floor}


class _Asking:
    """Connections that ask the chargers in turn; whichever worker took a connection, the charger may be elsewhere."""

    def __init__(self, askers: list[Asker], scale: Scale) -> None:
        self._askers = askers
        self._chargers = (cpid_of(number % scale.commanded) for number in count())
        self._took: list[float] = []
        self._wrong = 0

    async def closed(self, seconds: float) -> Figures:
        """Every asker asks again as soon as it was answered."""
        self._took, self._wrong = [], 0
        began = clock.monotonic()

        async def ask_on(asker: Asker) -> None:
            while clock.monotonic() - began < seconds:
                await self._ask(asker, clock.monotonic())

        await asyncio.gather(*(ask_on(asker) for asker in self._askers))
        return self._figures(clock.monotonic() - began)

    async def open(self, rate: int, seconds: float) -> Figures:
        """So many a second, whatever the answers do; latency counts from the moment a command was due."""
        self._took, self._wrong = [], 0
        due: asyncio.Queue[float] = asyncio.Queue()
        began = clock.monotonic()

        async def ask_when_due(asker: Asker) -> None:
            while (moment := await due.get()) > 0:
                await self._ask(asker, moment)

        working = [asyncio.create_task(ask_when_due(asker)) for asker in self._askers]
        for number in range(round(rate * seconds)):
            moment = began + number / rate
            await asyncio.sleep(max(0.0, moment - clock.monotonic()))
            due.put_nowait(moment)
        for _ in working:
            due.put_nowait(0.0)
        await asyncio.gather(*working)
        return self._figures(clock.monotonic() - began)

    async def leave(self) -> None:
        """Close the connections."""
        for asker in self._askers:
            await asker.close()

    async def _ask(self, asker: Asker, due: float) -> None:
        replied = await asker.command(next(self._chargers), "ClearCache", {})
        self._took.append(clock.monotonic() - due)
        self._wrong += replied.status != 200 or replied.body["state"] != "succeeded"

    def _figures(self, seconds: float) -> Figures:
        took = self._took
        return {
            "per_s": len(took) / seconds,
            "commands": len(took),
            **quantiles_ms(took),
            "wrong": self._wrong,
        }
