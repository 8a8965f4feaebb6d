"""A timeline in words: what happened to a charger or in a session, line by line, and why.

A line is an event. Its cause is named by the event itself: a message of the charger, a request at the API, or
another event (`stream@version`). Followed upwards that is the answer to "why?"; followed downwards, to "and then?".
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from application.narrative import sentence
from domain.commands.events import EffectFailed, EffectObserved, Progressed
from domain.event import Event, Fact, Recorded

NOISE = frozenset(
    {
        "charger.heartbeat_received",
        "charger.clock_skew_measured",
        "connector.metered",
        "transaction.metered",
        "transaction.noted",
        "transaction_number.claimed",
        "monitoring.stream_values_received",
        "device_model.variables_reported",
        "device_model.monitors_reported",
        "id_token.taken_up",
        "id_token.given_back",
        "alarm.repeated",
    }
)
"""What comes by the thousand and says little by itself; a timeline leaves it out unless it is asked for."""

_KINDS = (
    ("connection", ("charger.connected", "charger.disconnected", "charger.went_offline", "handshake.")),
    ("status", ("connector.status_reported", "charger.booted", "charger.clock")),
    (
        "charging",
        ("transaction", "charger.transaction", "id_token.", "charger.message_repeated", "connector."),
    ),
    ("command", ("command.",)),
    ("alarm", ("alarm.", "security.", "der.alarm")),
    ("reservation", ("reservation.",)),
    (
        "setting",
        ("setting", "template.", "availability.", "local_list.", "charging_profile.", "write_budget."),
    ),
    ("firmware", ("firmware.", "log.", "artefact.")),
    ("certificate", ("certificate.",)),
)
OTHER = "other"
KINDS = (*(kind for kind, _ in _KINDS), OTHER)
LINKS = 64
"""A chain of causes is followed so far; none that the product makes is longer than six."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline."""

    event: str
    """`stream@version`, the event's own name."""
    at: datetime
    """Our clock."""
    told_at: datetime | None
    """The charger's clock, where it told a time."""
    kind: str
    topic: str
    words: str
    actor: str
    because: str
    """The event that caused it, `stream@version`; empty where a message, a request or nobody did."""
    message: str
    """The OCPP message or API request behind it."""
    connection: str
    has_frame: bool
    """The very text of the message stands with this event."""


class Why(msgspec.Struct, frozen=True):
    """An event with its causes and its effects."""

    line: Line
    causes: tuple[Line, ...]
    """The nearest first; the last one was caused by nothing but a person, a clock or a charger."""
    together: tuple[Line, ...]
    """What else the same message or request brought about."""
    effects: tuple[Line, ...]
    """What followed from it, in the order of time."""


def name_of(event: Event[Any]) -> str:
    """`stream@version`: how events name each other as causes."""
    return f"{event.originator_id}@{event.originator_version}"


def kind_of(topic: str) -> str:
    """What a line is about, in one word."""
    return next((kind for kind, beginnings in _KINDS if topic.startswith(beginnings)), OTHER)


def line_of(event: Event[Any]) -> Line:
    """An event in words."""
    told, topic = event.told, event.fact.TOPIC
    because = told.cause if _names_an_event(told.cause) else ""
    return Line(
        event=name_of(event),
        at=told.recorded_at,
        told_at=told.occurred_at,
        kind=kind_of(topic),
        topic=topic,
        words=sentence(event),
        actor=told.actor,
        because=because,
        message="" if because else told.cause,
        connection=told.connection,
        has_frame=told.frame is not None or told.frame_bytes is not None,
    )


def timeline(items: Iterable[Recorded[Fact]], *, everything: bool = False) -> list[Line]:
    """The lines of some events, in their order."""
    return [line_of(one.event) for one in items if everything or one.event.fact.TOPIC not in NOISE]


def why(
    event: Event[Any], around: Sequence[Recorded[Fact]], look_up: Callable[[str], Event[Any] | None]
) -> Why:
    """Why it happened and what came of it.

    `around` are events near it, in log order; `look_up` finds an event by its name.
    """
    events = [one.event for one in around]
    return Why(
        line_of(event),
        tuple(line_of(one) for one in _causes(event, events, look_up)),
        tuple(line_of(one) for one in events if _together(event, one)),
        tuple(line_of(one) for one in _effects(event, events)),
    )


def _causes(
    event: Event[Any], around: Sequence[Event[Any]], look_up: Callable[[str], Event[Any] | None]
) -> list[Event[Any]]:
    found: list[Event[Any]] = []
    seen = {name_of(event)}
    here: Event[Any] | None = event
    while here is not None and len(found) < LINKS:
        here = _cause(here, around, look_up)
        if here is None or name_of(here) in seen:
            break
        seen.add(name_of(here))
        found.append(here)
    return found


def _cause(
    event: Event[Any], around: Sequence[Event[Any]], look_up: Callable[[str], Event[Any] | None]
) -> Event[Any] | None:
    """The event it names. Where it names none, a command that says of it that it is its effect."""
    if not _observed(event) and _names_an_event(event.told.cause):
        return look_up(event.told.cause)
    if event.originator_id.startswith("command/"):
        first = f"{event.originator_id}@1"
        return None if name_of(event) == first else look_up(first)
    for one in around:
        if _observed(one) == name_of(event):
            return look_up(f"{one.originator_id}@1")
    return None


def _effects(event: Event[Any], around: Sequence[Event[Any]]) -> list[Event[Any]]:
    """What names it, or what named it as an effect of its command; and what followed from that, and so on."""
    roots, found = {name_of(event)}, []
    observed = {_observed(one) for one in around if one.originator_id == event.originator_id}
    is_command = event.originator_id.startswith("command/")
    for one in around:
        name = name_of(one)
        if name in roots:
            continue
        same_command = is_command and one.originator_id == event.originator_id
        later = same_command and one.originator_version > event.originator_version
        named = not _observed(one) and one.told.cause in roots
        if later or named or (is_command and name in observed):
            roots.add(name)
            found.append(one)
    return found


def _together(event: Event[Any], other: Event[Any]) -> bool:
    """Of one message or request: the same cause over the same connection, at the same moment."""
    told, theirs = event.told, other.told
    if name_of(event) == name_of(other) or not told.cause or _names_an_event(told.cause):
        return False
    return (told.cause, told.connection, told.recorded_at) == (
        theirs.cause,
        theirs.connection,
        theirs.recorded_at,
    )


def _observed(event: Event[Any]) -> str:
    """The event of which a command says that it is its effect; empty where it is no such word."""
    return event.fact.event if isinstance(event.fact, EffectObserved | EffectFailed | Progressed) else ""


def _names_an_event(cause: str) -> bool:
    stream, at, version = cause.rpartition("@")
    return bool(at) and stream.count("/") >= 2 and version.isdecimal()
