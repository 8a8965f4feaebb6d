"""Transactions: which one a report means, what it changes, and what the charger is told."""

from datetime import datetime

import msgspec

from application.desk import Desk
from application.id_tokens import judge
from application.reports import Aggregate, Decision, TransactionAnswer
from application.rules import Rules
from domain.chargers.events import (
    MessageRepeated,
    Metered,
    TransactionClosed,
    TransactionOpened,
)
from domain.chargers.running import OpenTransaction
from domain.event import Fact, Told
from domain.id_tokens.id_token import Authorization, TokenRecord, Verdict
from domain.transactions.anomalies import Anomaly
from domain.transactions.events import ChargingStateChanged, NumberClaimed
from domain.transactions.report import Phase, TransactionReport
from domain.transactions.transaction import Transaction, key_of, transaction_stream

Changes = list[tuple[Aggregate, list[Fact]]]


async def decide(desk: Desk, report: TransactionReport, told: Told, rules: Rules) -> Decision:
    """Start, progress or end of a transaction; never refused, whatever it surprises us with."""
    at = report.at or told.recorded_at
    if report.phase is Phase.STARTED:
        return await _start(desk, report, at, told, rules)
    transaction, flags = await _transaction_meant(desk, report, told)
    if transaction is None:
        return _readings_without_transaction(desk, report)
    if transaction.is_repetition(report):
        return await _repeated(desk, transaction, report, told, rules)
    if report.phase is Phase.ENDED:
        return await _end(desk, transaction, report, at, told, rules, flags)
    return await _update(desk, transaction, report, at, told, rules)


async def _start(desk: Desk, report: TransactionReport, at: datetime, told: Told, rules: Rules) -> Decision:
    transaction, flags = await _transaction_to_start(desk, report, told)
    if transaction.is_repetition(report):
        return await _repeated(desk, transaction, report, told, rules)
    charger = desk.charger
    on_charger: list[Fact] = []
    changes: Changes = []
    authorization = None
    superseded = [] if transaction.ended_at is not None else await _superseded_by(desk, transaction, report)
    returned = await _given_back(desk, superseded)
    if report.id_token is not None:
        over = [transaction.stream, *(other.stream for other in superseded)]
        authorization, record = await judge(desk, report.id_token, told.recorded_at, rules, over)
        if authorization.verdict is not Verdict.ACCEPTED:
            flags.append(Anomaly.TOKEN_REFUSED)
        elif record is not None and transaction.ended_at is None:
            known, given_back = returned.pop(record.stream, (record, []))
            if facts := [*given_back, *record.take_up(transaction.stream)]:
                changes.append((known, facts))
    changes += [(record, facts) for record, facts in returned.values()]
    number = 0
    if not report.reference:
        number, claim = desk.new_number()
        changes.append((claim, [NumberClaimed(number, transaction.stream)]))
    if transaction.ended_at is None:
        if superseded:
            flags.append(Anomaly.BUSY_CONNECTOR)
        for other in superseded:
            if facts := other.supersede(transaction.stream):
                changes.append((other, facts))
            on_charger.append(TransactionClosed(other.stream))
        on_charger.append(_opened(transaction.stream, report, at, number))
    report, later = _with_charging_state(desk, report, at)
    verdict = authorization.verdict if authorization else ""
    facts = [*transaction.start(report, at, number, verdict, flags), *later]
    if on_charger:
        changes.append((charger, on_charger))
    return Decision(TransactionAnswer(number, authorization), [(transaction, facts), *changes])


async def _transaction_to_start(
    desk: Desk, report: TransactionReport, told: Told
) -> tuple[Transaction, list[Anomaly]]:
    stream = transaction_stream(desk.charger.id, await _key_of(desk, report, told))
    transaction = await desk.transaction(stream)
    ended_at, started_at = transaction.ended_at, transaction.started_at
    if report.reference and report.at and started_at and report.at > max(ended_at or started_at, started_at):
        # Chargers exist that count their 2.x transaction ids from 1 again after a restart. A repeated
        # Started has the time of the first; one that is later is another transaction.
        again = await desk.transaction(f"{stream}~{report.at:%Y%m%dT%H%M%S}")
        return again, [Anomaly.REFERENCE_REUSED]
    return transaction, []


async def _key_of(desk: Desk, report: TransactionReport, told: Told) -> str:
    if report.reference or report.id_token is None:
        return key_of(report, told.recorded_at)
    return key_of(report, told.recorded_at, await desk.pseudonym(report.id_token))


