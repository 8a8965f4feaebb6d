"""What live streams cost: nobody listening, one, and many; how soon a committed event is with all of them."""

import asyncio
import os
import re
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from adapters.eventstore.store import open_store
from adapters.live.selection import Selection
from adapters.live.streams import LiveStreams
from adapters.privacy.opening import decoding
from application import clock
from domain.catalogue import FACTS
from domain.chargers.events import StatusReported
from domain.event import Event, Fact, Told
from domain.tenants.roles import Right
from entrypoints.bench.load import quantiles_ms, run
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import TENANT, Server, provisioned, serving

MANY = {"quick": 100}
MOST = 1000
RATE = 50
"""Events a second: a fleet of a few hundred chargers that charge."""
ROOM = {"ZEUS_STREAMS_PER_CREDENTIAL": "5000", "ZEUS_STREAMS_PER_TENANT": "5000"}
STREAM = f"charger/{TENANT}/STREAMED"


def measure(scale: Scale, tell: Tell) -> Results:
    """CPU of the gateway an event, by the number of listeners over sockets; then the hub alone, in this process."""
    results: Results = {}
    many = MANY.get(scale.name, MOST)
    with provisioned(1) as data_dir, serving(data_dir, ROOM) as server:
        teller = _Teller(server.database_url)
        for kind, listeners in (("sse", 0), ("sse", 1), ("sse", many), ("websocket", many)):
            tell(f"{RATE} events/s, {listeners} listeners ({kind})")
            work = partial(_over_sockets, server, teller, kind, listeners, scale)
            results[f"streams.{kind}.{listeners}"] = run(work)
        for listeners in (1, many):
            tell(f"the hub alone, {listeners} listeners")
            results[f"streams.hub.{listeners}"] = run(partial(_in_process, server, teller, listeners, scale))
    return results


@dataclass
class _Teller:
    """Appends events, and remembers when each was durable."""

    url: str
    version: int = 0
    durable_at: dict[int, float] = field(default_factory=dict)

    async def tell(self, seconds: float) -> int:
        """So many at RATE; the number of them."""
        store = open_store(self.url, FACTS)
        count = max(1, int(seconds * RATE))
        try:
            due = clock.monotonic()
            for _ in range(count):
                self.version += 1
                fact = StatusReported(evse_id=1, connector_id=1, status="Available", info=str(self.version))
                told = Told(recorded_at=clock.now())
                event: Event[Fact] = Event(
                    originator_id=STREAM, originator_version=self.version, fact=fact, told=told
                )
                await store.append([event])
                self.durable_at[self.version] = clock.monotonic()
                due += 1 / RATE
                await asyncio.sleep(max(0.0, due - clock.monotonic()))
        finally:
            await store.close()
        return count


_INFO = re.compile(rb'"info":"([0-9]+)"')
_LONGEST = 4096
"""Bytes of a message and what is around it."""
_REQUESTS = {
    "sse": "GET /api/ocpp/events?type=connector.* HTTP/1.1\r\nHost: bench\r\n",
    "websocket": "GET /ws/telemetry?type=connector.* HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
}


class _Listener(asyncio.Protocol):
    """Reads a stream as raw as can be: when each message came."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.opened = asyncio.Event()
        self.came_at: dict[int, float] = {}
        self.doubled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """What is around the messages is passed over; each tells its number in its text."""
        now = clock.monotonic()
        data = self._rest + data
        end = 0
        for found in _INFO.finditer(data):
            version, end = int(found[1]), found.end()
            self.doubled += version in self.came_at
            self.came_at[version] = now
        if not self.opened.is_set() and b"stream.opened" in data:
            self.opened.set()
        self._rest = data[end:][-_LONGEST:]


async def _over_sockets(server: Server, teller: _Teller, kind: str, listeners: int, scale: Scale) -> Figures:
    request = f"{_REQUESTS[kind]}Authorization: Bearer {server.token}\r\n\r\n".encode()
    loop, processes = asyncio.get_running_loop(), server.processes()
    opened, empty = [], processes.gateway_rss()
    for _ in range(listeners):
        transport, protocol = await loop.create_connection(
            lambda: _Listener(request), "127.0.0.1", server.port
        )
        await asyncio.wait_for(protocol.opened.wait(), 30)
        opened.append((transport, protocol))
    first, before = teller.version + 1, processes.cpu()
    count = await teller.tell(scale.seconds)
    await asyncio.sleep(1)
    used, grown = processes.cpu().since(before).each_us(count), processes.gateway_rss() - empty
    for transport, _ in opened:
        transport.close()
    came = [one.came_at for _, one in opened]
    waits = [
        max(0.0, one[version] - teller.durable_at[version])
        for one in came
        for version in range(first, first + count)
        if version in one
    ]
    return {
        "events": count,
        "gateway_us": used["gateway_us"],
        **(
            {"gateway_us_each": used["gateway_us"] / listeners, "kb_each": grown / listeners / 1024}
            if listeners
            else {}
        ),
        **quantiles_ms(waits),
        "missing": count * listeners - len(waits),
        "doubled": sum(one.doubled for _, one in opened),
    }


async def _in_process(server: Server, teller: _Teller, listeners: int, scale: Scale) -> Figures:
    """Without sockets: how many events are decoded for how many listeners."""
    live = LiveStreams(server.database_url, decoding(FACTS), os.urandom(32))
    rights = frozenset(Right)
    opened = [live.listen(TENANT, rights, Selection(), None) for _ in range(listeners)]
    for one in opened:
        await one.begin_now()
    count = max(1, int(scale.seconds * RATE))

    async def hear(index: int) -> int:
        heard = 0
        while heard < count:
            heard += len(await opened[index].next(30))
        return heard

    telling = asyncio.create_task(teller.tell(scale.seconds))
    heard = await asyncio.gather(*(hear(index) for index in range(listeners)))
    await telling
    decoded = live.hub.decoded
    for one in opened:
        one.close()
    live.close()
    return {"events": count, "decoded": decoded, "handed_out": sum(heard)}
