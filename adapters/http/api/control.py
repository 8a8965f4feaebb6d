"""`/chargers/{cpid}/…`: start, stop, restart, unlock, and any other intent by its name."""

from typing import Any, Literal

import msgspec
from pydantic import Field
from sqlalchemy import Connection

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import ask, charger_of, one_of
from adapters.http.api.profile_body import ProfileBody, profile_of
from adapters.http.problems import Problem
from adapters.http.route import Body, Query
from application import clock
from domain.charging_profiles.profile import Purpose
from domain.commands.intents import INTENTS
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import Raw, Reset
from domain.identity import IdToken
from projections.sessions import queries as sessions

REASON = Field("", max_length=200, description="Why, for whoever reads the log later.")


class PlainQuery(Query):
    """Takes no parameters."""


class ForceQuery(Query):
    """May be told to go ahead."""

    force: bool = Field(False, description="Even if a running transaction ends by it.")


class RemoteStartBody(Body):
    """Who charges, and where."""

    connector: int | None = Field(None, ge=1, le=999, description="The EVSE; null: the charger chooses.")
    id_tag: str = Field(min_length=1, max_length=36, description="1.6 takes up to 20 characters.")
    id_tag_type: str = Field("", max_length=20, description="2.x: `ISO14443`, `eMAID`, `Central` …")
    profile: ProfileBody | None = Field(None, description="A TxProfile that names no transaction.")
    reason: str = REASON


class RemoteStopBody(Body):
    """Which transaction: by the charger's own name of it, or by our session."""

    transaction: str | int | None = Field(
        None, description="1.6: the number we gave it; 2.x: the charger's transactionId."
    )
    session: str | None = Field(None, max_length=16, description="The id of `/sessions`.")
    reason: str = REASON


class ResetBody(Body):
    """How to restart."""

    type: Literal["Soft", "Hard"] = "Soft"
    connector: int | None = Field(None, ge=1, le=999, description="2.x: one EVSE alone.")
    force: bool = Field(False, description="Even if a running transaction ends by it.")
    reason: str = REASON


class ReasonBody(Body):
    """Nothing but why."""

    reason: str = REASON


class CommandBody(Body):
    """Any intent by its name, or with `raw` any action of the charger's own version."""

    action: str = Field(
        min_length=1, max_length=60, description="A name of docs/commands.md; with `raw`, the OCPP action."
    )
    payload: dict[str, Any] = Field(
        default_factory=dict, description="The intent's parameters; with `raw`, the OCPP payload."
    )
    raw: bool = Field(False, description="For engineers: checked against the schema, recorded like the rest.")
    force: bool = Field(False, description="Even if a running transaction ends by it.")
    reason: str = REASON


async def remote_start(doing: Doing[PlainQuery, RemoteStartBody]) -> Answered | None:
    """Endpoint 8. Accepted is a promise; the transaction that follows is shown as the command's effect."""
    body = doing.body
    profile = None
    if body.profile is not None:
        if body.profile.purpose is not Purpose.TX or body.profile.transaction is not None:
            raise one_of("profile", "V3: a TxProfile without a transaction goes with a start.")
        profile = profile_of(body.profile, clock.transaction_number())
    intent = RemoteStart(
        id_token=IdToken(body.id_tag, body.id_tag_type), evse_id=body.connector, profile=profile
    )
    return await ask(doing, intent, reason=body.reason)


async def remote_stop(doing: Doing[PlainQuery, RemoteStopBody]) -> Answered | None:
    """Endpoint 9."""
    body = doing.body
    if (body.transaction is None) == (body.session is None):
        raise one_of("transaction", "Give `transaction` or `session`, one of the two.")
    name = str(body.transaction) if body.transaction is not None else await _named_by_session(doing)
    return await ask(doing, RemoteStop(transaction=name), reason=body.reason)


async def reset(doing: Doing[PlainQuery, ResetBody]) -> Answered | None:
    """Endpoint 10."""
    body = doing.body
    intent = Reset(hard=body.type == "Hard", evse_id=body.connector)
    return await ask(doing, intent, force=body.force, reason=body.reason)


async def unlock(doing: Doing[ForceQuery, ReasonBody]) -> Answered | None:
    """Endpoint 11. `{n}` is the EVSE."""
    intent = UnlockConnector(evse_id=connector_of(doing))
    return await ask(doing, intent, force=doing.query.force, reason=doing.body.reason)


async def command(doing: Doing[PlainQuery, CommandBody]) -> Answered | None:
    """Companion A: every intent that has no address of its own."""
    body = doing.body
    if body.raw:
        if "engineer" not in doing.caller.rights:
            raise Problem("role", "The right `engineer` is needed for raw calls.")
        intent: Any = Raw(action=body.action, payload=body.payload)
    else:
        intent = _intent(body)
    return await ask(doing, intent, force=body.force, reason=body.reason)


_INTENTS = {intent.name(): intent for intent in INTENTS}
APART = frozenset(
    {
        "Raw",
        "ChangePassword",
        "SendLocalList",
        "ReserveNow",
        "CancelReservation",
        "UpdateFirmware",
        "GetLog",
    }
)
"""Intents with books, links or rights of their own: they are asked for at their own addresses alone."""


def _intent(body: CommandBody) -> Any:
    kind = _INTENTS.get(body.action)
    if kind is None or body.action in APART:
        known = ", ".join(sorted(_INTENTS.keys() - APART))
        raise one_of("action", f"Not an intent that can be asked for here. Known: {known}.")
    unknown = body.payload.keys() - set(kind.__struct_fields__)
    if unknown:
        known = ", ".join(kind.__struct_fields__) or "none"
        raise one_of(f"payload.{sorted(unknown)[0]}", f"No such parameter of {body.action}. Known: {known}.")
    try:
        return msgspec.convert(body.payload, kind, strict=False, str_keys=True)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        raise one_of(f"payload{place.rstrip('`')}", f"{words}.") from None


def connector_of(doing: Doing[Any, Any]) -> int:
    """`{n}` of the path, which no charger has above 999."""
    n = doing.path["n"]
    if not n.isascii() or not n.isdecimal() or not 0 < int(n[:6]) <= 999:
        raise Problem("not_found", "There is nothing here that you can see.")
    return int(n)


async def _named_by_session(doing: Doing[PlainQuery, RemoteStopBody]) -> str:
    """The charger's own name of the session's transaction; absent and of another charger are the same."""
    charger, name = charger_of(doing), doing.body.session or ""

    def find(connection: Connection) -> sessions.SessionRow | None:
        return sessions.session(connection, charger.tenant, name)

    row = await doing.read(find)
    if row is None or row.charger != charger.key:
        raise Problem("not_found", "There is nothing here that you can see.")
    if row.state != "active":
        raise Problem("ended", "This session has ended.")
    return row.reference or str(row.number or "")
