"""The life of a command → its row."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from domain.commands import events as command
from domain.commands.events import State
from domain.commands.intent import Verdict
from domain.event import Event, Fact, Recorded
from projections.commands.tables import COMMANDS, METADATA
from projections.read_model import ReadModel
from projections.writes import Update, Upsert, Write

Values = dict[str, Any]


class Commands(ReadModel):
    """Commands and how they ended."""

    name, version = "commands", 1
    tables = METADATA

    def __init__(self) -> None:
        facts: tuple[type[Fact], ...] = (command.Requested, *_CHANGES)
        self.topics = frozenset(fact.TOPIC for fact in facts)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """The row, or what changes of it."""
        event: Event[Any] = recorded.event
        _, tenant, name = event.originator_id.split("/")
        if isinstance(event.fact, command.Requested):
            return [Upsert(COMMANDS, (tenant, name), _requested(event.fact, event))]
        values = _CHANGES[type(event.fact)](event.fact, event)
        return [Update(COMMANDS, {"tenant": tenant, "id": name}, values)]


def _requested(fact: command.Requested, event: Event[Any]) -> Values:
    return {
        "charger": fact.charger,
        "intent": fact.intent.name(),
        "request": msgspec.to_builtins(fact.intent, str_keys=True),
        "state": State.QUEUED,
        "requested_by": event.told.actor,
        "reason": fact.reason or None,
        "requested_at": event.told.recorded_at,
        "send_before": fact.send_before,
        "protocol": fact.protocol or None,
    }


def _sent(fact: command.Sent, event: Event[Any]) -> Values:
    return {
        "state": State.SENT,
        "action": fact.action,
        "sent_at": event.told.recorded_at,
        "answer_before": fact.answer_before,
        "gateway": fact.gateway,
    }


def _ended(state: State, event: Event[Any], **more: Any) -> Values:
    return {"state": state, "finished_at": event.told.recorded_at, **more}


def _answered(fact: command.Answered, event: Event[Any]) -> Values:
    state = State.SUCCEEDED if fact.answer.verdict is Verdict.AGREED else State.REJECTED
    return _ended(
        state,
        event,
        status=fact.answer.status or None,
        why=fact.answer.reason or None,
        latency_ms=fact.latency_ms,
    )


def _failed(fact: command.Failed, event: Event[Any]) -> Values:
    return _ended(
        State.FAILED, event, code=fact.code, why=fact.description or None, latency_ms=fact.latency_ms
    )


def _followed(seen: str, words: str, event: Event[Any], after_s: float | None = None) -> Values:
    return {
        "effect": words,
        "effect_seen": seen,
        "effect_at": event.told.recorded_at,
        "effect_after_s": after_s,
    }


_CHANGES: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    command.Sent: _sent,
    command.Answered: _answered,
    command.Failed: _failed,
    command.TimedOut: lambda fact, event: _ended(
        State.TIMED_OUT, event, why=f"no answer within {fact.after_s} s"
    ),
    command.OutcomeUnknown: lambda fact, event: _ended(State.UNKNOWN, event, why=fact.why),
    command.Cancelled: lambda fact, event: _ended(State.CANCELLED, event, why=fact.why),
    command.Progressed: lambda fact, _: {"step": fact.step},
    command.EffectObserved: lambda fact, event: _followed("observed", fact.effect, event, fact.after_s),
    command.EffectFailed: lambda fact, event: _followed("failed", fact.effect, event),
    command.EffectMissing: lambda fact, event: _followed("missing", fact.expected, event),
}
