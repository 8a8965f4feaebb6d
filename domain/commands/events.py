"""Facts of a command's life: requested, sent, settled in one of six ways, and what followed at the charger."""

from datetime import datetime
from enum import StrEnum

from domain.commands.intent import Answer
from domain.commands.intents import AnyIntent
from domain.event import Fact


class CommandFact(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Every fact of a command names the charger it is for; the stream is `command/<tenant>/<id>`."""

    charger: str
    """The charger's key."""


class Requested(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants something of a charger; who, stands in `told.actor`."""

    TOPIC = "command.requested"
    intent: AnyIntent
    send_before: datetime
    """Not sent by then: given up (our clock, UTC). Nothing is executed late."""
    answer_within_s: int
    """How long the charger has to answer, from the moment its frame leaves."""
    protocol: str = ""
    """The OCPP version of the connection it was requested for."""
    connection: str = ""
    """The connection it was requested for, empty where any will do."""
    reason: str = ""
    """Why, in the words of whoever asked."""


class Sent(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The frame is about to leave; recorded first, so that a command that may have left is never called unsent."""

    TOPIC = "command.sent"
    action: str
    """The action on the wire."""
    message_id: str
    connection: str
    gateway: str
    answer_before: datetime


class Answered(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger answered: it agreed or refused. The frame is its answer."""

    TOPIC = "command.answered"
    answer: Answer
    latency_ms: int


class Failed(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger answered an error, or something that is no answer; nothing was done."""

    TOPIC = "command.failed"
    code: str
    """The OCPP error code, or `InvalidAnswer` where its answer breaks the schema."""
    description: str = ""
    latency_ms: int = 0


class TimedOut(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger stayed connected and did not answer in time; it may have acted."""

    TOPIC = "command.timed_out"
    after_s: int


class OutcomeUnknown(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The connection or our process ended after the frame may have left; the charger may have acted."""

    TOPIC = "command.outcome_unknown"
    why: str


class Cancelled(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """It never left: the charger was gone, the time to send was over, or the message could not be made."""

    TOPIC = "command.cancelled"
    why: str


class AnsweredLate(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """An answer after the command was settled: changes nothing, and is kept."""

    TOPIC = "command.answered_late"
    answer: Answer | None = None
    code: str = ""
    """The OCPP error code, where the late answer is an error."""


class EffectObserved(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for happened at the charger."""

    TOPIC = "command.effect_observed"
    effect: str
    """In words, such as `the transaction started`, `Installed`."""
    event: str
    """`stream@version` of the event that shows it."""
    after_s: float
    """From the answer (from sending, where there was none) to the event; our clock."""


class Progressed(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """A step on the way to the effect, such as `Downloading`."""

    TOPIC = "command.progressed"
    step: str
    event: str


class EffectFailed(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger agreed, and then told that it could not, such as `InstallationFailed`."""

    TOPIC = "command.effect_failed"
    effect: str
    event: str


class EffectMissing(CommandFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger agreed, but nothing followed in time."""

    TOPIC = "command.effect_missing"
    expected: str
    within_s: int


class State(StrEnum):
    """Where a command is; the last six are final."""

    QUEUED = "queued"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


FINAL = frozenset(
    {State.SUCCEEDED, State.REJECTED, State.FAILED, State.TIMED_OUT, State.UNKNOWN, State.CANCELLED}
)


class NumberGiven(Fact, frozen=True, kw_only=True):
    """A charger was given a number that it will name: nobody else may."""

    TOPIC = "command.number_given"
    kind: str
    """`request` or `reservation`."""
    number: int
    charger: str
    """The key of the charger."""
