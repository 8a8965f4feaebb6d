"""Which command's effect does an event show? A pure follower of the log, from the wish to the end of its window."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.chargers.events import TransactionClosed, TransactionOpened
from domain.commands.events import (
    Answered,
    AnsweredLate,
    Cancelled,
    EffectFailed,
    EffectMissing,
    EffectObserved,
    Failed,
    OutcomeUnknown,
    Progressed,
    Requested,
    Sent,
    TimedOut,
)
from domain.commands.expectations import (
    SHOWN_BY,
    Expectation,
    Failure,
    Observed,
    Sight,
    Step,
    expectation,
)
from domain.commands.intent import Verdict
from domain.commands.intents import AnyIntent
from domain.event import Event, Fact, Recorded
from domain.identity import ChargerId
from domain.transactions.transaction import transaction_stream

STEPS = 32
"""Steps of one command that are remembered."""
NUMBERS = 50_000
"""1.6 transactions whose numbers are remembered while they run."""
ABANDONED = timedelta(minutes=10)
"""A command that nobody settled so long after its deadline is no longer watched."""

_MADE_OF_TIME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{10}")
"""The key of a 1.6 transaction, which does not hold its number."""

Said = list[tuple[str, Fact]]
"""(stream of a command, what is to be said of it)."""
_OF_COMMANDS: tuple[type[Fact], ...] = (
    Requested,
    Sent,
    Answered,
    AnsweredLate,
    Failed,
    TimedOut,
    OutcomeUnknown,
    Cancelled,
    EffectObserved,
    EffectFailed,
    EffectMissing,
)


_ALWAYS: tuple[type[Fact], ...] = (*_OF_COMMANDS, TransactionOpened, TransactionClosed)
_COMMANDS = frozenset(fact.TOPIC for fact in _ALWAYS)
EVERYTHING = _COMMANDS | {fact.TOPIC for fact in SHOWN_BY}
"""What a command's life and effect may be told by."""


class Watched(msgspec.Struct):
    """A command whose effect is awaited."""

    stream: str
    charger: ChargerId
    intent: AnyIntent
    expected: Expectation
    position: int
    """Where its request stands in the log."""
    give_up_at: datetime
    """Not settled by then: nobody will settle it."""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    settled_at: datetime | None = None
    agreed: bool = False
    steps: list[str] = msgspec.field(default_factory=list)
    early: list[tuple[Sight, str, datetime]] = msgspec.field(default_factory=list)
    """Seen before the answer: it counts if the charger agrees."""

    @property
    def deadline(self) -> datetime | None:
        """Until when the effect may come; None while the command is not settled."""
        if self.settled_at is None:
            return None
        begin = max(filter(None, (self.settled_at, self.expected.not_before)))
        return begin + timedelta(seconds=self.expected.window_s)


