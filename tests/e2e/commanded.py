"""Every intent asked of chargers of every version, at one worker and the other; what came of each; and the verdict."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from statistics import quantiles
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from adapters.http.api.control import APART
from adapters.ocpp.offering import CALLS, why_not
from adapters.ocpp.versions import Version
from application.commands import Commands, Wish
from domain.commands.expectations import expectation
from domain.commands.intent import Abilities, Answer, Intent
from domain.commands.transactions import RemoteStart
from domain.commands.upkeep import Raw
from domain.identity import ChargerId
from entrypoints.bench.asker import Asker, Replied
from entrypoints.settings import Settings
from entrypoints.wiring import asking
from tests.e2e.conditions import until, until_told
from tests.e2e.pavement import Pavement
from tests.e2e.wishes import Story, fitted, stories, unknown_to
from tests.e2e.workers import Desks, owners, workers
from tests.e2e.zeus_process import TOKEN, ZeusProcess

TWO_WORKERS: dict[str, object] = {
    "workers": 2,
    "accept_unknown_tokens": True,
    "frames_per_s": 10_000,
    "api_per_s": 100_000,
    "api_burst": 100_000,
    "commands_per_s": 1000,
    "commands_burst": 1000,
    "mass_per_min": 1_000_000,
    "mass_burst": 1_000_000,
}
"""Settings of the server: commands may be asked as fast as one can."""
PER_S = 40.0
"""Commands asked in a second: a pace at which the answer's time is the system's and not the queue's."""
EFFECT_WITHIN_S = 60.0
LOOK_EVERY_S = 1.0
"""A hundred chargers may be looked after at a time: looking must not be the load."""
NOT_OFFERED = ("NotSupported", "NotImplemented")
ENDS = ("succeeded", "rejected", "failed", "timed_out", "unknown", "cancelled")
ANSWERED_BY = {"succeeded": "command.answered", "rejected": "command.answered", "failed": "command.failed"}
MUST_SHOW = frozenset(
    {
        "RemoteStart",
        "RemoteStop",
        "ChangeAvailability",
        "Reset",
        "TriggerMessage",
        "ReserveNow",
        "UpdateFirmware",
        "GetLog",
    }
)
"""Intents whose effect has to be seen in each version, however the rest of the table may change."""


class Done(NamedTuple):
    """One command and its whole life, as the API tells it."""

    version: Version
    intent: Intent
    local: bool
    """Asked at the worker that has the charger's socket."""
    life: dict[str, Any]
    seconds: float | None
    """From the request to the answer as the HTTP client sees it; None where another way was taken."""


class Report(NamedTuple):
    """All that was done, and all that was refused before it was sent."""

    done: list[Done]
    refused: list[tuple[Version, Intent, Replied]]

    def figures(self) -> str:
        """How many there were, and how long the API took from the request to the charger's answer."""
        seconds = [one.seconds for one in self.done if one.seconds is not None]
        cuts = quantiles(seconds, n=100)
        timing = (
            f"p50 {cuts[49] * 1e3:.1f} ms, p95 {cuts[94] * 1e3:.1f} ms, longest {max(seconds) * 1e3:.0f} ms"
        )
        return f"{len(self.done)} commands, {len(seconds)} of them over HTTP: {timing}"

    def wrong(self) -> list[str]:
        """What should not be; empty after a run as it should be."""
        return [*self._wrong_lives(), *self._wrong_refusals(), *self._missing()]

    def _wrong_lives(self) -> Iterable[str]:
        for one in self.done:
            name = f"{one.intent.name()} {one.version} {one.life['id']}"
            yield from (f"{name}: {words}" for words in flaws(one))

    def _wrong_refusals(self) -> Iterable[str]:
        for version, intent, replied in self.refused:
            code = replied.body.get("code") if isinstance(replied.body, dict) else None
            if (replied.status, code) != (422, "unsupported_by_charger"):
                yield f"{intent.name()} {version}: {replied.status} {replied.body}"
            elif not why_not(version, intent, Abilities()):
                yield f"{intent.name()} {version} is offered and was refused: {replied.body}"

    def _missing(self) -> Iterable[str]:
        for version, table in CALLS.items():
            asked = {type(one.intent) for one in self.done if one.version is version}
            asked |= {type(intent) for at, intent, _ in self.refused if at is version}
            yield from (f"{kind.name()} {version} was never asked" for kind in table.keys() - asked)
            shown = {
                one.intent.name()
                for one in self.done
                if one.version is version and one.life["effect"] and one.life["effect"]["seen"] == "observed"
            }
            yield from (f"no effect of {name} {version}" for name in MUST_SHOW - shown)
        for local in (True, False):
            if not any(one.local is local for one in self.done):
                yield f"nothing was asked with local={local}"


