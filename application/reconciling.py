"""The session reconciler: transactions that run in the books only are marked, waited for, and closed in the end.

A charger that lost the end of a transaction (a power cut, a queue that was emptied) would leave it running for
ever. Two steps, hours apart: what is evidently over is marked as waiting for its end; and when that does not
come, it is closed with what was measured. Energy is never invented, and a late StopTransaction still counts.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from application.desk import Desk
from application.ports import EventStore, VersionConflict
from application.reports import Aggregate
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.events import TransactionClosed
from domain.chargers.provisioning import Standing
from domain.chargers.running import OpenTransaction
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId
from domain.transactions.events import Staleness
from domain.transactions.transaction import Transaction

log = logging.getLogger("zeus.jobs")

ACTOR = "job:session_reconciler"
SETTLE = timedelta(minutes=10)
"""A charger that was offline says that its connector is free before it sends what it had kept."""
FREE = "Available"


class Reconciled(msgspec.Struct):
    """What one look came to."""

    stale: int = 0
    closed: int = 0


async def reconcile(
    store: EventStore, charger: ChargerId, waiting: Iterable[str], now: datetime, close_after: timedelta
) -> Reconciled:
    """Look at the open transactions of a charger, and at those of the streams in `waiting`.

    Harmless when repeated, and done twice at once it is done once. Raises EventStoreError.
    """
    found = Reconciled()
    desk = Desk(store, await load_charger(store, charger))
    for stream in dict.fromkeys((*desk.charger.open, *waiting)):
        transaction = await desk.transaction(stream)
        running = desk.charger.open.get(stream)
        try:
            if running is not None and (why := staleness(desk.charger, running, transaction, now)):
                found.stale += await _mark(desk, transaction, why, now)
            found.closed += await _close(desk, transaction, now, close_after)
        except VersionConflict:  # the charger spoke: the next look knows more
            await desk.reload()
    return found


def staleness(
    charger: Charger, running: OpenTransaction, transaction: Transaction, now: datetime
) -> Staleness | None:
    """What says that a transaction is over; None while nothing does.

    A free connector does, if it was called free after the start, by the order of the log, and nothing was
    heard of the transaction since. Of a charger that is away nothing is known.
    """
    if charger.standing is Standing.RETIRED:
        return Staleness.CHARGER_RETIRED
    doing = charger.doing(running.evse_id, running.connector_id)
    if not charger.connection or doing.status != FREE or doing.heard_at is None:
        return None
    if doing.told <= running.opened or now - doing.heard_at < SETTLE:
        return None
    if transaction.heard_at is not None and transaction.heard_at > doing.heard_at:
        return None
    return Staleness.CONNECTOR_FREE


async def _mark(desk: Desk, transaction: Transaction, why: Staleness, now: datetime) -> int:
    facts = transaction.find_stale(why)
    if facts:
        await _commit(desk, [(transaction, facts)], now)
    return len(facts)


async def _close(desk: Desk, transaction: Transaction, now: datetime, after: timedelta) -> int:
    facts = transaction.close_unreported(now, after)
    if not facts:
        return 0
    changes: list[tuple[Aggregate, list[Fact]]] = [(transaction, facts)]
    if transaction.stream in desk.charger.open:
        changes.append((desk.charger, [TransactionClosed(transaction.stream)]))
    if transaction.id_token is not None and transaction.id_token.value:
        record = await desk.token(transaction.id_token)
        if returned := record.give_back(transaction.stream):
            changes.append((record, returned))
    await _commit(desk, changes, now)
    return 1


async def _commit(desk: Desk, changes: list[tuple[Aggregate, list[Fact]]], now: datetime) -> None:
    told = Told(recorded_at=now, actor=ACTOR)
    events: list[Event[Fact]] = []
    for aggregate, facts in changes:
        events += events_of(aggregate.stream, aggregate.version, facts, told)
    await desk.store.append(events)
    desk.settle_in(events, {aggregate.stream: aggregate for aggregate, _ in changes})
