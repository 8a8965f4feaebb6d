"""A desk: the aggregates of one charger in memory, and the way to the others its messages touch."""

from typing import Any

import msgspec

from application import clock
from application.ports import EventStore
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.event import Event
from domain.id_tokens.id_token import TokenRecord
from domain.identity import IdToken
from domain.transactions.events import NumberClaimed
from domain.transactions.transaction import Transaction


class TransactionNumber(msgspec.Struct):
    """The claim of a 1.6 transaction number; its first event is its only one."""

    stream: str
    version: int = 0
    transaction: str = ""

    def when(self, event: Event[Any]) -> None:
        """Take the claim."""
        self.version = event.originator_version
        if isinstance(event.fact, NumberClaimed):
            self.transaction = event.fact.transaction


class Desk:
    """One charger, its transactions at hand; made when a charger connects and dropped when it leaves."""

    __slots__ = ("asked", "charger", "connection", "stale", "store", "transactions")

    def __init__(self, store: EventStore, charger: Charger) -> None:
        self.store = store
        self.charger = charger
        self.connection = ""
        """The connection it speaks for, once that is in the books."""
        self.asked: frozenset[str] = frozenset()
        """Actions that a trigger of ours asked for: welcome also from a charger that is not accepted yet."""
        self.transactions: dict[str, Transaction] = {}
        self.stale = False
        """The outcome of a write is unknown: reload before deciding anything."""

    async def reload(self) -> None:
        """Forget what is in memory and read it anew: somebody else wrote, or the outcome is unknown."""
        self.transactions.clear()
        self.charger = await load_charger(self.store, self.charger.id)
        self.stale = False

    async def transaction(self, stream: str) -> Transaction:
        """The transaction of that stream; version 0 where it is new."""
        known = self.transactions.get(stream)
        if known is not None:
            return known
        state = Transaction(stream)
        for event in await self.store.read(stream):
            state.when(event)
        self.transactions[stream] = state
        return state

    async def token(self, id_token: IdToken) -> TokenRecord:
        """The token's record, always read from the log: other chargers change it too."""
        state = TokenRecord(id_token.stream(self.charger.id.tenant))
        for event in await self.store.read(state.stream):
            state.when(event)
        return state

    async def pseudonym(self, id_token: IdToken) -> str:
        """What the log calls the token."""
        return await self.store.pseudonym(self.charger.id.tenant, id_token)

    async def number(self, number: int) -> TransactionNumber:
        """The claim of a transaction number; version 0 where it was never given out."""
        claim = TransactionNumber(f"transaction-number/{self.charger.id.tenant}/{number}")
        for event in await self.store.read(claim.stream):
            claim.when(event)
        return claim

    def new_number(self) -> tuple[int, TransactionNumber]:
        """A number nobody can guess; the store refuses it should it be taken, and we draw again."""
        number = clock.transaction_number()
        return number, TransactionNumber(f"transaction-number/{self.charger.id.tenant}/{number}")

    def settle_in(self, events: list[Event[Any]], changed: dict[str, Any]) -> None:
        """Take committed events into the aggregates they belong to; ended transactions leave memory."""
        for event in events:
            changed[event.originator_id].when(event)
        for stream in [s for s, t in self.transactions.items() if s not in self.charger.open and t.version]:
            del self.transactions[stream]