def flaws(one: Done) -> Iterable[str]:
    """What is not as it should be in a life with a charger that answers at once."""
    life = one.life
    if life["state"] not in ENDS:
        yield f"no end: {life['state']}"
    topics = [step["event"] for step in life["life"]]
    expected = ["command.requested", "command.sent", ANSWERED_BY.get(life["state"], "?")]
    if topics[:3] != expected:
        yield f"{life['state']} by {topics}: {life['why']}"
        return
    if life["state"] == "failed" and not any(code in life["life"][2]["frame"] for code in NOT_OFFERED):
        yield f"failed: {life['why']}"
    call, answer = (json.loads(life["life"][n]["frame"]) for n in (1, 2))
    if call[:3] != [2, life["ocpp_message_id"], life["ocpp_action"]]:
        yield f"sent {call[:3]}"
    if answer[:2] != [4 if life["state"] == "failed" else 3, call[1]]:
        yield f"answered {answer[:2]}"
    if awaits_effect(one.intent, life) and (life["effect"] or {}).get("seen") != "observed":
        yield f"effect {life['effect']}, steps {life['steps']}"


def awaits_effect(intent: Intent, life: dict[str, Any]) -> bool:
    """Is something to follow?"""
    if life["state"] != "succeeded":
        return False
    return expectation(intent, msgspec.convert(life["answer"], Answer)) is not None


async def command_everything(
    server: ZeusProcess, chargers: Pavement, desks: Desks, per_s: float = PER_S
) -> Report:
    """Tell every charger its story; they run side by side, the steps of one after another."""
    report, pace = Report([], []), Pace(per_s)
    owned = await until(lambda: _all_owned(server, chargers), "every charger online", timeout_s=60)
    async with AsyncExitStack() as stack:
        commands = await stack.enter_async_context(_own_desk(server))
        by_version: Counter[Version] = Counter()
        work = []
        for cpid, version_name in chargers.versions.items():
            version = Version(version_name)
            told = stories(version)
            number = by_version[version]
            by_version[version] += 1
            teller = _Teller(cpid, version, owned[cpid], server, chargers, desks, commands, report, pace)
            work.append(teller.tell(told[number % len(told)], number))
        await asyncio.gather(*work)
    return report


def _own_desk(server: ZeusProcess) -> Any:
    """A third process of the fleet, without sockets: for what the API asks for at addresses of its own."""
    settings = Settings(
        data_dir=server.data_dir,
        database_url=server.dsn,  # type: ignore[arg-type]
        api_token=TOKEN,  # type: ignore[arg-type]
        redis_url=server.redis_url,  # type: ignore[arg-type]
    )
    return asking(server.dsn, settings)


def _all_owned(server: ZeusProcess, chargers: Pavement) -> dict[str, str]:
    """Charger → worker, once all of them are accepted and on the board."""
    living, found = set(workers(server)), owners(server)
    here = {cpid: gateway for cpid, gateway in found.items() if gateway in living}
    booted = all(chargers.station(cpid).accepted for cpid in chargers.versions)
    return here if booted and here.keys() >= chargers.versions.keys() else {}


class Pace:
    """Lets one go on after the other, at even distances."""

    def __init__(self, per_s: float) -> None:
        self._apart_s = 1 / per_s
        self._next = monotonic()

    async def next(self) -> None:
        """Wait for a place of one's own."""
        now = monotonic()
        self._next = max(self._next + self._apart_s, now)
        await asyncio.sleep(self._next - now)


