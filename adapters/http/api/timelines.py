"""`/…/timeline` and `/why`: what happened, in words, and why."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from adapters.eventstore.chronicle import LONGEST, Span
from adapters.http.api.past import chronicle_of
from adapters.http.api.values import Instant, charger_key
from adapters.http.problems import Fault, invalid
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from application import timeline
from domain.event import Event, Fact, Recorded
from domain.identity import ChargerId
from projections.sessions import queries as sessions
from projections.status_board import queries as board

NOT_WITHOUT_END = timedelta(hours=1)
BEFORE = timedelta(minutes=10)
"""What led to a session happens shortly before it: a plug, a card, a command."""
AROUND = timedelta(hours=1)
"""Effects of an event are looked for in the hour after it."""


class TimelineQuery(PageQuery):
    """Which span; at most seven days."""

    since: Instant | None = Field(
        None, alias="from", description="At or after; a day before `to` where left out."
    )
    until: Instant | None = Field(None, alias="to", description="Before; now where left out.")
    everything: bool = Field(
        False,
        alias="all",
        description="With heartbeats, readings and the like, which are left out otherwise.",
    )


class SessionTimelineQuery(PageQuery):
    """Which lines."""

    everything: bool = Field(False, alias="all", description="With every reading.")


class WhyQuery(Query):
    """Of which event."""

    event: str = Field(max_length=400, description="`event` of a line, or its `because`: `stream@version`.")


class Line(Shape):
    """One event in words."""

    event: str = Field(description="Its name, `stream@version`; ask `/why` with it.")
    at: datetime = Field(description="Our clock.")
    told_at: datetime | None = Field(description="The charger's clock, where it told a time.")
    kind: str = Field(description=f"One of {', '.join(f'`{kind}`' for kind in timeline.KINDS)}.")
    topic: str = Field(description="The stored name of the fact, see events.md.")
    words: str
    actor: str = Field(description="`charger`, `user:…`, `key:…`, `job:…` or `zeus`.")
    because: str = Field(
        description="The event that caused it; empty where a message, a person or a clock did."
    )
    message: str = Field(description="The OCPP message or API request behind it.")
    connection: str = Field(description="The connection it came over; with `message` it finds the frames.")
    has_frame: bool = Field(description="The very text of the message stands with this event.")


class Why(Shape):
    """An event, why it happened, and what came of it."""

    line: Line
    causes: list[Line] = Field(description="The nearest first.")
    together: list[Line] = Field(description="What else the same message or request brought about.")
    effects: list[Line] = Field(description="In the order of time.")


def charger_timeline(asked: Asked[TimelineQuery]) -> Page[Line] | None:
    """What happened to a charger, the oldest first."""
    key = charger_key(asked.caller.tenant, asked.path["cpid"])
    row = board.charger(asked.connection, asked.caller.tenant, key or "")
    if row is None or key is None:
        return None
    span = _span(asked.query, asked.now)
    return _page(asked, ChargerId(asked.caller.tenant, key), span, lambda one: True)


def session_timeline(asked: Asked[SessionTimelineQuery]) -> Page[Line] | None:
    """What happened in a session and at its connector meanwhile, the oldest first."""
    row = sessions.session(asked.connection, asked.caller.tenant, asked.path["id"])
    if row is None:
        return None
    end = row.end_reported_at or row.closed_at or asked.now
    span = Span(row.reported_at - BEFORE, min(end + NOT_WITHOUT_END, asked.now))
    charger = ChargerId(asked.caller.tenant, row.charger)
    return _page(asked, charger, span, lambda one: _concerns(one.event, row), row.transaction)


def why(asked: Asked[WhyQuery]) -> Why | None:
    """The chain of causes of an event, and what followed from it."""
    chronicle, tenant = chronicle_of(asked), asked.caller.tenant
    event = chronicle.event(tenant, asked.query.event)
    if event is None:
        return None
    at = event.told.recorded_at
    span = Span(at - AROUND, at + AROUND)
    charger = _charger_of(event)
    around: Sequence[Recorded[Fact]]
    if charger is not None:
        around = chronicle.of_charger(
            charger, span, beside=[event.originator_id], without=timeline.NOISE - {event.fact.TOPIC}
        )
    else:
        around = chronicle.of_streams([event.originator_id], span)
    found = timeline.why(event, around, lambda name: chronicle.event(tenant, name))
    return Why.model_validate(found)


def _charger_of(event: Event[Any]) -> ChargerId | None:
    """Whom an event is about; of commands the command itself tells."""
    kind, tenant, rest = event.originator_id.split("/", 2)
    if kind == "command":
        named = getattr(event.fact, "charger", "")
        return ChargerId(tenant, named) if named else None
    if kind in ("charger", "transaction", "reservations", "settings", "local-list", "charging-profiles"):
        return ChargerId(tenant, rest.split("/", 1)[0])
    return None


def _span(query: TimelineQuery, now: datetime) -> Span:
    end = min(query.until or now, now)
    begin = query.since or end - timedelta(days=1)
    if end - begin > LONGEST:
        raise invalid(Fault("from", "Ask for seven days at most."))
    return Span(begin, end)


def _page(
    asked: Asked[Any],
    charger: ChargerId,
    span: Span,
    concerns: Callable[[Recorded[Fact]], bool],
    *beside: str,
) -> Page[Line]:
    """Lines after the cursor; the span is read whole, as it is short."""
    query, chronicle = asked.query, chronicle_of(asked)
    without = () if query.everything else timeline.NOISE
    told = [
        one for one in chronicle.of_charger(charger, span, beside=beside, without=without) if concerns(one)
    ]
    if asked.after is not None:
        told = [one for one in told if one.position > asked.after[0]]
    shown = told[: query.limit]
    more = len(told) > query.limit
    mark = asked.mark((shown[-1].position,)) if more else None
    lines = [Line.model_validate(line) for line in timeline.timeline(shown, everything=True)]
    return Page[Line](items=lines, next=mark)


def _concerns(event: Event[Any], row: sessions.SessionRow) -> bool:
    """Its own events; of the charger those of this connector, of the whole charger, and commands."""
    if event.originator_id == row.transaction:
        return True
    if event.originator_id.startswith("transaction/"):
        return False
    evse_id = getattr(event.fact, "evse_id", None)
    named = getattr(event.fact, "transaction", "")
    return (not evse_id or evse_id == row.evse_id) and (not named or named == row.transaction)
