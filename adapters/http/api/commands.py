"""`/commands`: what was asked of chargers, what they said, and what followed; and how an answer is made of it."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import Field

from adapters.http.action import Answered, Doing
from adapters.http.api.values import charger_key
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from adapters.http.services import Services
from adapters.ocpp.secrets import without_links, without_secrets
from application.command_book import CommandUnknown
from application.command_refusals import (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    KeyReused,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
)
from application.commands import Wish
from application.fleet import FleetUnavailable
from application.narrative import sentence
from application.ports import AnyEvent, StoreUnavailable
from application.registry import ChargerUnknown
from domain.commands.command import Command
from domain.commands.events import State
from domain.commands.intent import Answer
from domain.commands.intents import AnyIntent
from domain.identity import ChargerId
from projections.commands import queries

COMMANDING = (
    "not_found",
    "offline",
    "busy",
    "transaction_active",
    "unsupported_by_charger",
    "callerror",
    "timeout",
    "store_unavailable",
)
"""Errors of every row that asks something of a charger."""


class AnswerShape(Shape):
    """What the charger said."""

    verdict: str = Field(description="`agreed` or `refused`.")
    status: str = Field(description="Its own word, such as `Accepted`, `RebootRequired`, `VersionMismatch`.")
    reason: str = Field(description="Why, where it tells.")
    result: dict[str, Any] = Field(description="What was asked for; docs/commands.md has the shapes.")


class EffectShape(Shape):
    """What followed at the charger."""

    seen: str = Field(description="`observed`, `failed`, or `missing`: accepted, but nothing followed.")
    words: str
    at: datetime
    event: str = Field(description="`stream@version` of the event that shows it.")
    after_s: float | None


class Step(Shape):
    """One event of a command's life."""

    at: datetime
    event: str
    words: str
    actor: str
    frame: str | None = Field(description="The frame as sent or received; secrets are hidden.")


class CommandShape(Shape):
    """A command."""

    id: str
    charger: str
    action: str = Field(description="What was wanted, in the words of docs/commands.md.")
    state: str = Field(
        description="`queued`, `sent`, `succeeded`, `rejected`, `failed`, `timed_out`, `unknown` (the connection "
        "was lost after the frame left: the charger may have acted) or `cancelled` (it never left)."
    )
    request: dict[str, Any]
    answer: AnswerShape | None
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    ocpp_action: str | None
    ocpp_message_id: str | None
    attempts: int = Field(description="How often its frame left: 0 or 1; nothing is repeated by itself.")
    reason: str = Field(description="Why it was asked.")
    why: str = Field(description="Why it ended so.")
    effect: EffectShape | None
    steps: list[str] = Field(description="On the way to the effect, such as `Downloading`.")


class CommandLife(CommandShape):
    """A command with all its events."""

    life: list[Step]


class CommandLine(Shape):
    """A command in a list."""

    id: str
    charger: str
    action: str = Field(validation_alias="intent")
    state: str
    status: str | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    latency_ms: int | None
    why: str | None
    effect: str | None
    effect_seen: str | None


class CommandsQuery(PageQuery):
    """Filters of the list; they are combined with AND. The newest first."""

    charger: str | None = Field(None, max_length=100)
    action: str | None = Field(None, max_length=60)
    state: State | None = None


class OneCommandQuery(Query):
    """Takes no parameters."""


def list_commands(asked: Asked[CommandsQuery]) -> Page[CommandLine]:
    """The newest first."""
    query, tenant = asked.query, asked.caller.tenant
    charger = query.charger
    wanted = queries.CommandFilter(
        charger=None if charger is None else charger_key(tenant, charger) or "",
        intent=query.action,
        state=query.state,
    )
    rows = queries.list_commands(asked.connection, tenant, wanted, after=asked.after, limit=query.limit)
    return asked.page(CommandLine, rows)


async def one_command(doing: Doing[OneCommandQuery, Any]) -> Answered | None:
    """A command as it stands in the log at this moment."""
    services: Services = doing.services
    tenant, name = doing.caller.tenant, doing.path["id"]
    if not name.isalnum() or len(name) > 36:
        name = "0"  # equal work for what cannot be one
    try:
        command, events = await services.commands.book.life(tenant, name)
        return Answered(life_of(command, events))
    except CommandUnknown:
        return None
    except StoreUnavailable as error:
        raise _away() from error


async def ask(
    doing: Doing[Any, Any], intent: AnyIntent, *, force: bool = False, reason: str = "", command_id: str = ""
) -> Answered | None:
    """Ask the charger `{cpid}`, and answer with what it said, or with where to look for that."""
    command = await asked(doing, intent, force=force, reason=reason, command_id=command_id)
    return answer_of(doing, command)


