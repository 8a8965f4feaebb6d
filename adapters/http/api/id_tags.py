"""`/id-tags`: tokens that operators registered, and those that drivers merely showed."""

from datetime import datetime

from pydantic import Field

from adapters.http.api.values import ShownToken
from adapters.http.route import PageQuery, Shape


class IdTagsQuery(PageQuery):
    """Filters of the list; they are combined with AND. In the order of the tokens."""

    registered: bool | None = None
    blocked: bool | None = None
    q: str | None = Field(None, max_length=100, description="Part of the token or its label, in any case.")


class IdTag(Shape):
    """One token."""

    id_token: ShownToken = Field(validation_alias="value", description="As registered, else as shown.")
    kind: str | None = Field(description="2.x token type.")
    registered: bool
    registered_at: datetime | None
    blocked: bool
    block_reason: str | None
    group: ShownToken | None = Field(description="The parent (1.6) or group (2.x) token.")
    label: str | None
    expires_at: datetime | None
    max_active: int | None = Field(description="How many sessions at once; null: any number.")
    presented: int = Field(description="How often it was shown.")
    first_seen: datetime | None
    first_charger: str | None
    last_seen: datetime | None
    last_charger: str | None
    last_verdict: str | None
