"""The life of a command in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.commands import events as command
from domain.commands.intent import Answer, Intent, Verdict
from domain.event import Fact
from domain.identity import IdToken


def wanted(intent: Intent) -> str:
    """The intent with what was said of it, such as `Reset (hard yes)`; tokens only by their ends."""
    parts = [
        f"{field.name.replace('_', ' ')} {_shown(field.name, getattr(intent, field.name))}"
        for field in msgspec.structs.fields(intent)
        if getattr(intent, field.name) not in (None, "", (), {}, 0, field.default)
    ]
    return intent.name() + (f" ({', '.join(parts)})" if parts else "")


def _shown(name: str, value: Any) -> str:
    if name == "location":  # a signed link is a key: where it leads is enough
        before, ours, _ = str(value).partition("/artefacts/")
        return f"{before}{ours}…" if ours else before
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | IdToken):
        return str(value)
    if isinstance(value, dict):
        return ", ".join(str(name) for name in value)
    if isinstance(value, tuple):
        return f"{len(value)}" if value and not isinstance(value[0], str) else ", ".join(value)
    return "as in the event" if isinstance(value, msgspec.Struct) else str(value)


def _requested(fact: command.Requested) -> str:
    why = f" because: {fact.reason}" if fact.reason else ""
    return f"Wanted of {fact.charger}: {wanted(fact.intent)}{why}."


def _answered(fact: command.Answered) -> str:
    word = "Agreed" if fact.answer.verdict is Verdict.AGREED else "Refused"
    return f"{word}{_status(fact.answer)} after {fact.latency_ms} ms."


def _status(answer: Answer) -> str:
    words = " ".join(part for part in (answer.status, answer.reason) if part)
    return f": {words}" if words else ""


def _late(fact: command.AnsweredLate) -> str:
    said = fact.code or (_status(fact.answer).removeprefix(": ") if fact.answer else "")
    return f"An answer came too late{f': {said}' if said else ''}; it changes nothing."


def _failed(fact: command.Failed) -> str:
    return f"Answered with the error {fact.code}{f': {fact.description}' if fact.description else ''}."


SENTENCES: Mapping[type[Fact], Callable[[Any], str]] = {
    command.Requested: _requested,
    command.Sent: lambda fact: f"Sent as {fact.action}.",
    command.Answered: _answered,
    command.Failed: _failed,
    command.TimedOut: lambda fact: f"No answer within {fact.after_s} s; it may have been done.",
    command.OutcomeUnknown: lambda fact: f"Outcome unknown: {fact.why}. It may have been done.",
    command.Cancelled: lambda fact: f"Not sent: {fact.why}.",
    command.AnsweredLate: _late,
    command.Progressed: lambda fact: f"On the way: {fact.step}.",
    command.EffectObserved: lambda fact: f"It happened: {fact.effect}, after {fact.after_s:.1f} s.",
    command.EffectFailed: lambda fact: f"It went wrong: {fact.effect}.",
    command.EffectMissing: lambda fact: (
        f"Accepted, but nothing followed in {fact.within_s} s ({fact.expected} was expected)."
    ),
    command.NumberGiven: lambda fact: f"{fact.kind.capitalize()} {fact.number} is of {fact.charger}.",
}
"""Fact → its sentence."""
