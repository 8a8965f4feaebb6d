"""One charger's traffic, said in order, each call after the answer to the one before; and what came of it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from adapters.mirror.comparing import SILENCE, Difference, differences
from adapters.mirror.numbers import BegunBefore, Numbers
from adapters.mirror.peer import Away, Gone, NotLetIn, Peer, payload_of
from adapters.mirror.traffic import Came, Item, Opening, Said, Went
from adapters.ocpp.versions import Version
from application import clock

ANSWER_S = 30.0
"""Chargers wait about as long for an answer."""
TRIES = 3
"""So often a message is said over a new connection when the other system ends the one it came over."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
QUEUED = 64
"""Items of a charger that wait in memory; what is beyond waits in the log."""
PLACES = 500
"""Places of a charger that differences are counted at; whatever is beyond, such as names made up anew with each answer,
is counted at one."""
ELSEWHERE = "(elsewhere)"
LONGEST_TEXT = 200


class Tally(msgspec.Struct, kw_only=True):
    """What came of a charger's traffic since the mirror was first begun."""

    sent: int = 0
    """Calls that want an answer, and were said."""
    same: int = 0
    differing: int = 0
    unanswered: int = 0
    not_let_in: int = 0
    """Messages of connections that the other system refused."""
    unsayable: int = 0
    """Messages of transactions that began before the mirror, and bytes that are no text."""
    asked: int = 0
    """Commands of the other system, which were refused."""
    answer_ms: int = 0
    """Of all answers together."""


class Found(msgspec.Struct):
    """How often answers differed at one place of one action, and the values there the last time."""

    times: int
    first_position: int
    last_position: int
    ours: str
    theirs: str


class Snapshot(NamedTuple):
    """A lane at one moment, as it is written down."""

    charger: str
    position: int
    tally: Tally
    numbers: list[tuple[int, int]]
    waiting: str
    found: dict[tuple[str, str], Found]
    """What changed since the snapshot before."""


Connect = Callable[[str, Version], Awaitable[Peer]]
"""(cpid, version). Raises NotLetIn, Away."""
Ask = Callable[[str, int], Awaitable[Opening]]


