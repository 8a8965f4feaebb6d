"""A charger's line without a socket: payload of a version in, schema-checked answer out, facts in a log."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.ocpp.action import Action
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.v16.actions import ACTIONS as V16
from adapters.ocpp.v21.actions import ACTIONS as V21
from adapters.ocpp.v201.actions import ACTIONS as V201
from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import Intake
from application.reports import Withheld
from application.rules import Rules
from domain.chargers.charger import Charger
from domain.chargers.events import Registered
from domain.event import Event, Fact, Told, events_of
from domain.id_tokens.events import Issued
from domain.identity import ChargerId, IdToken
from domain.transactions.events import NumberClaimed
from domain.transactions.transaction import Transaction
from tests.fakes.event_store import InMemoryEventStore

ACTIONS: Mapping[Version, Mapping[str, Action]] = {
    Version.V16: V16,
    Version.V201: V201,
    Version.V21: V21,
}
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def iso(at: datetime) -> str:
    """As a charger writes it."""
    return at.isoformat().replace("+00:00", "Z")


class Line:
    """One charger on the in-memory store; `now` is our clock and moves by hand."""

    def __init__(
        self,
        version: Version,
        *,
        cpid: str = "CP1",
        store: InMemoryEventStore | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.version = version
        self.store = store or InMemoryEventStore()
        self.intake = Intake(self.store, rules or Rules())
        self.desk = Desk(self.store, Charger(ChargerId.of("acme", cpid)))
        self.now = NOON
        self.sent = 0

    async def register(self) -> None:
        """Make the charger known."""
        await self.intake.record(
            self.desk, [Registered(cpid=self.desk.charger.id.key, security_profile=1)], self.told()
        )

    async def issue(self, token: str, **described: Any) -> None:
        """Make a token known."""
        id_token = IdToken(token)
        fact = Issued(id_token=id_token, **described)
        await self.store.append(events_of(id_token.stream("acme"), 0, [fact], self.told()))

    def told(self, **circumstances: Any) -> Told:
        """Now, over this line."""
        return Told(recorded_at=self.now, connection="line", **circumstances)

    async def say(self, action: str, payload: Mapping[str, Any], *, after_s: float = 1) -> dict[str, Any]:
        """Send a message; the answer, or `{"withheld": …}` where the charger must wait."""
        self.now += timedelta(seconds=after_s)
        self.sent += 1
        request = catalogue(self.version).message(Kind.REQUEST, action)
        answer = catalogue(self.version).message(Kind.ANSWER, action)
        assert request is not None
        assert answer is not None
        assert not request.errors(dict(payload)), (action, payload)
        module = ACTIONS[self.version][action]
        report = module.to_report(payload)
        frame = json.dumps([2, str(self.sent), action, payload])
        told = self.told(frame=frame, occurred_at=report.at, seq_no=report.seq_no, cause=str(self.sent))

        def compose(outcome: object) -> str:
            if isinstance(outcome, Withheld):
                return json.dumps({"withheld": outcome.acceptance})
            return json.dumps(module.to_answer(outcome))

        reply = json.loads(await self.intake.take(self.desk, action, report, told, compose) or "null")
        if "withheld" not in reply:
            assert not answer.errors(reply), (action, reply)
        return dict(reply)

    async def hang_up_and_return(self) -> None:
        """Forget everything in memory and read it from the log."""
        await self.desk.reload()

    @property
    def events(self) -> list[Event[Fact]]:
        """Everything in the log, in its order."""
        return [one.event for one in self.store.log]

    def facts(self, stream: str = "", *kinds: type[Fact]) -> list[Fact]:
        """Facts of streams that begin so, of those kinds (or of all)."""
        return [
            event.fact
            for event in self.events
            if event.originator_id.startswith(stream) and (not kinds or isinstance(event.fact, kinds))
        ]

    def transactions(self) -> dict[str, Transaction]:
        """Every transaction as replayed from the log, by stream."""
        found: dict[str, Transaction] = {}
        for event in self.events:
            if event.originator_id.startswith("transaction/"):
                found.setdefault(event.originator_id, Transaction(event.originator_id)).when(event)
        return found

    def numbers(self) -> list[int]:
        """The 1.6 numbers given out."""
        return [fact.number for fact in self.facts("transaction-number/") if isinstance(fact, NumberClaimed)]