async def asked(
    doing: Doing[Any, Any], intent: AnyIntent, *, force: bool = False, reason: str = "", command_id: str = ""
) -> Command:
    """Ask the charger `{cpid}`; the command as it stands when it is settled, or when the client waits no longer.

    `command_id` is for rows that have to know it beforehand; it is `doing.key` where there is one.
    """
    charger = charger_of(doing)
    wish = Wish(
        intent=intent,
        actor=doing.caller.name,
        cause=doing.request_id,
        reason=reason,
        force=force,
        command_id=command_id or doing.key,
    )
    services: Services = doing.services
    try:
        return await services.commands.request(charger, wish, doing.prefer.wait_s)
    except REFUSALS as error:
        raise problem_of(error) from error


def charger_of(doing: Doing[Any, Any]) -> ChargerId:
    """Whom `{cpid}` names; an id that nobody can have is looked up all the same: equal work."""
    tenant = doing.caller.tenant
    return ChargerId(tenant, charger_key(tenant, doing.path["cpid"]) or "")


REFUSALS = (
    ChargerUnknown,
    ChargerNotConnected,
    ChargerNotAccepted,
    KeyReused,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
    ConnectorBusy,
    StoreUnavailable,
    FleetUnavailable,
)
"""Why nothing was asked."""

_CODES: dict[type[Exception], str] = {
    ChargerUnknown: "not_found",
    TransactionUnknown: "not_found",
    ChargerNotConnected: "offline",
    ChargerNotAccepted: "busy",
    ConnectorBusy: "busy",
    TransactionRunning: "transaction_active",
    KeyReused: "idempotency_mismatch",
    NotPossible: "unsupported_by_charger",
    StoreUnavailable: "store_unavailable",
    FleetUnavailable: "store_unavailable",
}


def problem_of(error: Exception) -> Problem:
    """The problem a caller is told; of what is not to be seen, only that."""
    code = _CODES[type(error)]
    if code == "not_found":
        return Problem("not_found", "There is nothing here that you can see.")
    if code == "store_unavailable":
        return _away()
    words = str(error) if isinstance(error, NotPossible) else (type(error).__doc__ or "")
    return Problem(code, words)


def answer_of(doing: Doing[Any, Any], command: Command) -> Answered:
    """200 with the settled command, 202 with where it will be; a CALLERROR is 502, strict silence 504."""
    check_answered(doing, command)
    return Answered(shape_of(command), 200 if command.settled else 202, location_of(command))


def location_of(command: Command) -> str:
    """Where to look for it."""
    return f"/api/ocpp/commands/{command.id}"


def check_answered(doing: Doing[Any, Any], command: Command) -> None:
    """Raises a 502 Problem for a CALLERROR, and a 504 one for silence where the client is strict."""
    if command.state is State.FAILED:
        raise Problem(
            "callerror",
            f"The charger answered {command.code}: {command.why}",
            extra={"ocpp": {"code": command.code, "description": command.why}, "command": command.id},
        )
    if command.state is State.TIMED_OUT and doing.prefer.strict:
        raise Problem("timeout", command.why, extra={"command": command.id})
    if not command.settled and doing.prefer.strict and doing.prefer.wait_s:
        words = f"No answer within {doing.prefer.wait_s} s; the command goes on."
        raise Problem("timeout", words, extra={"command": command.id})


def shape_of(command: Command) -> CommandShape:
    """In its public shape."""
    return CommandShape.model_validate(_values(command))


def life_of(command: Command, events: list[AnyEvent]) -> CommandLife:
    """With all its events."""
    return CommandLife.model_validate(_values(command) | {"life": [_step(event) for event in events]})


def _values(command: Command) -> dict[str, Any]:
    request = msgspec.to_builtins(command.intent, str_keys=True)
    return {
        "id": command.id,
        "charger": command.charger,
        "action": request.pop("intent"),
        "state": command.state,
        "request": without_links(request),
        "answer": None if command.answer is None else _answer(command.answer),
        "requested_by": command.requested_by,
        "requested_at": command.requested_at,
        "sent_at": command.sent_at,
        "finished_at": command.finished_at,
        "ocpp_action": command.action or None,
        "ocpp_message_id": command.message_id or None,
        "attempts": 1 if command.sent_at else 0,
        "reason": command.reason,
        "why": command.why,
        "effect": None if command.effect is None else msgspec.structs.asdict(command.effect),
        "steps": list(command.steps),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "verdict": answer.verdict,
        "status": answer.status,
        "reason": answer.reason,
        "result": answer.result,
    }


def _step(event: AnyEvent) -> Step:
    frame = event.told.frame
    return Step(
        at=event.told.recorded_at,
        event=event.fact.TOPIC,
        words=sentence(event),
        actor=event.told.actor,
        frame=None if frame is None else without_secrets(frame),
    )


def one_of(name: str, words: str) -> Problem:
    """A part of the body that will not do."""
    return invalid(Fault(f"body.{name}", words))


def _away() -> Problem:
    return Problem(
        "store_unavailable",
        "The event store does not confirm. Look whether it happened, then ask again.",
    )
