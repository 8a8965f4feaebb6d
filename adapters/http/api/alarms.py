"""`/alarms`: what somebody should look at, and who does."""

import re
from datetime import datetime

from pydantic import Field

from adapters.http.action import Answered, Doing
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Problem
from adapters.http.route import Asked, Body, Page, PageQuery, Shape
from adapters.http.services import Services
from application.alarms import AlarmBook
from domain.alarms.alarms import AlarmNotOpen
from projections.alarms import queries

_ID = re.compile(r"[0-9a-f]{22}")


class AlarmsQuery(PageQuery):
    """Filters of the list; they are combined with AND. The newest first."""

    state: queries.State | None = Field(None, description="`open`: nobody looks after it yet.")
    severity: queries.Severity | None = None
    charger: str | None = Field(
        None,
        max_length=80,
        description="Its id in any case; `address:`, `user:` or `actor:` and who; or `server:certificates`.",
    )
    kind: str | None = Field(None, max_length=60, description="Such as `TamperDetectionActivated`.")


class Alarm(Shape):
    """One alarm; of each kind a charger has one open at most."""

    id: str
    charger: str = Field(
        validation_alias="subject",
        description="Its id; where none is meant `address:` and an address, `user:` and an id, `actor:` and a name, or "
        "`server:certificates`.",
    )
    kind: str
    severity: str = Field(description="`critical`, `warning`, `info`.")
    state: str = Field(description="`open`, `acknowledged`, `cleared`.")
    words: str = Field(description="What it means.")
    info: str | None = Field(description="What the charger or the caller said; not to be trusted.")
    source: str = Field(description="`stream@version` of the first event behind it.")
    raised_at: datetime
    last_at: datetime
    count: int = Field(description="How often, as far as it was counted: once a minute at most.")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    cleared_at: datetime | None
    cleared_by: str | None
    cleared_why: str | None


class Acknowledgement(Body):
    """Who looks after it is who asks."""

    note: str = Field("", max_length=200, description="What was found, or will be done.")
    clear: bool = Field(False, description="It is over: the next occurrence is a new alarm.")


def list_alarms(asked: Asked[AlarmsQuery]) -> Page[Alarm]:
    """The newest first."""
    query = asked.query
    wanted = queries.AlarmFilter(
        state=query.state, severity=query.severity, subject=query.charger, kind=query.kind
    )
    rows = queries.list_alarms(
        asked.connection, asked.caller.tenant, wanted, after=asked.after, limit=query.limit
    )
    return asked.page(Alarm, rows)


async def acknowledge(doing: Doing[PlainQuery, Acknowledgement]) -> Answered | None:
    """Acknowledged twice is acknowledged once."""
    services: Services = doing.services
    tenant, name = doing.caller.tenant, doing.path["id"]
    if not _ID.fullmatch(name):
        return None
    row = await doing.read(lambda connection: queries.get_alarm(connection, tenant, name))
    if row is None:
        return None
    book = AlarmBook(services.store, tenant, doing.caller.name, doing.request_id)
    try:
        await book.acknowledge(row.subject, name, doing.body.note, clear=doing.body.clear)
    except AlarmNotOpen as error:
        raise Problem("ended", "This alarm is over.") from error
    return Answered(None, 204)