class _Teller:
    """Asks one charger, step after step."""

    def __init__(
        self,
        cpid: str,
        version: Version,
        owner: str,
        server: ZeusProcess,
        chargers: Pavement,
        desks: Desks,
        commands: Commands,
        report: Report,
        pace: Pace,
    ) -> None:
        self._cpid, self._version, self._owner = cpid, version, owner
        self._server, self._chargers, self._desks = server, chargers, desks
        self._commands, self._report, self._pace = commands, report, pace
        self._turn = 0

    async def tell(self, story: Story, number: int) -> None:
        """The story, and on the first charger of a version what the version has no words for."""
        self._turn = number
        if any(isinstance(intent, RemoteStart) for intent in story):
            self._chargers.plug(self._cpid, 1)
        for intent in story:
            await self._step(fitted(intent, self._version, self._transaction()))
        if not number:
            for intent in unknown_to(self._version):
                _, replied = await self._ask(intent)
                self._report.refused.append((self._version, intent, replied))

    def _transaction(self) -> str:
        running = self._chargers.station(self._cpid).connectors[1].transaction
        if running is None:
            return "none"
        return str(running.number) if self._version is Version.V16 else running.key

    async def _step(self, intent: Intent) -> None:
        if intent.name() in APART and not isinstance(intent, Raw):
            wish = Wish(intent=intent, actor="user:test")  # type: ignore[arg-type]
            charger = ChargerId.of("default", self._cpid)
            command = await self._commands.request(charger, wish, 10.0)
            await self._follow(intent, command.id, None, local=False)
            return
        worker, replied = await self._ask(intent)
        if replied.status == 422:
            self._report.refused.append((self._version, intent, replied))
            return
        command_id = replied.body.get("id") or replied.body.get("command")
        assert command_id, f"{intent.name()} {self._version}: {replied.status} {replied.body}"
        await self._follow(intent, command_id, replied.seconds, local=worker == self._owner)

    async def _ask(self, intent: Intent) -> tuple[str, Replied]:
        """At the workers in turn."""
        self._turn += 1
        worker = self._desks.names[self._turn % len(self._desks.names)]
        await self._pace.next()
        async with self._desks.at(worker) as asker:
            return worker, await asked(asker, self._cpid, intent)

    async def _follow(self, intent: Intent, command_id: str, seconds: float | None, *, local: bool) -> None:
        """Until what it leads to is seen."""

        async def look() -> Any:
            async with self._desks.at(self._desks.names[0]) as asker:
                return (await asker.get(f"/commands/{command_id}")).body

        deadline = monotonic() + EFFECT_WITHIN_S  # what did not come by then is for the verdict

        def enough(life: Any) -> bool:
            return not awaits_effect(intent, life) or life["effect"] is not None or monotonic() > deadline

        life = await until_told(look, enough, "what a command leads to", 2 * EFFECT_WITHIN_S, LOOK_EVERY_S)
        self._report.done.append(Done(self._version, intent, local, life, seconds))


async def asked(asker: Asker, cpid: str, intent: Intent, **headers: str) -> Replied:
    """POST the intent at the address for all intents."""
    if isinstance(intent, Raw):
        return await asker.command(cpid, intent.action, intent.payload, raw=True)
    payload = msgspec.to_builtins(intent)
    action = payload.pop("intent")
    return await asker.post(f"/chargers/{cpid}/commands", {"action": action, "payload": payload}, **headers)


def unlogged(server: ZeusProcess, done: Iterable[Done]) -> list[str]:
    """Commands whose two frames are not both in the message log."""
    rows = server.query(
        "SELECT message_id, direction, kind FROM ocpp_messages WHERE event LIKE %s", "command.%"
    )
    seen: dict[object, set[tuple[object, object]]] = {}
    for message_id, direction, kind in rows:
        seen.setdefault(message_id, set()).add((direction, kind))
    both = {("out", "call"), ("in", "answer")}
    return [one.life["id"] for one in done if seen.get(one.life["id"]) != both]


def many(chargers: int) -> dict[str, str]:
    """Charger → version, the versions in turn."""
    versions = list(Version)
    return {f"CMD-{n + 1:03d}": versions[n % len(versions)].value for n in range(chargers)}
