"""The hunt: made frames through a real session, and what must hold after each and after all of them."""

import logging
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import orjson

from adapters.eventstore.mapper import EventMapper
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.session import Session
from adapters.ocpp.versions import Version
from application import clock
from application.desk import Desk
from application.intake import Intake
from application.ports import EventNotStorable
from application.rules import Rules
from application.snapshots import load_charger
from domain.catalogue import FACTS
from domain.chargers.events import FramesSuppressed, Registered
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId
from domain.transactions.transaction import Transaction
from tests.fakes.event_store import InMemoryEventStore
from tests.fuzz.frames import ACTIONS, FrameMaker, Made

LIFE = 2_000
"""Frames a simulated charger lives for; then another one begins with an empty log."""


class StrictStore(InMemoryEventStore):
    """The fake, as picky as Postgres: text without NUL, UTF-8, keys below 2.7 KB; every event reads back."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self._mapper = EventMapper(FACTS)

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """As the port says."""
        for event in events:
            stream = event.originator_id
            if "\x00" in stream or len(stream.encode()) > 2_600:
                raise EventNotStorable(f"not a key: {stream[:80]!r}")
            back = self._mapper.to_domain_event(self._mapper.to_stored_event(event))
            if back != event:
                raise AssertionError(f"{event.fact} came back as {back.fact}")
        return await super().append(events)


class Complaints(logging.Handler):
    """Whatever the product logs as a warning or worse while it is fuzzed is a finding."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        words = self.format(record).splitlines()
        self.heard.append(f"{words[0]} {words[-1] if len(words) > 1 else ''}")


class Hunt:
    """One version's hunt; `findings` holds what broke a rule, `counts` what happened."""

    def __init__(self, version: Version, seed: int) -> None:
        self.version = version
        self.seed = seed
        self.findings: list[str] = []
        self.counts: Counter[str] = Counter()

    async def run(self, frames: int) -> None:
        """Send so many frames."""
        complaints = Complaints()
        logger = logging.getLogger("zeus")
        logger.addHandler(complaints)
        try:
            for life in range(-(-frames // LIFE)):
                charger = Life(self, Random(f"{self.seed}:{self.version}:{life}"), complaints)
                await charger.live(min(LIFE, frames - life * LIFE))
        finally:
            logger.removeHandler(complaints)


class Life:
    """One charger from its registration to its goodbye."""

    def __init__(self, hunt: Hunt, random: Random, complaints: Complaints) -> None:
        self.hunt = hunt
        self.maker = FrameMaker(hunt.version, random)
        self.complaints = complaints
        self.store = StrictStore()
        self.sent: list[str] = []
        self.seen = 0
        self.recorded = 0

    async def live(self, frames: int) -> None:
        """Register, send the frames, check each, say goodbye, check the whole."""
        charger = ChargerId.of("default", "CP1")
        told = Told(recorded_at=clock.now(), actor="test")
        await self.store.append(
            events_of(charger.stream, 0, [Registered(cpid="CP1", security_profile=0)], told)
        )
        desk = Desk(self.store, await load_charger(self.store, charger))
        actions = ACTIONS[self.hunt.version]
        intake = Intake(self.store, Rules())
        session = Session(desk, intake, self.hunt.version, actions, "c1", self._take)
        for _ in range(frames):
            made = self.maker.frame()
            self.sent.clear()
            try:
                await session.receive(made.text, raw=made.raw, flaw="binary" if made.raw else "")
            except Exception as error:  # noqa: BLE001 - that nothing gets out is what is tested
                self._finding(made, f"raised {error!r}")
            self._check(made)
        await session.goodbye()
        await self._check_the_whole(desk, frames)

    async def _take(self, text: str) -> None:
        self.sent.append(text)

    def _finding(self, made: Made, words: str) -> None:
        self.hunt.findings.append(f"{self.hunt.version} {words}: {made.text[:400]!r}")

    def _check(self, made: Made) -> None:
        self.hunt.counts["frames"] += 1
        for words in self.complaints.heard:
            self._finding(made, f"complained: {words[:600]}")
        self.complaints.heard.clear()
        self._check_answer(made)
        new = self.store.log[self.seen :]
        self.seen = len(self.store.log)
        whole = [one.event.told for one in new if one.event.told.frame is not None]
        if len(whole) > 1 or any(told.frame != made.text or told.frame_bytes != made.raw for told in whole):
            self._finding(made, "recorded otherwise than sent")
        if whole and [whole[0].reply] != (self.sent or [None]):
            self._finding(made, f"the reply in the log is not the one sent {self.sent}")
        self.recorded += len(whole)
        self.hunt.counts["recorded whole"] += len(whole)

    def _check_answer(self, made: Made) -> None:
        expected = {True: (1,), False: (0,), None: (0, 1)}[made.answered]
        if (
            made.answered is False
            and made.text.startswith(("[5", "[6"))
            and self.hunt.version is Version.V201
        ):
            expected = (0, 1)  # the message types of 2.1 are unknown before, and 2.0.1 says so
        if len(self.sent) not in expected:
            self._finding(made, f"answered {len(self.sent)} times")
        for text in self.sent:
            self._check_text(made, orjson.loads(text))

    def _check_text(self, made: Made, answer: list[Any]) -> None:
        self.hunt.counts[answer[2] if answer[0] == 4 else "result"] += 1
        if made.answered and answer[1] != made.message_id:
            self._finding(made, f"answered with another id: {answer[1]!r}")
        if answer[0] == 3:
            action = orjson.loads(made.text)[2] if made.answered else None
            message = catalogue(self.hunt.version).message(Kind.ANSWER, action) if action else None
            if made.answered and (message is None or not message.is_valid(answer[2])):
                self._finding(made, f"answered outside the schema: {answer}")
            number = answer[2].get("transactionId")
            if type(number) is int and number > 0:
                self.maker.given.append(number)
        elif answer[0] != 4 or len(answer) != 5:
            self._finding(made, f"not an answer: {answer}")

    async def _check_the_whole(self, desk: Desk, frames: int) -> None:
        """Recorded or counted, every one; and what is in memory is what the log says."""
        log = [one.event for one in self.store.log]
        counted = sum(event.fact.frames for event in log if isinstance(event.fact, FramesSuppressed))
        self.hunt.counts["counted only"] += counted
        if self.recorded + counted != frames:
            self.hunt.findings.append(f"{frames} frames, {self.recorded} recorded, {counted} counted")
        fresh = await load_charger(self.store, desk.charger.id)
        if msgspec.to_builtins(fresh) != msgspec.to_builtins(desk.charger):
            self.hunt.findings.append(
                f"the charger in memory is not the one in the log: {fresh} {desk.charger}"
            )
        for stream, known in desk.transactions.items():
            replayed = Transaction(stream)
            for event in await self.store.read(stream):
                replayed.when(event)
            if replayed != known:
                self.hunt.findings.append(f"transaction {stream} in memory is not the one in the log")
