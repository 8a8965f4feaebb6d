"""`python -m tests.e2e.streams_under_fire --minutes 10`: subscribers, workers, the projector and Postgres are killed
at random while a fleet charges; in the end every stream must have every event exactly once and in order.

Exits with 1 where a rule was broken. What a stream must have is read from the log by SQL, and made into messages by the
pure table; the frames are compared with the log's own, without any code of the product.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from time import monotonic
from typing import Any, NamedTuple

import httpx
import psutil
import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from adapters.live.places import Place, Seals
from adapters.live.prepared import Prepared, Preparer
from adapters.live.selection import Selection
from adapters.privacy.opening import decoding
from application.webhooks import WebhookSecrets
from domain.catalogue import FACTS
from domain.tenants.roles import Right
from domain.webhooks.webhook import webhook_stream
from entrypoints.database import secret_from
from entrypoints.simulator.fleet import simulate, simulated_ids
from tests.adapters.webhooks.receiver import SILENT, Receiver
from tests.e2e.kill import BACKENDS
from tests.e2e.workers import workers
from tests.e2e.zeus_process import TOKEN, ZeusProcess, zeus

TENANT = "default"
SECRET = secret_from(TOKEN)
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ALL = "ocpp.message,*"
UNDER_FIRE: dict[str, Any] = {
    "workers": 2,
    "webhooks_private": True,
    "webhook_timeout_s": 2,
    "accept_unknown_tokens": True,
    "frames_per_s": 100_000,
    "streams_per_credential": 200,
    "api_per_s": 1000,
    "api_burst": 1000,
}
SETTLES_WITHIN_S = 180.0
"""So long nothing may come any more; a webhook that was refused seven times in a row pauses for two minutes."""
LAPSE = 600
"""A session of half an hour takes three seconds."""
BREATH_S = 10.0
"""Between two blows to Postgres: where it is never there, nothing happens that could be told."""
LIVES_S = 61.0
"""Between two blows to the postmaster: one that dies five times within a minute of its start is given up, by design."""


class Wish(NamedTuple):
    """What a stream asks for."""

    name: str
    query: str
    selection: Selection


def wishes(chargers: Sequence[str]) -> list[Wish]:
    """Everything; one charger; some types; two chargers without readings."""
    one, two = chargers[0], ",".join(chargers[1:3])
    everything = Selection(types=frozenset(ALL.split(",")), meter="every")
    return [
        Wish("everything", f"type={ALL}&meter=every", everything),
        Wish(
            "one charger", f"charger={one}&meter=every", Selection(chargers=frozenset({one}), meter="every")
        ),
        Wish(
            "sessions",
            "type=session.*&meter=every",
            Selection(types=frozenset({"session.*"}), meter="every"),
        ),
        Wish(
            "no readings",
            f"charger={two}&meter=none",
            Selection(chargers=frozenset(two.split(",")), meter="none"),
        ),
    ]


class Listener:
    """Comes again with the last id it has, whatever happens to it."""

    def __init__(self, server: ZeusProcess, wish: Wish, kind: str) -> None:
        self.wish = wish
        self.kind = kind
        self.ids: list[str] = []
        self.frames: list[tuple[str, str | None]] = []
        self.gaps = 0
        self.opened = 0
        self.endings: Counter[str] = Counter()
        self._server = server
        self._after = "beginning"
        self._kill: Callable[[], None] = lambda: None
        self._follow: Callable[[str], Awaitable[None]] = self._socket if kind == "socket" else self._events

    def kill(self) -> None:
        """The connection goes without a word."""
        self._kill()

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self._follow(f"?{self.wish.query}&after={self._after}")
                self.endings["ended"] += 1
            except (OSError, WebSocketException, httpx.HTTPError, TimeoutError) as error:
                self.endings[type(error).__name__] += 1
            await asyncio.sleep(0.1)

    async def _socket(self, query: str) -> None:
        url = f"ws://127.0.0.1:{self._server.port}/ws/telemetry{query}"
        async with connect(url, additional_headers=HEADERS, open_timeout=10, close_timeout=1) as ws:
            self._kill = lambda: _abort(ws)
            async for text in ws:
                self._take(json.loads(text))

    async def _events(self, query: str) -> None:
        url = f"http://127.0.0.1:{self._server.port}/api/ocpp/events{query}"
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(10, read=30), headers=HEADERS) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                await response.aread()
                raise httpx.HTTPError(f"{response.status_code}")
            cut = asyncio.Event()
            self._kill = cut.set
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    self._take(json.loads(line[6:]))
                if cut.is_set():
                    return

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if "id" in message:
            self._after = message["id"]
        if kind.startswith("stream."):
            self.opened += kind == "stream.opened"
            self.gaps += kind == "stream.gap"
            return
        self.ids.append(message["id"])
        if kind == "ocpp.message":
            self.frames.append((message["data"]["frame"], message["data"].get("reply")))


def _abort(ws: ClientConnection) -> None:
    ws.transport.abort()


class Verdict(NamedTuple):
    """What was found of one stream."""

    name: str
    wanted: int
    got: int
    missing: int
    doubled: int
    disordered: bool
    strange: int

    @property
    def good(self) -> bool:
        """Every event once and in order."""
        return not (self.missing or self.doubled or self.disordered or self.strange)


class Fire:
    """One run."""

    def __init__(self, server: ZeusProcess, *, chargers: int, each: int, seed: int) -> None:
        self.server = server
        self.chargers = simulated_ids(chargers)
        self.random = Random(seed)
        self.blows: Counter[str] = Counter()
        self.wishes = wishes(self.chargers)
        self.listeners = [
            Listener(server, wish, kind)
            for wish in self.wishes
            for kind in ("socket", "events")
            for _ in range(each)
        ]
        self.hooks: dict[str, tuple[Wish, Receiver]] = {}

    async def run(self, seconds: float, say: Callable[[str], None]) -> list[Verdict]:
        """Charge, kill, settle, compare."""
        await self.server.register(self.chargers)
        async with Receiver() as first, Receiver() as second:
            await self._hook(self.wishes[0], first)
            await self._hook(self.wishes[2], second)
            listening = [asyncio.create_task(one.run()) for one in self.listeners]
            fleet = asyncio.create_task(
                simulate(
                    self.server.url,
                    chargers=len(self.chargers),
                    time_lapse=LAPSE,
                    duration_s=seconds,
                    connects_per_s=50,
                )
            )
            await self._kill_for(seconds, say)
            await fleet
            wanted = await self._settled(say)
            verdicts = self._judge(wanted)
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
        return verdicts

    async def _hook(self, wish: Wish, receiver: Receiver) -> None:
        types = sorted(wish.selection.types)
        body = {"url": receiver.url, "types": types, "meter": "every", "from_beginning": True}
        async with httpx.AsyncClient(timeout=30, headers=HEADERS) as client:
            answer = await client.post(f"http://127.0.0.1:{self.server.port}/api/ocpp/webhooks", json=body)
        name = answer.json()["id"]
        receiver.secrets = (answer.json()["secret"],)
        assert answer.json()["secret"] == WebhookSecrets(SECRET).secret(webhook_stream(TENANT, name), 1)
        self.hooks[name] = (wish, receiver)

    # -- blows ---------------------------------------------------------------------------------------------

    async def _kill_for(self, seconds: float, say: Callable[[str], None]) -> None:
        ends, said, rests_until, lives_until = monotonic() + seconds, monotonic(), 0.0, 0.0
        heavy = {self._backend, self._postmaster}
        blows = (
            (self._subscriber, 12),
            (self._worker, 2),
            (self._projector, 2),
            (self._backend, 2),
            (self._postmaster, 2),
            (self._deliverer, 2),
            (self._bad_answers, 3),
        )
        while monotonic() < ends:
            await asyncio.sleep(self.random.uniform(0.1, 1.2))
            (blow,) = self.random.choices([b for b, _ in blows], [w for _, w in blows])
            if blow in heavy and monotonic() < rests_until:
                continue
            if blow == self._postmaster and monotonic() < lives_until:
                continue
            try:
                await asyncio.to_thread(blow)
                rests_until = monotonic() + BREATH_S if blow in heavy else rests_until
                lives_until = monotonic() + LIVES_S if blow == self._postmaster else lives_until
                self.blows[blow.__name__.strip("_")] += 1
            except (psutil.NoSuchProcess, psycopg.Error, OSError, IndexError):
                continue  # it was dead already
            if monotonic() - said > 30:
                said = monotonic()
                say(f"{ends - said:.0f} s to go; blows {dict(self.blows)}")

    def _subscriber(self) -> None:
        self.random.choice(self.listeners).kill()

    def _worker(self) -> None:
        self.random.choice(list(workers(self.server).values())).kill()

    def _projector(self) -> None:
        for child in psutil.Process(self.server.pid).children():
            if "entrypoints.projector" in child.cmdline():
                child.kill()

    def _backend(self) -> None:
        psutil.Process(int(str(self.server.query(BACKENDS)[0][0]))).kill()

    def _postmaster(self) -> None:
        self.server.postmaster.kill()

    def _deliverer(self) -> None:
        self.server.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name IN ('zeus webhooks', 'zeus live', 'zeus streams')"
        )

    def _bad_answers(self) -> None:
        """Two at most in a row: each failure doubles the pause, and a run has an end."""
        for _, receiver in self.hooks.values():
            receiver.answers.clear()
            receiver.answers.extend(self.random.choices([200, 500, 302, SILENT], k=2))

    # -- what must be --------------------------------------------------------------------------------------

    async def _settled(self, say: Callable[[str], None]) -> list[Prepared]:
        """Until nobody writes any more and all streams have as much as there is, or nothing comes any more."""
        for _, receiver in self.hooks.values():
            receiver.answers.clear()
        began, head, so_far = monotonic(), -1, -1
        deadline = began + SETTLES_WITHIN_S
        wanted: list[Prepared] = []
        counts: dict[str, int] = {}
        while monotonic() < deadline:
            await asyncio.sleep(2)
            try:
                now = int(
                    str(self.server.query("SELECT max(notification_id) FROM eventstore.stored_events")[0][0])
                )
            except psycopg.Error:
                continue
            if now != head:
                head = now
                wanted = await asyncio.to_thread(told_by_the_log, self.server.dsn)
                counts = await asyncio.to_thread(self._counts, wanted)
                continue
            got = self._got()
            if all(count >= counts[name] for name, count in got):
                break
            if (total := sum(count for _, count in got)) != so_far:
                so_far, deadline = total, monotonic() + SETTLES_WITHIN_S
        say(
            f"{head} positions, {len(wanted)} messages, settled {monotonic() - began:.0f} s after the last blow"
        )
        return wanted

    def _counts(self, wanted: list[Prepared]) -> dict[str, int]:
        """How many messages a stream must have, by the name of its wish."""
        rights = frozenset(Right)
        return {wish.name: sum(wish.selection.wants(one, rights) for one in wanted) for wish in self.wishes}

    def _got(self) -> list[tuple[str, int]]:
        """How many messages each stream has. To hold them against the log takes so long that receivers, in this
        very process, would be taken for dead meanwhile."""
        of_streams = [(one.wish.name, len(one.ids)) for one in self.listeners]
        return of_streams + [(wish.name, len(hook.messages())) for wish, hook in self.hooks.values()]

    def _judge(self, wanted: list[Prepared]) -> list[Verdict]:
        rights = frozenset(Right)
        verdicts = []
        for wish in self.wishes:
            ids = [message.id for message in wanted if wish.selection.wants(message, rights)]
            for one in self.listeners:
                if one.wish is wish:
                    verdicts.append(judged(f"{one.kind}: {wish.name}", ids, one.ids))
            for hooked, receiver in self.hooks.values():
                if hooked is wish:
                    got = [message["id"] for message in receiver.messages()]
                    verdicts.append(judged(f"webhook: {wish.name}", ids, got))
        return verdicts

    def frames_are_the_log_s(self) -> bool:
        """The frames of those who listen to everything are the log's, in its order; by SQL alone."""
        rows = self.server.query(
            "SELECT convert_from(state, 'UTF8')::jsonb->'told'->>'frame', "
            "convert_from(state, 'UTF8')::jsonb->'told'->>'reply' "
            "FROM eventstore.stored_events WHERE convert_from(state, 'UTF8')::jsonb->'told' ? 'frame' "
            "ORDER BY notification_id"
        )
        return all(one.frames == rows for one in self.listeners if one.wish.name == "everything")


