"""Commands: something is wanted of a charger; it is recorded, handed to whoever has the socket, and settled once."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from application import clock
from application.command_book import CommandBook, CommandUnknown
from application.command_refusals import (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    KeyReused,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
)
from application.mass_pace import MassPace
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.events import Acceptance
from domain.commands.command import Command, command_stream
from domain.commands.events import Requested
from domain.commands.intent import Abilities, Intent
from domain.commands.intents import AnyIntent
from domain.commands.patience import answer_within_s
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import Reset
from domain.event import Told
from domain.identity import ChargerId

GUIDE = "job:guide"
"""Who leads chargers to what is wanted of them, as the log names it."""
NUMBER_DIGITS = 10
"""Of the largest int32."""
SEND_WITHIN = timedelta(seconds=30)
"""A command that could not leave by then is cancelled: nothing is executed late."""


class Whereabouts(msgspec.Struct, frozen=True):
    """Where a charger's socket is."""

    gateway: str
    connection: str
    protocol: str


class Lines(Protocol):
    """The ways to the chargers, whichever process has the socket."""

    async def where(self, charger: ChargerId) -> Whereabouts | None:
        """Where it is connected; None where it is not."""
        ...

    async def deliver(self, where: Whereabouts, charger: ChargerId, command: Command) -> None:
        """Hand the command to the process that has the socket; at most once, and not after `send_before`."""
        ...

    def expect(self, command_id: str) -> "Waiter":
        """Listen for the end of a command from now on."""
        ...


class Waiter(Protocol):
    """Somebody who waits for a name to be called; listening from the start, so that no call is missed."""

    async def within(self, timeout_s: float) -> bool:
        """True when it was called in time; then, and after a time-out, nobody waits any more."""
        ...


class Offering(Protocol):
    """What each version of OCPP has words for."""

    def why_not(self, protocol: str, intent: Intent, abilities: Abilities) -> str:
        """Why this cannot be asked, as a sentence; empty where it can."""
        ...

    def offered(self, protocol: str, abilities: Abilities) -> dict[str, str]:
        """Every intent by name → why it cannot be asked, empty where it can: what a screen greys out by."""
        ...


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants, and who."""

    intent: AnyIntent
    actor: str
    cause: str = ""
    """The API request id, or `stream@version` of what led to it."""
    reason: str = ""
    force: bool = False
    """Even if a running transaction ends by it."""
    command_id: str = ""
    """What makes a repetition of the wish the same command; empty: a new one each time."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger can be asked."""

    cpid: str
    protocol: str
    """Of its last connection; empty where it never came."""
    abilities: Abilities
    why_not: Mapping[str, str]
    """Every intent by name → why it cannot be asked, empty where it can; nothing where it never came."""


