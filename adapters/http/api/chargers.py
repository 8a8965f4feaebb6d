"""`/chargers`: what each charger and each of its connectors is doing now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from pydantic import Field

from adapters.http.api.past import charger_then, chargers_then
from adapters.http.api.values import Exact, Instant, charger_key
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from projections.status_board import queries
from projections.status_board.past import Board


class ChargersQuery(PageQuery):
    """Filters of the list; they are combined with AND."""

    online: bool | None = Field(None, description="Connected now, or not.")
    status: str | None = Field(
        None, max_length=40, description="At least one connector has this status or activity."
    )
    vendor: str | None = Field(None, max_length=100, description="As the charger tells it at boot.")
    firmware: str | None = Field(None, max_length=100)
    site: str | None = Field(None, max_length=48, description="The site it stands at.")
    state: Literal["active", "disabled", "retired"] | None = Field(
        None, description="As operators decided; all where left out."
    )
    q: str | None = Field(
        None, max_length=100, description="Part of the id, name, vendor, model or serial number, in any case."
    )
    at: Instant | None = Field(
        None,
        description="As they were at this instant, from the log, in the filters too. A page then holds those that "
        "match among `limit` chargers, perhaps none, and goes on while `next` is not null.",
    )


AT = "As it was at this instant, from the log; now where left out."


class OneChargerQuery(Query):
    """When."""

    at: Instant | None = Field(None, description=AT)


class Connector(Shape):
    """One connector; EVSE 0 is the charger itself. 1.6 connector n is EVSE n, connector 1."""

    evse_id: int
    connector_id: int
    status: str | None = Field(description="`Available`, `Occupied`, `Reserved`, `Unavailable`, `Faulted`.")
    activity: str | None = Field(description="The finer word of 1.6, such as `SuspendedEV`.")
    error_code: str | None
    info: str | None
    vendor_error_code: str | None
    since: datetime | None = Field(description="When status, activity or error last changed.")
    reported_at: datetime | None = Field(description="Our clock at the last report.")
    session: str | None = Field(description="The session that runs here.")
    charging_state: str | None
    power_w: float | None = Field(description="The newest reading.")
    energy_wh: int | None = Field(description="Of the running session.")
    register_wh: Exact | None = Field(description="The newest register reading.")
    soc_pct: float | None
    metered_at: datetime | None = Field(description="Our clock at the newest readings.")


class PlannedConnector(Shape):
    """A connector as its operator knows it, whatever the charger reports."""

    id: int = Field(validation_alias="connector_id")
    type: str = Field("", validation_alias="plug")
    max_amps: Exact | None = Field(None, validation_alias="max_a")
    phases: int | None = None


class ChargerLine(Shape):
    """A charger in a list."""

    cpid: str
    name: str
    site: str | None
    state: str = Field(description="`active`, or refused at the door: `disabled`, `retired`.")
    unprotected: bool = Field(
        description="It shows neither password nor certificate (security profile 0): worth a red badge."
    )
    online: bool
    protocol: str | None = Field(
        description="The OCPP version of the last connection: `1.6`, `2.0.1`, `2.1`."
    )
    vendor: str | None
    model: str | None
    serial: str | None
    firmware: str | None
    last_seen: datetime | None = Field(description="Our clock at its last message.")
    connectors: list[Connector]


class Connectors(Shape):
    """The connectors of a charger."""

    items: list[Connector]


class Charger(ChargerLine):
    """Everything known of a charger."""

    node: str | None = Field(description="Its place in the wiring of the site.")
    model_profile: str | None = Field(description="Whose quirks and templates it is treated by.")
    planned_connectors: list[PlannedConnector] = Field(description="As its operator described them.")
    standing_reason: str | None = Field(description="Why it is disabled or retired.")
    security_profile: int | None
    networks: list[str] | None = Field(description="Where it may come from on security profile 0.")
    credential: str | None = Field(description="Names its password without showing it.")
    credential_since: datetime | None
    credential_first_use: bool | None = Field(
        description="The password is the one it presented when a window let it in."
    )
    offered_at: datetime | None = Field(
        description="A new password was sent to it then, and it was not settled yet whether it uses it."
    )
    revision: int | None = Field(description="For `If-Match`; heartbeats and the like do not move it.")
    auto_accept_until: datetime | None = Field(
        description="A boot up to then is answered Accepted whatever `acceptance` says."
    )
    acceptance: str | None = Field(description="What the operator decided for its next boot; null: accept.")
    boot_status: str | None = Field(description="What its last boot was answered.")
    booted_at: datetime | None
    boot_reason: str | None
    box_serial: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial: str | None
    heartbeat_interval_s: int | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    disconnect_code: int | None
    disconnect_reason: str | None
    remote: str | None = Field(description="The address it connects from.")
    path: str | None = Field(description="The path it connects to, as it sends it.")
    user_agent: str | None
    flags: list[str] | None = Field(description="What an installer should put right, such as `id_case`.")
    clock_skew_s: int | None = Field(description="Positive: the charger's clock is behind ours.")
    registered_at: datetime | None


C = TypeVar("C", bound=ChargerLine)


def list_chargers(asked: Asked[ChargersQuery]) -> Page[ChargerLine]:
    """Chargers with their connectors, in the order of their ids."""
    query, tenant = asked.query, asked.caller.tenant
    wanted = queries.ChargerFilter(
        online=query.online,
        vendor=query.vendor,
        firmware=query.firmware,
        status=query.status,
        site=query.site,
        standing=query.state,
        q=query.q or "",
    )
    if query.at is not None:
        return _as_they_were(asked, wanted, query.at)
    rows = queries.list_chargers(asked.connection, tenant, wanted, after=asked.after, limit=query.limit)
    connectors = queries.connectors(asked.connection, tenant, [row.charger for row in rows.rows])
    lines = [_with_connectors(ChargerLine, row, connectors.get(row.charger, [])) for row in rows.rows]
    return Page[ChargerLine](items=lines, next=None if rows.next is None else asked.mark(rows.next))


def _as_they_were(
    asked: Asked[ChargersQuery], wanted: queries.ChargerFilter, at: datetime
) -> Page[ChargerLine]:
    rows = queries.list_chargers(
        asked.connection, asked.caller.tenant, after=asked.after, limit=asked.query.limit
    )
    boards = chargers_then(asked, [row.charger for row in rows.rows], wanted, at)
    lines = [_with_connectors(ChargerLine, *board) for board in boards]
    return Page[ChargerLine](items=lines, next=None if rows.next is None else asked.mark(rows.next))


def one_charger(asked: Asked[OneChargerQuery]) -> Charger | None:
    """Everything known of one charger."""
    found = _board(asked)
    return None if found is None else _with_connectors(Charger, *found)


def list_connectors(asked: Asked[OneChargerQuery]) -> Connectors | None:
    """The connectors of one charger, all at once: there are few."""
    found = _board(asked)
    return None if found is None else Connectors(items=[Connector.model_validate(one) for one in found[1]])


def _board(asked: Asked[OneChargerQuery]) -> Board | None:
    """The charger and its connectors, now or then."""
    row, at = visible_charger(asked), asked.query.at
    if row is None:
        return None
    if at is not None:
        return charger_then(asked, row.charger, at)
    connectors = queries.connectors(asked.connection, asked.caller.tenant, [row.charger])
    return row, connectors.get(row.charger, [])


def visible_charger(asked: Asked[Any]) -> queries.ChargerRow | None:
    """The charger that `{cpid}` names. An id that nobody can have is looked up all the same: equal work."""
    key = charger_key(asked.caller.tenant, asked.path["cpid"])
    found = queries.charger(asked.connection, asked.caller.tenant, key or "")
    return found if key else None


def _with_connectors(kind: type[C], row: queries.ChargerRow, connectors: Sequence[queries.ConnectorRow]) -> C:
    shown = [Connector.model_validate(one) for one in connectors]
    planned = row.planned_connectors or []
    return kind.model_validate(
        {
            **msgspec.structs.asdict(row),
            "state": row.standing,
            "unprotected": row.unprotected,
            "planned_connectors": planned,
            "connectors": shown,
        }
    )