async def _superseded_by(
    desk: Desk, transaction: Transaction, report: TransactionReport
) -> list[Transaction]:
    """What still runs on the connector: its end was lost, or comes late; an unknown EVSE displaces none."""
    if not report.evse_id:
        return []
    running = desk.charger.running_on(report.evse_id, report.connector_id or 0)
    return [await desk.transaction(one.stream) for one in running if one.stream != transaction.stream]


async def _given_back(desk: Desk, superseded: list[Transaction]) -> dict[str, tuple[TokenRecord, list[Fact]]]:
    """The tokens of superseded transactions: a lost end must not lock its driver out for ever."""
    returned: dict[str, tuple[TokenRecord, list[Fact]]] = {}
    for other in superseded:
        if other.id_token is None or not other.id_token.value:
            continue
        record = await desk.token(other.id_token)
        record, facts = returned.get(record.stream, (record, []))
        if more := record.give_back(other.stream):
            returned[record.stream] = record, [*facts, *more]
    return returned


CHARGING_STATES = {
    "Preparing": "EVConnected",
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
}
"""What 1.6 says of a connector → the charging state of the transaction on it (2.x ChargingStateEnumType)."""


def _with_charging_state(
    desk: Desk, report: TransactionReport, at: datetime
) -> tuple[TransactionReport, list[Fact]]:
    """1.6 tells the charging state beside the transaction, before StartTransaction or (sent late) after."""
    if report.reference or report.charging_state:
        return report, []
    doing = desk.charger.doing(report.evse_id or 0, report.connector_id or 0)
    state = CHARGING_STATES.get(doing.activity, "")
    if not state or doing.at is None:
        return report, []
    if doing.at <= at:
        return msgspec.structs.replace(report, charging_state=state), []
    return report, [ChargingStateChanged(state=state, at=doing.at)]


async def _transaction_meant(
    desk: Desk, report: TransactionReport, told: Told
) -> tuple[Transaction | None, list[Anomaly]]:
    """The transaction an update or end names; an end nobody can place gets a stream of its own."""
    running = desk.charger.find(reference=report.reference, number=report.number)
    if running is not None:
        return await desk.transaction(running.stream), []
    if report.reference:
        return await desk.transaction(_stream_named(desk, report)), []
    anomaly = Anomaly.NUMBER_MINUS_ONE
    if report.number is not None and report.number > 0:
        claim = await desk.number(report.number)
        if claim.version and claim.transaction.startswith(transaction_stream(desk.charger.id, "")):
            return await desk.transaction(claim.transaction), []
        anomaly = Anomaly.FOREIGN_NUMBER if claim.version else Anomaly.UNKNOWN_NUMBER
    if report.phase is Phase.UPDATED:
        return None, [anomaly]
    stream = transaction_stream(desk.charger.id, await _key_of(desk, report, told))
    return await desk.transaction(stream), [anomaly]


def _stream_named(desk: Desk, report: TransactionReport) -> str:
    """The stream of a 2.x transaction that is not open: of its newest use, unless the report is older."""
    stream = desk.charger.reused.get(report.reference, "")
    if stream and (report.at is None or f"{report.at:%Y%m%dT%H%M%S}" >= stream.rpartition("~")[2]):
        return stream
    return transaction_stream(desk.charger.id, report.reference)


def _readings_without_transaction(desk: Desk, report: TransactionReport) -> Decision:
    """1.6 errata 3.18: readings for transaction -1 are answered as valid; they stay with the connector."""
    fact = Metered(
        evse_id=report.evse_id or 0,
        connector_id=report.connector_id or 0,
        samples=report.samples,
        claimed_transaction="" if report.number is None else str(report.number),
    )
    return Decision(TransactionAnswer(), [(desk.charger, [fact])])


async def _update(
    desk: Desk, transaction: Transaction, report: TransactionReport, at: datetime, told: Told, rules: Rules
) -> Decision:
    authorization = await _authorization(desk, transaction, report, told, rules)
    facts = transaction.update(report, at, authorization.verdict if authorization else "")
    changes: Changes = [(transaction, facts), *await _taken_up(desk, transaction, report, authorization)]
    running = desk.charger.open.get(transaction.stream)
    placed = running is not None and not running.evse_id and bool(report.evse_id)
    if transaction.version == 0 or placed:  # 2.x may tell the EVSE only once the cable is plugged in
        started_at = transaction.started_at or at
        changes.append((desk.charger, [_opened(transaction.stream, report, started_at, transaction.number)]))
    return Decision(TransactionAnswer(transaction.number, authorization), changes)


