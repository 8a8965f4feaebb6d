"""One charger of a fleet: its core joined to a socket, a timer and the statistics."""

import asyncio
from collections.abc import Callable
from random import Random

import orjson

from entrypoints.simulator.charger import Charger, Outcome
from entrypoints.simulator.clock import VirtualClock
from entrypoints.simulator.report import Acknowledged, FleetReport
from entrypoints.simulator.socket import Backoff, ChargerSocket, HandshakeRefused, connect

_SHORTEST_WAIT_S = 0.005


class Endpoint:
    """Where and how a fleet connects. `gate` bounds the handshakes under way."""

    def __init__(
        self, url: str, *, compress: bool = False, most_backoff_s: float = 30.0, handshakes: int = 64
    ) -> None:
        self.url = url
        self.compress = compress
        self.most_backoff_s = most_backoff_s
        self.gate = asyncio.Semaphore(handshakes)


class Member:
    """Connects, reconnects with back-off, and carries frames and time between the core and the world."""

    def __init__(
        self,
        charger: Charger,
        endpoint: Endpoint,
        clock: VirtualClock,
        report: FleetReport,
        *,
        seed: int,
        password: str | None,
        on_acknowledged: Callable[[object, Acknowledged], None] | None = None,
    ) -> None:
        self.charger = charger
        self.charger_id = charger.station.equipment.charger_id
        self.done = asyncio.Event()
        """Set when the charger's story is told and answered."""
        self._endpoint = endpoint
        self._clock = clock
        self._report = report
        self._password = password
        self._on_acknowledged = on_acknowledged
        self._loop = asyncio.get_running_loop()
        random = Random(f"backoff:{seed}:{self.charger_id}")  # noqa: S311 – chance, not secrecy
        self._backoff = Backoff(random, most_s=endpoint.most_backoff_s)
        self._socket: ChargerSocket | None = None
        self._gone = asyncio.Event()
        self._away_s = 0.0
        self._sent_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at_s = 0.0
        self._stopping = False
        self._left: list[ChargerSocket] = []
        """Sockets no longer used but perhaps still open."""

    # Connection ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until cancelled or stopped; leaves the socket closed."""
        try:
            while not self._stopping:
                if await self._connected():
                    await self._gone.wait()
                    wait_s = self._away_s or self._backoff.wait_s()
                    self._away_s = 0.0
                else:
                    wait_s = self._backoff.wait_s()
                if not self._stopping:
                    await asyncio.sleep(wait_s)
        finally:
            self.stop()

    async def _connected(self) -> bool:
        """Try once; the reason of a failure is counted."""
        station = self.charger.station
        try:
            async with self._endpoint.gate:
                channel = await connect(
                    self._endpoint.url,
                    self.charger_id,
                    subprotocols=(station.dialect.subprotocol,),
                    password=self._password,
                    compress=self._endpoint.compress,
                )
        except (HandshakeRefused, OSError, TimeoutError) as failure:
            self._report.refused[str(failure) or type(failure).__name__] += 1
            return False
        self._gone.clear()
        self._socket = channel
        self._report.connections += 1
        self._report.connected += 1
        channel.listen(self._received, lambda code: self._closed(channel))
        if channel.alive:
            self._send(self.charger.opened(self._clock.now_s()))
        else:
            self._closed(channel)
        return True

    def _closed(self, channel: ChargerSocket) -> None:
        if self._socket is not channel:
            return
        self._socket = None
        self._report.connected -= 1
        self._report.lost += not (self._stopping or self._away_s)
        self.charger.closed(self._clock.now_s())
        self._gone.set()

    def stop(self) -> None:
        """Close the socket and end `run`."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()
        channel = self._socket
        if channel is not None:
            self._left.append(channel)
            self._closed(channel)
        self._gone.set()

    async def finished(self) -> None:
        """Every socket this charger ever left open is closed."""
        left, self._left = self._left, []
        for channel in left:
            await channel.finish(1001)

    # Frames and time -------------------------------------------------------------------------------

    def _received(self, text: str) -> None:
        self._send(self.charger.received(text, self._clock.now_s()))

    def act(self, frames: list[str]) -> None:
        """Send what an input from outside (a plug, a token) brought about."""
        self._send(frames)

    def _send(self, frames: list[str]) -> None:
        channel = self._socket
        if channel is not None and frames:
            self._report.sent += len(frames)
            self._sent_at_s = self._loop.time()
            for frame in frames:
                channel.send(frame)
            self._backoff.reset()
        if self.charger.station.away is not None:
            self._leave()
        if self.charger.story is None and self.charger.idle:
            self.done.set()
        self._set_timer()

    def _set_timer(self) -> None:
        """Wake up when the core is due; an earlier timer is left alone, a later one replaced."""
        due_s = self.charger.due_s()
        if due_s is None or self._stopping:
            return
        wait_s = max(_SHORTEST_WAIT_S, self._clock.real_s(due_s - self._clock.now_s()))
        at_s = self._loop.time() + wait_s
        if self._timer is not None:
            if self._timer_at_s <= at_s:
                return
            self._timer.cancel()
        self._timer_at_s = at_s
        self._timer = self._loop.call_at(at_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._send(self.charger.elapsed(self._clock.now_s()))

    def _leave(self) -> None:
        """The core wants to be off the network for a while."""
        away, channel = self.charger.take_away(), self._socket
        if away is None or channel is None:
            return
        self._away_s = max(0.05, self._clock.real_s(away.for_s))
        if away.deaf:
            channel.deafen()
            self._loop.call_later(self._away_s * 2, channel.abort)
        else:
            channel.close(1001)
        self._left = [old for old in self._left if old.alive]
        self._left.append(channel)
        self._closed(channel)

    # Statistics ------------------------------------------------------------------------------------

    def outcome(self, outcome: Outcome) -> None:
        """Count what became of a call (the core's `on_outcome`)."""
        report, call = self._report, outcome.call
        if outcome.kind == "result":
            report.answered += 1
            report.by_action[call.action] += 1
            report.latencies.add(self._loop.time() - self._sent_at_s)
            if self._on_acknowledged is not None:
                entry = Acknowledged(self.charger_id, call.message_id, call.action, call.frame, outcome.text)
                self._on_acknowledged(call, entry)
        elif outcome.kind == "error":
            report.errors[error_code(outcome.text)] += 1
        elif outcome.kind == "timeout":
            report.timeouts += 1
        else:
            report.given_up += 1


def error_code(text: str) -> str:
    """The code of a CALLERROR that was readable."""
    frame = orjson.loads(text)
    return str(frame[2]) if len(frame) > 2 else ""
