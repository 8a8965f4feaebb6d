"""What is told of commands: asked, sent, ended, and what followed. Contents are for `GET /commands/{id}`."""

from collections.abc import Mapping
from typing import Any

from domain.commands import events as command
from domain.commands.intent import Verdict
from domain.event import Event, Fact
from projections.live.message import Message, Teller, about_charger

Told = list[Message]
A = Event[Any]


def _message(fact: command.CommandFact, event: A, kind: str, **values: Any) -> Told:
    name = event.originator_id.rsplit("/", 1)[1]
    return [about_charger(event, fact.charger, kind, command=name, **values)]


def _requested(fact: command.Requested, event: A) -> Told:
    return _message(
        fact,
        event,
        "command.queued",
        action=fact.intent.name(),
        by=event.told.actor,
        reason=fact.reason,
        send_before=fact.send_before,
    )


def _sent(fact: command.Sent, event: A) -> Told:
    return _message(fact, event, "command.sent", ocpp_action=fact.action, ocpp_message_id=fact.message_id)


def _answered(fact: command.Answered, event: A) -> Told:
    agreed = fact.answer.verdict is Verdict.AGREED
    return _message(
        fact,
        event,
        "command.succeeded" if agreed else "command.rejected",
        status=fact.answer.status,
        reason=fact.answer.reason,
        latency_ms=fact.latency_ms,
    )


def _failed(fact: command.Failed, event: A) -> Told:
    return _message(fact, event, "command.failed", code=fact.code, description=fact.description)


def _timed_out(fact: command.TimedOut, event: A) -> Told:
    return _message(fact, event, "command.timed_out", after_s=fact.after_s)


def _unknown(fact: command.OutcomeUnknown, event: A) -> Told:
    return _message(fact, event, "command.unknown", why=fact.why)


def _cancelled(fact: command.Cancelled, event: A) -> Told:
    return _message(fact, event, "command.cancelled", why=fact.why)


def _progressed(fact: command.Progressed, event: A) -> Told:
    return _message(fact, event, "command.effect", state="under_way", effect=fact.step)


def _observed(fact: command.EffectObserved, event: A) -> Told:
    return _message(fact, event, "command.effect", state="observed", effect=fact.effect, after_s=fact.after_s)


def _effect_failed(fact: command.EffectFailed, event: A) -> Told:
    return _message(fact, event, "command.effect", state="failed", effect=fact.effect)


def _missing(fact: command.EffectMissing, event: A) -> Told:
    return _message(
        fact, event, "command.effect", state="missing", effect=fact.expected, within_s=fact.within_s
    )


TOLD: Mapping[type[Fact], Teller] = {
    command.Requested: _requested,
    command.Sent: _sent,
    command.Answered: _answered,
    command.Failed: _failed,
    command.TimedOut: _timed_out,
    command.OutcomeUnknown: _unknown,
    command.Cancelled: _cancelled,
    command.Progressed: _progressed,
    command.EffectObserved: _observed,
    command.EffectFailed: _effect_failed,
    command.EffectMissing: _missing,
}
