"""Events → what is heard of chargers, and through the watch of each into attempts and faults."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain.attempts.signals import Cleared, Fault, Heard, Step
from domain.attempts.watch import Watch
from domain.chargers import events as charger
from domain.chargers import security
from domain.commands import events as command
from domain.commands.intent import Verdict
from domain.event import Event, Fact, Recorded
from domain.transactions import events as transaction
from projections.attempts.tables import ATTEMPTS, COMMANDS, FAULTS, HEARD, METADATA, WATCHES
from projections.bounds import key_text, number, whole_wh
from projections.machines import Machines, Who, who_in
from projections.read_model import Link, ReadModel
from projections.statements import execute_writes
from projections.streams import session_id, subject_of
from projections.writes import Append, Merge, Write

Row = dict[str, Any]
_WATCHES = Machines(WATCHES, Watch)


class Attempts(ReadModel):
    """How far drivers came, and what was in the way."""

    name, version = "attempts", 1
    tables = METADATA

    def __init__(self) -> None:
        facts: tuple[type[Fact], ...] = (*_HEARD, *_COMMANDS, charger.HandshakeRefused)
        self.topics = frozenset(fact.TOPIC for fact in facts)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """Something heard, a command's row, or somebody who was not let in."""
        event, kind = recorded.event, type(recorded.event.fact)
        if kind is charger.HandshakeRefused:
            return [_refusal(event, recorded.position)]
        writes: list[Write] = []
        if kind in _COMMANDS:
            writes.append(_COMMANDS[kind](event, recorded.position))
        row = _HEARD[kind](event.fact) if kind in _HEARD else None
        if row is not None:
            tenant, key = subject_of(event.originator_id)
            about = {
                "tenant": tenant,
                "charger": key or key_text(getattr(event.fact, "charger", "")),
                "position": recorded.position,
                "at": event.told.recorded_at,
                "event": f"{event.originator_id}@{event.originator_version}",
                "subject": event.originator_id if kind in _OF_A_TRANSACTION else "",
            }
            writes.append(Append(HEARD, {**_SILENT, **about, **row}))
        return writes

    def finish(self, connection: Link, writes: Sequence[Write]) -> None:
        """Feed the watches, in log order."""
        rows = [write.row for write in writes if isinstance(write, Append) and write.table is HEARD]
        if not rows:
            return
        watches = _WATCHES.load(connection, map(who_in, rows))
        made: list[Write] = []
        for row in rows:
            who = who_in(row)
            for out in watches[who].take(heard_of(row)):
                made.append(_written(who, watches[who], out))
        execute_writes(connection, [*made, *_WATCHES.laid_down(watches, rows)])


def heard_of(row: Any) -> Heard:
    """A row of the table as the watch takes it."""
    return Heard(**{name: row[name] for name in Heard.__struct_fields__})


_SILENT: Row = {
    "evse_id": 0,
    "connector_id": 0,
    "word": "",
    "activity": "",
    "code": "",
    "detail": "",
    "number": 0,
    "vendor": "",
    "model": "",
    "firmware": "",
}


def _status(fact: charger.StatusReported) -> Row:
    error = "" if fact.error_code == "NoError" else fact.error_code
    return {
        "kind": "status",
        "evse_id": number(fact.evse_id),
        "connector_id": number(fact.connector_id),
        "word": key_text(fact.status),
        "activity": key_text(fact.activity),
        "code": key_text(error),
        "detail": key_text(" ".join(part for part in (fact.vendor_error_code, fact.info) if part)),
    }


def _booted(fact: charger.Booted) -> Row | None:
    if fact.repeated:
        return None
    return {
        "kind": "booted",
        "vendor": key_text(fact.vendor),
        "model": key_text(fact.model),
        "firmware": key_text(fact.firmware),
    }


def _presented(fact: charger.TokenPresented) -> Row:
    return {"kind": "presented", "word": key_text(fact.verdict), "evse_id": number(fact.evse_id or 0)}


def _started(fact: transaction.Started) -> Row:
    return {"kind": "started", "word": key_text(fact.verdict), "evse_id": number(fact.evse_id)}


def _failed(fact: command.Failed) -> Row:
    return {"kind": "callerror", "code": key_text(fact.code), "detail": key_text(fact.description)}


def _suppressed(fact: charger.FramesSuppressed) -> Row:
    return {"kind": "rubbish", "code": "Suppressed", "number": fact.frames}


def _rejected(fact: charger.FrameRejected) -> Row:
    detail = " ".join(part for part in (fact.action, fact.description) if part)
    return {"kind": "rubbish", "code": key_text(fact.code), "detail": key_text(detail)}


