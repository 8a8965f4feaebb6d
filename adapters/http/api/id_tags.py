"""`/id-tags`: tokens that operators registered, and those that drivers merely showed."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from adapters.http.api.values import ShownToken
from adapters.http.route import Asked, Page, PageQuery, Shape
from projections.id_tags import queries


class IdTagsQuery(PageQuery):
    """Filters of the list; they are combined with AND. In the order of the tokens."""

    state: Literal["unknown", "blocked", "expired", "active"] | None = None
    registered: bool | None = None
    q: str | None = Field(
        None, max_length=100, description="Part of the label, or the whole token or group, any case."
    )


class IdTag(Shape):
    """One token."""

    id_token: ShownToken = Field(validation_alias="value", description="As registered, else as shown.")
    kind: str | None = Field(description="2.x token type.")
    state: str = Field(description="`unknown`, `blocked`, `expired` or `active`.")
    registered: bool
    registered_at: datetime | None
    block_reason: str | None
    group: ShownToken | None = Field(description="The parent (1.6) or group (2.x) token.")
    label: str | None
    expires_at: datetime | None
    max_active: int | None = Field(description="How many sessions at once; null: any number.")
    active: int = Field(description="How many run now; counted only under a limit.")
    presented: int = Field(description="How often it was shown.")
    first_seen: datetime | None
    first_charger: str | None
    last_seen: datetime | None
    last_charger: str | None
    last_verdict: str | None
    erased_at: datetime | None = Field(description="When its owner was erased.")


def list_id_tags(asked: Asked[IdTagsQuery]) -> Page[IdTag]:
    """Registered or merely shown."""
    query = asked.query
    wanted = queries.IdTagFilter(
        state=query.state,
        registered=query.registered,
        q=query.q or "",
        pseudonyms=asked.pseudonyms(query.q or ""),
    )
    rows = queries.list_id_tags(
        asked.connection,
        asked.caller.tenant,
        wanted,
        now=asked.now,
        after=asked.after,
        limit=query.limit,
    )
    return asked.page(IdTag, rows)
