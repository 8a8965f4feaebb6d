"""The way of a report: decide on the aggregates in memory, commit durably, and only then answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from application.certificates import decide_signature
from application.chargers import decide_boot, decide_data_transfer, decide_heartbeat, decide_status
from application.desk import Desk
from application.id_tokens import answer_question
from application.ports import EventStore, Snapshot, StoreUnavailable, VersionConflict
from application.reports import Decision, Report, Taken, TokenQuestion, Withheld
from application.rules import Rules
from application.snapshots import SNAPSHOT_EVERY, snapshot_of
from application.transactions import decide as decide_transaction
from application.transactions import decide_readings
from domain.certificates.signing import SignatureQuestion, SignatureVerdict
from domain.chargers.boot import BootReport
from domain.chargers.charger import Charger
from domain.chargers.credentials import Credential
from domain.chargers.device_model import VariablesReported
from domain.chargers.events import (
    Acceptance,
    Connected,
    DataTransferred,
    HeartbeatReceived,
    MessageWithheld,
    Metered,
    StatusReported,
)
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId
from domain.metering import timed
from domain.transactions.report import TransactionReport

log = logging.getLogger("zeus.intake")

Decider = Callable[[Desk, Any, Told, Rules], Awaitable[Decision]]

DECIDERS: dict[type, Decider] = {
    BootReport: decide_boot,
    HeartbeatReceived: decide_heartbeat,
    StatusReported: decide_status,
    Metered: decide_readings,
    DataTransferred: decide_data_transfer,
    TokenQuestion: answer_question,
    TransactionReport: decide_transaction,
    SignatureQuestion: decide_signature,
}
"""Reports that need a decision; every other one is a fact already and is recorded as told."""

TO_BE_SIGNED = SignatureVerdict()
ALLOWED_WHILE_PENDING = frozenset({VariablesReported.TOPIC})
"""What a pending charger was asked for by GetBaseReport or GetReport (2.x B02.FR.02, B02.FR.09)."""
ATTEMPTS = 5


class ReportNotSettled(Exception):
    """Another writer kept changing the same charger; the charger is asked to send again."""


class ConnectionReplaced(Exception):
    """Another connection of this charger took over, perhaps at another gateway: this one may say nothing more."""


class Intake:
    """Takes the reports of all chargers of this gateway; owns the snapshots it starts."""

    def __init__(
        self,
        store: EventStore,
        rules: Rules,
        booted: Callable[[Charger], None] | None = None,
        to_sign: Callable[[ChargerId, SignatureQuestion], None] | None = None,
    ) -> None:
        """`booted` is told of each charger whose boot was recorded, just before it is answered; `to_sign` of each
        request for a certificate that will be signed.
        """
        self._booted = booted
        self._to_sign = to_sign
        self._store = store
        self._rules = rules
        self._snapshots: set[asyncio.Task[None]] = set()

    async def take(
        self, desk: Desk, action: str, report: Report, told: Told, compose: Callable[[object], str | None]
    ) -> str | None:
        """Decide, commit, and return the reply as it was stored.

        `compose` turns the outcome into the reply text. Raises StoreUnavailable and ReportNotSettled;
        then nothing is known to be stored and nobody may be told otherwise. Raises ConnectionReplaced where
        the charger speaks over another connection by now: the fence of gateways that do not know each other.
        """
        for _ in range(ATTEMPTS):
            if desk.stale:
                await _reload(desk)
            decision = await self._decide(desk, action, report, told)
            reply = compose(decision.outcome)
            if await self._commit(desk, decision, msgspec.structs.replace(told, reply=reply)):
                if self._booted is not None and type(report.body) is BootReport:
                    self._booted(desk.charger)
                if self._to_sign is not None and decision.outcome == TO_BE_SIGNED:
                    self._to_sign(desk.charger.id, report.body)
                return reply
        raise ReportNotSettled(desk.charger.stream)

    async def record(self, desk: Desk, facts: list[Fact], told: Told) -> None:
        """Record facts on the charger's own stream that need no decision and lead to no answer.

        Raises ConnectionReplaced, like `take`.
        """
        await self._record(desk, lambda: facts, told, _reload)

    async def check_place(self, desk: Desk) -> None:
        """Is it still this connection that speaks for the charger? For what is recorded on other streams.

        Raises ConnectionReplaced, StoreUnavailable.
        """
        if desk.stale or await self._store.read(desk.charger.stream, desk.charger.version):
            desk.stale = True
            await _reload(desk)

    async def _record(
        self,
        desk: Desk,
        decide: Callable[[], list[Fact]],
        told: Told,
        reload: Callable[[Desk], Awaitable[None]] = Desk.reload,
    ) -> None:
        for _ in range(ATTEMPTS):
            if desk.stale:
                await reload(desk)
            facts = decide()
            if not facts or await self._commit(desk, Decision(None, [(desk.charger, facts)]), told):
                return
        raise ReportNotSettled(desk.charger.stream)

    async def connected(
        self, desk: Desk, fact: Connected, told: Told, shown: Credential | None = None, dead: str = ""
    ) -> tuple[str, str]:
        """Record a new connection; one that never said goodbye is closed in the books first.

        Returns the connection whose place it took, and the gateway that has it; empty where there was none.

        `shown` is the password it came with, `dead` the former connection if it was found dead. Raises
        ChargerNotAdmitted where the password or the charger itself was put out of use meanwhile, ConnectedAlready
        where another connection stands in the books that has to be asked first.
        """
        former = ("", "")

        def decide() -> list[Fact]:
            nonlocal former
            former = (desk.charger.connection, desk.charger.gateway)
            return desk.charger.connected(fact, shown, dead)

        await self._record(desk, decide, told)
        desk.connection = fact.connection
        return former

    async def disconnected(
        self, desk: Desk, connection: str, code: int | None, reason: str, told: Told
    ) -> None:
        """Record that a connection is gone; late news of one that was replaced changes nothing."""
        await self._record(desk, lambda: desk.charger.disconnected(connection, code, reason), told)

    async def _decide(self, desk: Desk, action: str, report: Report, told: Told) -> Decision:
        body = report.body
        acceptance = desk.charger.acceptance
        if acceptance is not Acceptance.ACCEPTED and type(body) is not BootReport:
            asked = getattr(body, "TOPIC", "") in ALLOWED_WHILE_PENDING or action in desk.asked
            if acceptance is Acceptance.REJECTED or not asked:
                fact = MessageWithheld(action=action, acceptance=acceptance)
                return Decision(Withheld(acceptance), [(desk.charger, [fact])])
        decide = DECIDERS.get(type(body))
        if decide is None:
            return Decision(Taken(body, told.recorded_at), [(desk.charger, [body])])
        if isinstance(body, TransactionReport | Metered):
            body = _with_our_time(body, told.recorded_at)
        return await decide(desk, body, told, self._rules)

    async def _commit(self, desk: Desk, decision: Decision, told: Told) -> bool:
        """One atomic unit over all aggregates of the decision; False where another writer was first."""
        events: list[Event[Fact]] = []
        changed: dict[str, Any] = {}
        for aggregate, facts in decision.changes:
            events += events_of(aggregate.stream, aggregate.version, facts, told)
            changed[aggregate.stream] = aggregate
            if told.frame is not None:
                told = msgspec.structs.replace(told, frame=None, frame_bytes=None, reply=None)
        before = desk.charger.version
        desk.stale = (
            True  # until we know better: a conflict, a lost store and a cancelled task all mean reload
        )
        try:
            await self._store.append(events)
        except VersionConflict:
            return False
        desk.stale = False
        desk.settle_in(events, changed)
        if before // SNAPSHOT_EVERY != desk.charger.version // SNAPSHOT_EVERY:
            self._take_snapshot(desk)
        return True

    async def finish(self) -> None:
        """Wait for the snapshots that were begun; call it before the store is closed."""
        await asyncio.gather(*self._snapshots)

    def _take_snapshot(self, desk: Desk) -> None:
        task = asyncio.create_task(self._save(snapshot_of(desk.charger)))
        self._snapshots.add(task)
        task.add_done_callback(self._snapshots.discard)

    async def _save(self, snapshot: Snapshot) -> None:
        try:
            await self._store.save_snapshot(snapshot)
        except StoreUnavailable as error:
            log.warning("%s: no snapshot taken, loading will read more events: %r", snapshot.stream, error)


async def _reload(desk: Desk) -> None:
    await desk.reload()
    if desk.connection and desk.charger.connection != desk.connection:
        desk.stale = True
        raise ConnectionReplaced(desk.charger.stream)


def _with_our_time(body: Metered | TransactionReport, now: datetime) -> Metered | TransactionReport:
    """Readings whose own time could not be read are kept, at the time we heard of them."""
    samples = timed(body.samples, now)
    return body if samples is body.samples else msgspec.structs.replace(body, samples=samples)