class EffectWatch:
    """Hears the log in order and says what follows of commands; what it says twice, their aggregates take once.

    Of a 1.6 transaction that began before the place in the log where it started to listen, it does not know the
    number; a RemoteStop then counts as done when a transaction of the charger ends with the reason `Remote`.
    """

    def __init__(self) -> None:
        self._watched: dict[str, Watched] = {}
        self._at: dict[ChargerId, dict[str, Watched]] = {}
        self._numbers: dict[str, int] = {}

    @property
    def topics(self) -> frozenset[str]:
        """The stored names of all it wants to hear now: nearly every message, but only while a command is watched."""
        return EVERYTHING if self._watched else _COMMANDS

    def hear(self, recorded: Recorded[Any]) -> Said:
        """What this event shows of commands."""
        event = recorded.event
        fact = event.fact
        if isinstance(fact, TransactionOpened | TransactionClosed):
            self._remember(fact)
            return []
        if isinstance(fact, Requested):
            self._begin(recorded)
            return []
        if isinstance(fact, _OF_COMMANDS):
            watched = self._watched.get(event.originator_id)
            return self._advance(watched, event) if watched is not None else []
        return self._seen(event)

    def overdue(self, now: datetime) -> list[tuple[str, EffectMissing]]:
        """Commands that were agreed to and showed no effect in time; call it when the log was read to its end."""
        missing: list[tuple[str, EffectMissing]] = []
        for watched in list(self._watched.values()):
            deadline = watched.deadline
            if now <= (deadline or watched.give_up_at):
                continue
            self._drop(watched)
            if deadline is not None and watched.agreed:
                expected = watched.expected
                fact = EffectMissing(
                    charger=watched.charger.key, expected=expected.words, within_s=expected.window_s
                )
                missing.append((watched.stream, fact))
        return missing

    def low_water(self, after: int) -> int:
        """The position after which a successor has to read, where this one has read up to `after`."""
        return min([after, *(watched.position - 1 for watched in self._watched.values())])

    def _begin(self, recorded: Recorded[Requested]) -> None:
        event = recorded.event
        fact = event.fact
        expected = expectation(fact.intent)
        if expected is None or event.originator_id in self._watched:
            return
        charger = ChargerId(event.tenant, fact.charger)
        give_up_at = fact.send_before + timedelta(seconds=fact.answer_within_s) + ABANDONED
        watched = Watched(event.originator_id, charger, fact.intent, expected, recorded.position, give_up_at)
        self._watched[watched.stream] = watched
        self._at.setdefault(charger, {})[watched.stream] = watched

    def _advance(self, watched: Watched, event: Event[Any]) -> Said:
        """The command went a step further; what was seen early is told when the charger agreed or fell silent."""
        at = event.told.recorded_at
        match event.fact:
            case Sent() as fact:
                watched.sent_at = at
                watched.give_up_at = max(watched.give_up_at, fact.answer_before + ABANDONED)
                return []
            case Answered(answer=answer) if answer.verdict is Verdict.AGREED:
                later = expectation(watched.intent, answer)
                if later is not None:
                    watched.expected, watched.agreed = later, True
                    watched.settled_at = watched.answered_at = at
                    return self._tell_early(watched)
            case AnsweredLate(answer=answer) if answer is not None and answer.verdict is Verdict.AGREED:
                watched.agreed = True
                return []
            case TimedOut() | OutcomeUnknown():
                watched.settled_at = at
                return self._tell_early(watched)
            case _:
                pass
        self._drop(watched)
        return []

    def _seen(self, event: Event[Any]) -> Said:
        kind, tenant, key = event.originator_id.split("/", 3)[:3]
        here = self._at.get(ChargerId(tenant, key)) if kind in ("charger", "transaction") else None
        if not here:
            return []
        at = event.told.recorded_at
        said: Said = []
        for watched in list(here.values()):
            if watched.sent_at is None or (watched.deadline is not None and at > watched.deadline):
                continue
            sight = watched.expected.match(event, self._name(watched, event.originator_id))
            if sight is not None:
                where = f"{event.originator_id}@{event.originator_version}"
                said += self._take(watched, sight, where, at)
        return said

    def _take(self, watched: Watched, sight: Sight, where: str, at: datetime) -> Said:
        if isinstance(sight, Step):
            if sight.words in watched.steps or len(watched.steps) >= STEPS:
                return []
            watched.steps.append(sight.words)
        if watched.settled_at is None:
            if all(isinstance(earlier, Step) for earlier, _, _ in watched.early):
                watched.early.append((sight, where, at))
            return []
        return self._tell(watched, [(sight, where, at)])

    def _tell_early(self, watched: Watched) -> Said:
        early, watched.early = watched.early, []
        return self._tell(watched, early)

    def _tell(self, watched: Watched, sights: Iterable[tuple[Sight, str, datetime]]) -> Said:
        said: Said = []
        for sight, where, at in sights:
            said.append((watched.stream, _fact(watched, sight, where, at)))
            if not isinstance(sight, Step):
                self._drop(watched)
        return said

    def _name(self, watched: Watched, stream: str) -> str:
        """The charger's own name of a transaction, where it can be told; 2.x: its stream is made of it."""
        if stream in self._numbers:
            return str(self._numbers[stream])
        name = getattr(watched.intent, "transaction", "")
        if name and transaction_stream(watched.charger, name) in (stream, stream.partition("~")[0]):
            return str(name)
        key = stream.rpartition("/")[2]
        return "" if _MADE_OF_TIME.fullmatch(key) else key

    def _remember(self, fact: TransactionOpened | TransactionClosed) -> None:
        if isinstance(fact, TransactionClosed):
            self._numbers.pop(fact.transaction, None)
        elif fact.number:
            self._numbers[fact.transaction] = fact.number
            if len(self._numbers) > NUMBERS:
                del self._numbers[next(iter(self._numbers))]

    def _drop(self, watched: Watched) -> None:
        self._watched.pop(watched.stream, None)
        here = self._at.get(watched.charger, {})
        here.pop(watched.stream, None)
        if not here:
            self._at.pop(watched.charger, None)


def _fact(watched: Watched, sight: Sight, where: str, at: datetime) -> Fact:
    charger = watched.charger.key
    match sight:
        case Observed(words=words):
            since = watched.answered_at or watched.sent_at or at
            after_s = max(0.0, (at - since).total_seconds())
            return EffectObserved(charger=charger, effect=words, event=where, after_s=after_s)
        case Failure(words=words):
            return EffectFailed(charger=charger, effect=words, event=where)
        case Step(words=words):
            return Progressed(charger=charger, step=words, event=where)
