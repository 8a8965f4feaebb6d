"""`/connection-attempts`: who knocked, whether the door was opened, and what to put right if not."""

from datetime import datetime

from pydantic import Field

from adapters.http.api.values import HiddenPosition, Instant
from adapters.http.route import Asked, Page, PageQuery, Shape
from projections.connection_attempts import queries


class ConnectionAttemptsQuery(PageQuery):
    """Filters of the list; they are combined with AND. Newest first."""

    charger: str | None = Field(None, max_length=48, description="The id as shown, in any case.")
    accepted: bool | None = None
    known: bool | None = Field(None, description="A charger of this id was registered at that moment.")
    reason: str | None = Field(None, max_length=40, description="Such as `auth_password`.")
    since: Instant | None = Field(None, alias="from", description="At or after, by our clock.")
    until: Instant | None = Field(None, alias="to", description="Before.")


class ConnectionAttempt(Shape):
    """One handshake, or a count of equal ones."""

    at: datetime
    position: HiddenPosition = Field(
        description="Names its place in the event log; says nothing of the order."
    )
    cpid: str = Field(description="As shown; empty where none was.")
    accepted: bool
    reason: str | None = Field(description="Why not.")
    status: int | None = Field(description="HTTP status, or WebSocket close code.")
    hint: str | None = Field(description="One sentence for the installer.")
    known: bool = Field(description="A charger of this id was registered at that moment.")
    count: int = Field(description="How many equal attempts this row stands for.")
    remote: str | None
    path: str | None
    subprotocols: list[str] | None
    user_agent: str | None
    protocol: str | None
    security_profile: int | None
    connection: str | None
    flags: list[str] | None = Field(description="What to put right although it was let in.")


def list_connection_attempts(asked: Asked[ConnectionAttemptsQuery]) -> Page[ConnectionAttempt]:
    """Let in or refused."""
    query = asked.query
    wanted = queries.AttemptFilter(
        charger=query.charger,
        accepted=query.accepted,
        known=query.known,
        reason=query.reason,
        begin=query.since,
        end=query.until,
    )
    rows = queries.list_attempts(
        asked.connection, asked.caller.tenant, wanted, after=asked.after, limit=query.limit
    )
    return asked.page(ConnectionAttempt, rows)