class Lane:
    """A charger; its `run` works until it is cancelled."""

    def __init__(
        self,
        charger: str,
        connect: Connect,
        opening: Ask,
        position: int = 0,
        tally: Tally | None = None,
        numbers: Numbers | None = None,
        found: dict[tuple[str, str], Found] | None = None,
        *,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`position`: up to there it was dealt with before; `opening` tells how the charger connected at a place."""
        self.charger = charger
        self.position = position
        self.tally = tally or Tally()
        self.numbers = numbers or Numbers()
        self.found = found or {}
        self.touched = False
        """Has anything changed since the last snapshot?"""
        self.waiting = ""
        """Why nothing is said at this moment."""
        self._connect = connect
        self._opening = opening
        self._answer_s = answer_s
        self._queue: asyncio.Queue[Item] = asyncio.Queue(QUEUED)
        self._open: deque[int] = deque()
        """The places of what was put and is not dealt with."""
        self._changed: set[tuple[str, str]] = set()
        self._peer: Peer | None = None
        self._opened: Opening | None = None
        self._connection = ""
        """The charger's own connection; empty where it is not known yet, or over."""
        self._refusal = ""
        """How the other system refused the connection that the charger has now."""

    async def put(self, item: Item) -> None:
        """Another item; waits while many do."""
        if item.position > self.position:
            await self._queue.put(item)
            self._open.append(item.position)

    @property
    def first_open(self) -> int | None:
        """The place of the first item that is not dealt with; None where all are."""
        return self._open[0] if self._open else None

    def snapshot(self) -> Snapshot:
        """What there is to write down."""
        self.touched = False
        changed, self._changed = self._changed, set()
        found = {key: msgspec.structs.replace(self.found[key]) for key in changed}
        tally = msgspec.structs.replace(self.tally)
        return Snapshot(self.charger, self.position, tally, self.numbers.known(), self.waiting, found)

    async def run(self) -> None:
        """Deal with what is put."""
        try:
            while True:
                item = await self._queue.get()
                await self._deal_with(item)
                self.position, self.touched = self._open.popleft(), True
        finally:
            await self._hang_up()

    async def _deal_with(self, item: Item) -> None:
        if isinstance(item, Said):
            await self._say(item)
            return
        if isinstance(item, Went) and self._connection not in ("", item.connection):
            return  # a newer one has taken its place
        await self._hang_up()
        self._refusal, self._connection, self._opened = "", "", None
        if isinstance(item, Came):
            self._connection = item.connection
            self._opened = Opening((await self._opening(self.charger, item.position)).cpid, item.protocol)
            await self._reach(item.position)

    async def _say(self, said: Said) -> None:
        try:
            frame = None if said.frame is None else self.numbers.said_to_them(said.frame, said.action)
        except BegunBefore:
            frame = None
        if frame is None:
            self.tally.unsayable += 1
            return
        for _ in range(TRIES):
            peer = await self._reach(said.position)
            if peer is None:
                self.tally.not_let_in += 1
                return
            try:
                await self._exchange(peer, said, frame)
            except Gone:
                await self._hang_up()
                continue
            return
        self.tally.sent += 1
        self._differ(said, [Difference("", _words(said), "the connection was closed")])

    async def _exchange(self, peer: Peer, said: Said, frame: str) -> None:
        """Raises Gone."""
        if said.reply is None or said.message_id is None:
            await peer.say(frame)
            return
        began = clock.monotonic()
        answer = await peer.ask(frame, said.message_id, self._answer_s)
        self.tally.sent += 1
        if answer is None:
            self.tally.unanswered += 1
        else:
            self.tally.answer_ms += round((clock.monotonic() - began) * 1000)
            self._learn(said.reply, answer)
        if found := differences(said.reply, answer, self._version(), frame):
            self._differ(said, found, silent=answer is None)
        else:
            self.tally.same += 1

    def _learn(self, reply: str, answer: str) -> None:
        ours, theirs = payload_of(reply), payload_of(answer)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            self.numbers.learn(ours.get("transactionId"), theirs.get("transactionId"))

    def _differ(self, said: Said, found: list[Difference], *, silent: bool = False) -> None:
        if not silent:
            self.tally.differing += 1
        for one in found:
            self._note(said.action, one, said.position)

    def _note(self, action: str, one: Difference, position: int) -> None:
        key = (_kept(action), _kept(one.path))
        if key not in self.found and len(self.found) >= PLACES:
            key = ("", ELSEWHERE)
        ours, theirs = _kept(one.ours), _kept(one.theirs)
        known = self.found.get(key)
        if known is None:
            self.found[key] = Found(1, position, position, ours, theirs)
        else:
            known.times, known.last_position = known.times + 1, position
            known.ours, known.theirs = ours, theirs
        self._changed.add(key)

    async def _reach(self, position: int) -> Peer | None:
        """The connection, opened where there is none; waits while the other system is away. None: not let in."""
        if self._peer is not None:
            return self._peer
        pause = FIRST_PAUSE_S
        while not self._refusal:
            if self._opened is None:
                self._opened = await self._opening(self.charger, position)
            try:
                self._peer = await self._connect(self._opened.cpid, self._version())
            except NotLetIn as error:
                self._refusal = str(error)
                self._note("", Difference("connection", "let in", self._refusal), position)
            except Away as error:
                self.waiting, self.touched = _kept(str(error)), True
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self.waiting = ""
                return self._peer
        self.waiting = ""
        return None

    def _version(self) -> Version:
        protocol = self._opened.protocol if self._opened is not None else ""
        return Version(protocol) if protocol else Version.V16

    async def _hang_up(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            self.tally.asked += peer.asked.total()
            await peer.close()


def _kept(text: str) -> str:
    """As a column of text can hold it: what the other system says may be anything."""
    return text[:LONGEST_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _words(said: Said) -> str:
    return SILENCE if said.reply is None else "an answer"
