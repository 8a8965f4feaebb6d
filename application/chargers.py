"""Chargers: boot, heartbeat and status as they tell them; registration and acceptance as operators decide."""

from application.desk import Desk
from application.reports import Decision, Time
from application.rules import Rules
from domain.chargers.boot import BootReport
from domain.chargers.events import DataTransferred, HeartbeatReceived, StatusReported
from domain.event import Fact, Told
from domain.transactions.report import Phase, TransactionReport

CHARGING_STATES = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})
"""1.6 tells the charging state in its connector status; 2.x in the TransactionEvent (glossary)."""


async def decide_boot(desk: Desk, report: BootReport, told: Told, rules: Rules) -> Decision:
    """BootNotification: the operator's standing decision, an interval of its own, our time."""
    now = told.recorded_at
    answer, fact = desk.charger.boot(report, told.connection, now, rules.heartbeat_s)
    return Decision(answer, [(desk.charger, [fact, *desk.charger.settle_acceptance(now)])])


async def decide_heartbeat(desk: Desk, fact: HeartbeatReceived, told: Told, rules: Rules) -> Decision:
    """Heartbeat: our time."""
    return Decision(Time(told.recorded_at), [(desk.charger, [fact])])


async def decide_data_transfer(desk: Desk, fact: DataTransferred, told: Told, rules: Rules) -> Decision:
    """DataTransfer: recorded; the fact says what is answered."""
    return Decision(fact, [(desk.charger, [fact])])


async def decide_status(desk: Desk, fact: StatusReported, told: Told, rules: Rules) -> Decision:
    """StatusNotification: recorded; in 1.6 it also tells the charging state of the running transaction."""
    facts: list[Fact] = [fact, *desk.charger.skew(told.occurred_at, told.recorded_at)]
    decision = Decision(None, [(desk.charger, facts)])
    if fact.activity in CHARGING_STATES and fact.evse_id:
        running = desk.charger.running_on(fact.evse_id, fact.connector_id)
        if len(running) == 1:
            transaction = await desk.transaction(running[0].stream)
            at = told.occurred_at or told.recorded_at
            report = TransactionReport(phase=Phase.UPDATED, at=at, charging_state=fact.activity)
            if fact.activity != transaction.charging_state and transaction.ended_at is None:
                decision.changes.append((transaction, transaction.update(report, at, "")))
    return decision
