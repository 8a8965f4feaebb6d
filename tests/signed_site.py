"""A charger with a meter that signs, and a follower behind it."""

from datetime import UTC, datetime
from typing import Any

from adapters.ocpp.v16.meter_values import to_report as of_readings
from adapters.ocpp.v16.start_transaction import to_report as of_start
from adapters.ocpp.v16.stop_transaction import to_report as of_stop
from adapters.signatures.ocmf import OcmfSignatures
from application.desk import Desk
from application.intake import Intake
from application.reports import Report, TransactionAnswer
from application.rules import Rules
from application.signed_values import MeterKeyBook
from domain.chargers.charger import Charger
from domain.chargers.events import Registered
from domain.event import Told
from domain.identity import ChargerId
from domain.signed_values.events import SignedValuesJudged
from entrypoints.reactions import REACTIONS
from tests.fakes.event_store import InMemoryEventStore
from tests.signed_meter import SignedMeter

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


class Site:
    """A charger with a meter that signs, and a follower behind it."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore()
        self.meter = SignedMeter()
        self.keys = MeterKeyBook(self.store, OcmfSignatures(), "t", "user:ann")
        self._intake, self._desk = (
            Intake(self.store, Rules()),
            Desk(self.store, Charger(ChargerId.of("t", "CP1"))),
        )
        self.heard = 0
        self.said = 0

    async def open(self) -> "Site":
        """Known to us."""
        await self._intake.record(
            self._desk, [Registered(cpid="CP1", security_profile=0)], Told(recorded_at=NOW)
        )
        return self

    async def say(self, action: str, report: Report) -> Any:
        """A message, and the outcome it is answered with."""
        self.said += 1
        outcomes: list[Any] = []

        def compose(outcome: object) -> str:
            outcomes.append(outcome)
            return f'[3,"m{self.said}",{{}}]'

        told = Told(
            recorded_at=NOW,
            occurred_at=report.at,
            frame=f'[2,"m{self.said}","{action}",{{}}]',
            seq_no=report.seq_no,
        )
        await self._intake.take(self._desk, action, report, told, compose)
        return outcomes[-1]

    async def follow(self) -> None:
        """All that the log has to say to the follower."""
        while self.heard < len(self.store.log):
            recorded = self.store.log[self.heard]
            self.heard += 1
            for react in REACTIONS.get(type(recorded.event.fact), ()):
                if not react.book:
                    await react.do(self.store, recorded)

    def facts(self, kind: type[Any]) -> list[Any]:
        """Of one kind, in order."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, kind)]

    @property
    def judged(self) -> SignedValuesJudged:
        """The newest judgement."""
        found = self.facts(SignedValuesJudged)
        assert found
        return found[-1]  # type: ignore[no-any-return]

    async def session_16(self, *records: str, in_stop: bool = True) -> None:
        """A session whose records come with the stop, or with MeterValues before it."""
        start = {"connectorId": 1, "idTag": "A", "meterStart": 1000500, "timestamp": "2026-05-04T10:00:00Z"}
        outcome = await self.say("StartTransaction", of_start(start))
        assert isinstance(outcome, TransactionAnswer)
        values = [
            {
                "timestamp": f"2026-05-04T10:{n:02}:00Z",
                "sampledValue": [{"value": text, "format": "SignedData"}],
            }
            for n, text in enumerate(records)
        ]
        if not in_stop:
            readings = {"connectorId": 1, "transactionId": outcome.number, "meterValue": values}
            await self.say("MeterValues", of_readings(readings))
        stop: dict[str, Any] = {
            "transactionId": outcome.number,
            "meterStop": 1012750,
            "timestamp": "2026-05-04T10:30:00Z",
        }
        if in_stop:
            stop["transactionData"] = values
        await self.say("StopTransaction", of_stop(stop))
        self.number = outcome.number
        await self.follow()