async def _taken_up(
    desk: Desk, transaction: Transaction, report: TransactionReport, authorization: Authorization | None
) -> Changes:
    """2.x with the cable first (E02): the token comes after the start, and counts from then on."""
    token, own = report.id_token, transaction.id_token
    if token is None or not token.value or transaction.ended_at is not None:
        return []
    if own is not None and own.key != token.key:  # somebody else's card, say a master pass
        return []
    if authorization is None or authorization.verdict is not Verdict.ACCEPTED:
        return []
    record = await desk.token(token)
    taken = record.take_up(transaction.stream)
    return [(record, taken)] if taken else []


async def _end(
    desk: Desk,
    transaction: Transaction,
    report: TransactionReport,
    at: datetime,
    told: Told,
    rules: Rules,
    flags: list[Anomaly],
) -> Decision:
    authorization = await _authorization(desk, transaction, report, told, rules)
    changes: Changes = [(transaction, transaction.end(report, at, flags))]
    if transaction.stream in desk.charger.open:
        changes.append((desk.charger, [TransactionClosed(transaction.stream)]))
    if transaction.id_token is not None and transaction.id_token.value:
        record = await desk.token(transaction.id_token)
        if returned := record.give_back(transaction.stream):
            changes.append((record, returned))
    return Decision(TransactionAnswer(transaction.number, authorization), changes)


async def _authorization(
    desk: Desk, transaction: Transaction, report: TransactionReport, told: Told, rules: Rules
) -> Authorization | None:
    if report.id_token is None:
        return None
    limited = report.phase is not Phase.ENDED  # `ConcurrentTx` does not stop anybody from stopping
    authorization, _ = await judge(
        desk, report.id_token, told.recorded_at, rules, (transaction.stream,), limited=limited
    )
    return authorization


async def _repeated(
    desk: Desk, transaction: Transaction, report: TransactionReport, told: Told, rules: Rules
) -> Decision:
    """The same answer as the first time: the number it has, the verdict it got."""
    authorization = None
    if report.id_token is not None:
        authorization = await _authorization(desk, transaction, report, told, rules)
        if authorization and report.phase is Phase.STARTED and transaction.verdict:
            authorization = msgspec.structs.replace(authorization, verdict=Verdict(transaction.verdict))
    fact = MessageRepeated(action=f"transaction.{report.phase}", first=transaction.stream)
    return Decision(TransactionAnswer(transaction.number, authorization), [(desk.charger, [fact])])


def _opened(stream: str, report: TransactionReport, at: datetime, number: int) -> TransactionOpened:
    return TransactionOpened(
        transaction=stream,
        evse_id=report.evse_id or 0,
        connector_id=report.connector_id or 0,
        started_at=at,
        reference=report.reference,
        number=number,
    )


async def decide_readings(desk: Desk, fact: Metered, told: Told, rules: Rules) -> Decision:
    """Readings that name no transaction: given to the one running on the connector, if it is the only one."""
    running = _only_one_running(desk, fact) if fact.evse_id else None
    if running is None:
        return Decision(TransactionAnswer(), [(desk.charger, [fact])])
    transaction = await desk.transaction(running.stream)
    at = fact.samples[-1].at if fact.samples else told.recorded_at
    report = TransactionReport(
        phase=Phase.UPDATED, at=at, evse_id=fact.evse_id, connector_id=fact.connector_id, samples=fact.samples
    )
    if transaction.is_repetition(report):
        return await _repeated(desk, transaction, report, told, rules)
    facts = transaction.update(report, at, "", [Anomaly.ATTRIBUTED])
    return Decision(TransactionAnswer(), [(transaction, facts)])


def _only_one_running(desk: Desk, fact: Metered) -> OpenTransaction | None:
    if not fact.connector_id:  # 2.x J01: MeterValues are what belongs to no transaction
        return None
    running = desk.charger.running_on(fact.evse_id, fact.connector_id)
    earliest = min((sample.at for sample in fact.samples), default=None)
    if len(running) != 1 or earliest is None or earliest < running[0].started_at:
        return None
    return running[0]