def judged(name: str, wanted: list[str], got: list[str]) -> Verdict:
    """A stream held against what it must have."""
    counts, known = Counter(got), set(wanted)
    places = [Seals(SECRET).of(TENANT).open(one) or Place(-1) for one in got]
    return Verdict(
        name,
        len(wanted),
        len(got),
        missing=len(known - counts.keys()),
        doubled=sum(count - 1 for count in counts.values()),
        disordered=places != sorted(places),
        strange=len(counts.keys() - known),
    )


def told_by_the_log(dsn: str) -> list[Prepared]:
    """All messages of the log, made of it at once."""
    decode, preparer, told = decoding(FACTS), Preparer(SECRET), list[Prepared]()
    with psycopg.connect(dsn) as connection, connection.cursor(name="all") as cursor:
        cursor.execute(
            "SELECT notification_id, topic, state, originator_id, originator_version "
            "FROM eventstore.stored_events ORDER BY notification_id"
        )
        for position, topic, state, stream, version in cursor:
            told += preparer.prepare(position, decode(topic, bytes(state), stream, version))
    return [message for message in told if message.tenant == TENANT]


async def under_fire(
    server: ZeusProcess, seconds: float, say: Callable[[str], None], *, chargers: int, each: int, seed: int
) -> bool:
    """Whether every stream has every event exactly once and in order."""
    fire = Fire(server, chargers=chargers, each=each, seed=seed)
    verdicts = await fire.run(seconds, say)
    say(f"blows: {dict(fire.blows)}")
    say(
        f"streams opened {sum(one.opened for one in fire.listeners)}, gaps {sum(one.gaps for one in fire.listeners)}"
    )
    for wish, receiver in fire.hooks.values():
        repeated = len(receiver.deliveries) - len({one["delivery"] for one in receiver.deliveries})
        say(f"webhook {wish.name}: {len(receiver.tries)} tries, {len(receiver.deliveries)} taken, of them {repeated} "
            f"again; forged {receiver.forged}")  # fmt: skip
    for verdict in verdicts:
        if not verdict.good:
            say(f"  BROKEN {verdict}")
    frames = fire.frames_are_the_log_s()
    say(f"{len(verdicts)} streams, {sum(v.got for v in verdicts)} messages, "
        f"{sum(v.good for v in verdicts)} with every event once and in order; frames equal: {frames}")  # fmt: skip
    forged = sum(receiver.forged for _, receiver in fire.hooks.values())
    return all(v.good and v.wanted > 0 for v in verdicts) and frames and not forged


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--chargers", type=int, default=30)
    parser.add_argument("--each", type=int, default=3, help="streams of each kind for each wish")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with zeus(**UNDER_FIRE) as server:
        good = asyncio.run(
            under_fire(
                server,
                options.minutes * 60,
                _say,
                chargers=options.chargers,
                each=options.each,
                seed=options.seed,
            )
        )
        if not good:
            _say(server.said())
    return 0 if good else 1


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