def _security(fact: security.SecurityEventReported) -> Row:
    return {"kind": "security", "word": key_text(fact.kind), "detail": key_text(fact.info)}


_HEARD: dict[type[Fact], Callable[[Any], Row | None]] = {
    charger.Connected: lambda fact: {"kind": "connected", "word": fact.protocol},
    charger.Booted: _booted,
    charger.StatusReported: _status,
    charger.TokenPresented: _presented,
    charger.FrameRejected: _rejected,
    charger.FramesSuppressed: _suppressed,
    security.SecurityEventReported: _security,
    command.Failed: _failed,
    transaction.Started: _started,
    transaction.Ended: lambda fact: {"kind": "ended", "word": key_text(fact.reason)},
    transaction.EnergySettled: lambda fact: {
        "kind": "settled",
        "number": max(0, whole_wh(fact.energy_wh) or 0),
    },
}
_OF_A_TRANSACTION = frozenset({transaction.Started, transaction.Ended, transaction.EnergySettled})


def _written(who: Who, watch: Watch, out: Step | Fault | Cleared) -> Write:
    if isinstance(out, Cleared):
        return Merge(FAULTS, (who[0], out.fault), {"cleared_at": out.at, "cleared_position": out.position})
    nature = {
        "protocol": watch.protocol,
        "vendor": watch.vendor,
        "model": watch.model,
        "firmware": watch.firmware,
    }
    if isinstance(out, Fault):
        return Merge(FAULTS, (who[0], out.position), {"charger": who[1], **_fault(out), **nature})
    values: Row = {
        "evse_id": out.evse_id,
        "events": [f"{out.position:015d} {out.name} {out.event}"],
    }
    first = {"begun_at": out.begun_at, **nature, f"{out.name}_position": out.position}
    if out.name in ("authorised", "refused"):
        first["verdict"] = out.word
    if out.name == "stopped":
        values |= {"reason": out.word, "proper": out.proper}
    if out.session:
        values["session"] = session_id(out.session)
    return Merge(ATTEMPTS, (*who, out.attempt), values, {k: v for k, v in first.items() if v is not None})


def _fault(out: Fault) -> Row:
    names = ("kind", "code", "detail", "evse_id", "connector_id", "at", "count", "event")
    return {name: getattr(out, name) for name in names}


def _refusal(event: Event[Any], position: int) -> Write:
    """Of anybody; whose id nobody knows is no charger."""
    fact: charger.HandshakeRefused = event.fact
    values = {
        "charger": key_text(fact.cpid.upper()) if fact.known else "",
        "kind": "refused",
        "code": key_text(fact.reason),
        "detail": key_text(f"{fact.cpid} from {fact.remote}"),
        "evse_id": 0,
        "connector_id": 0,
        "at": event.told.recorded_at,
        "count": fact.count,
        "event": f"{event.originator_id}@{event.originator_version}",
    }
    return Merge(FAULTS, (event.tenant, position), values)


def _requested(event: Event[Any], position: int) -> Write:
    values = {
        "charger": event.fact.charger,
        "intent": type(event.fact.intent).name(),
        "requested_at": event.told.recorded_at,
        "requested_position": position,
    }
    return Merge(COMMANDS, _command(event), values)


def _outcome(word: str) -> Callable[[Event[Any], int], Write]:
    def tell(event: Event[Any], position: int) -> Write:
        first = {"outcome": word, "outcome_position": position}
        return Merge(COMMANDS, _command(event), {"charger": event.fact.charger}, first)

    return tell


def _answered(event: Event[Any], position: int) -> Write:
    agreed = event.fact.answer.verdict is Verdict.AGREED
    return _outcome("agreed" if agreed else "refused")(event, position)


def _observed(event: Event[Any], position: int) -> Write:
    values = {"charger": event.fact.charger}
    return Merge(COMMANDS, _command(event), values, {"observed_position": position})


def _command(event: Event[Any]) -> tuple[str, str]:
    _, tenant, name = event.originator_id.split("/", 2)
    return tenant, name


_COMMANDS: dict[type[Fact], Callable[[Event[Any], int], Write]] = {
    command.Requested: _requested,
    command.Answered: _answered,
    command.Failed: _outcome("failed"),
    command.TimedOut: _outcome("timed_out"),
    command.OutcomeUnknown: _outcome("unknown"),
    command.Cancelled: _outcome("cancelled"),
    command.EffectObserved: _observed,
}