class Commands:
    """Asks chargers for things, from whichever process."""

    def __init__(
        self,
        book: CommandBook,
        lines: Lines,
        offering: Offering,
        abilities: Callable[[Charger], Awaitable[Abilities]],
        pace: MassPace | None = None,
    ) -> None:
        """Without `pace` one may steer any number of chargers."""
        self.book = book
        self._lines = lines
        self._offering = offering
        self._abilities = abilities
        self._pace = pace

    async def check(self, charger: ChargerId, intent: Intent, *, force: bool = False) -> Charger:
        """The charger, if it can be asked this now.

        Raises ChargerUnknown, ChargerNotConnected, ChargerNotAccepted, NotPossible, TransactionRunning,
        ConnectorBusy, TransactionUnknown.
        """
        state = await load_charger(self.book.store, charger)
        if not state.registered:
            raise ChargerUnknown(charger.key)
        if not state.connection:
            raise ChargerNotConnected
        if state.acceptance is Acceptance.REJECTED or (
            state.acceptance is Acceptance.PENDING and intent.name() in NOT_WHILE_PENDING
        ):
            raise ChargerNotAccepted
        if words := self._offering.why_not(state.protocol, intent, await self._abilities(state)):
            raise NotPossible(words)
        _check_transactions(state, intent, force=force)
        return state

    async def offered(self, charger: ChargerId) -> Offered:
        """What the charger can be asked, whether or not it is connected now. Raises ChargerUnknown."""
        state = await load_charger(self.book.store, charger)
        if not state.registered:
            raise ChargerUnknown(charger.key)
        able = await self._abilities(state)
        return Offered(
            cpid=state.cpid,
            protocol=state.protocol,
            abilities=able,
            why_not=self._offering.offered(state.protocol, able) if state.protocol else {},
        )

    async def request(self, charger: ChargerId, wish: Wish, wait_s: float = 0.0) -> Command:
        """Record the wish and hand it on; the command as it stands when it is settled, or after `wait_s`.

        Raises what `check` raises, KeyReused and TooManyChargers; then nothing is asked.
        """
        if wish.command_id and (known := await self._known(charger.tenant, wish.command_id)):
            if not _alike(known.intent, wish.intent):
                raise KeyReused
            return await self.wait(charger.tenant, known.id, wait_s)
        state = await self.check(charger, wish.intent, force=wish.force)
        where = await self._lines.where(charger)
        if where is None:
            raise ChargerNotConnected
        if self._pace is not None:
            await self._pace.spare(charger, type(wish.intent), wish.actor, wish.cause)
        command_id = wish.command_id or clock.time_ordered_id()
        waiter = self._lines.expect(command_id)
        command, ours = await self._record(charger, state, where, wish, command_id)
        if ours:
            await self._lines.deliver(where, charger, command)
        if not await waiter.within(wait_s) and not wait_s:
            return command
        return await self.book.load(charger.tenant, command_id)

    async def wait(self, tenant: str, command_id: str, wait_s: float) -> Command:
        """The command when it is settled, or as it stands after `wait_s`. Raises CommandUnknown."""
        waiter = self._lines.expect(command_id)
        command = await self.book.load(tenant, command_id)
        if command.settled or not await waiter.within(wait_s):
            return command
        return await self.book.load(tenant, command_id)

    async def _known(self, tenant: str, command_id: str) -> Command | None:
        try:
            return await self.book.load(tenant, command_id)
        except CommandUnknown:
            return None

    async def _record(
        self, charger: ChargerId, state: Charger, where: Whereabouts, wish: Wish, command_id: str
    ) -> tuple[Command, bool]:
        now = clock.now()
        fact = Requested(
            charger=charger.key,
            intent=with_request_id(wish.intent),
            send_before=now + SEND_WITHIN,
            answer_within_s=answer_within_s(wish.intent),
            protocol=state.protocol,
            connection=where.connection,
            reason=wish.reason,
        )
        told = Told(recorded_at=now, actor=wish.actor, cause=wish.cause)
        command = Command(command_stream(charger.tenant, command_id))
        return await self.book.record(command, lambda one: [] if one.version else [fact], told)


NOT_WHILE_PENDING = frozenset({"RemoteStart", "RemoteStop"})


DRAWN = frozenset({"request_id", "reservation_id", "credential_id", "location", "profile"})
"""What is made up anew each time a request is read: no two repetitions have the same."""


def _alike(one: Intent | None, other: Intent) -> bool:
    """Do both come of the same request, as far as what was not made up for it tells?"""
    if type(one) is not type(other):
        return False
    names = [name for name in other.__struct_fields__ if name not in DRAWN]
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _check_transactions(charger: Charger, intent: Intent, *, force: bool) -> None:
    """What the transactions that run speak for or against."""
    match intent:
        case Reset() if not force and _running(charger, intent.evse_id or 0):
            raise TransactionRunning
        case UnlockConnector() if not force and _running(charger, intent.evse_id):
            raise TransactionRunning
        case RemoteStart() if intent.evse_id and charger.running_on(intent.evse_id, 0):
            raise ConnectorBusy
        case RemoteStop() if not charger.find(**named(intent.transaction)):
            raise TransactionUnknown
        case _:
            pass


def _running(charger: Charger, evse_id: int) -> bool:
    return bool(charger.running_on(evse_id, 0) if evse_id else charger.open)


def named(transaction: str) -> dict[str, Any]:
    """A charger's own name of a transaction as `Charger.find` takes it: 1.6 numbers, 2.x references."""
    number = int(transaction) if transaction.isdecimal() and len(transaction) <= NUMBER_DIGITS else None
    return {"reference": transaction, "number": number}


def with_request_id(intent: AnyIntent) -> AnyIntent:
    """The intent with a number of its own, where later reports name it by one."""
    if getattr(intent, "request_id", None) == 0:
        return msgspec.structs.replace(intent, request_id=clock.transaction_number())
    return intent
