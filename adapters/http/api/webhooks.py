"""`/webhooks`: what is delivered where, and how that goes."""

from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace
from pydantic import Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.commands import one_of
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Problem, not_found
from adapters.http.route import Asked, Body, Page, PageQuery, Query, Shape
from adapters.http.services import Services, WebhookTools
from adapters.http.stream_query import selection_of
from adapters.live.prepared import control
from adapters.webhooks.batch import batch_of, headers_of
from adapters.webhooks.sender import NotDelivered
from application import clock
from application.webhooks import Webhooks
from domain.webhooks.events import WebhookDefined
from domain.webhooks.webhook import (
    LONGEST_NAME,
    LONGEST_URL,
    Condition,
    WebhookExists,
    WebhookImpossible,
    WebhookUnknown,
    is_webhook_id,
    webhook_stream,
)
from projections.webhooks import queries

MeterName = Literal["coalesced", "every", "none"]
PREFIX = "/api/ocpp/webhooks/"
MOST = 200


class WebhooksQuery(PageQuery):
    """The newest first."""


class WhyQuery(Query):
    """Why."""

    reason: str = Field("", max_length=200, description="For whoever reads the log later.")


class NewWebhook(Body):
    """Where to, and what."""

    url: str = Field(min_length=1, max_length=LONGEST_URL, description="`https://…`")
    name: str = Field("", max_length=LONGEST_NAME, description="For people.")
    types: list[str] = Field([], max_length=MOST, description="Names or globs; empty: all but frames.")
    chargers: list[str] = Field([], max_length=MOST, description="Ids, in any case; empty: all.")
    meter: MeterName = Field("coalesced", description="Which readings.")
    from_beginning: bool = Field(False, description="Deliver all that is kept, not only what comes.")


class WebhookPatch(Body):
    """What is to be another; what is left out stays."""

    url: str | None = Field(None, min_length=1, max_length=LONGEST_URL)
    name: str | None = Field(None, max_length=LONGEST_NAME)
    types: list[str] | None = Field(None, max_length=MOST)
    chargers: list[str] | None = Field(None, max_length=MOST)
    meter: MeterName | None = None


class WebhookShape(Shape):
    """A webhook, and how its deliveries go."""

    id: str
    name: str | None
    url: str | None
    types: list[str] | None = Field(description="null: all but frames.")
    chargers: list[str] | None = Field(description="null: all.")
    meter: str | None
    condition: str = Field(description="`active`, `paused`, `disabled` or `removed`.")
    reason: str | None
    defined_at: datetime | None
    defined_by: str | None
    former_until: datetime | None = Field(description="Until then the former secret signs as well.")
    delivered: int | None = Field(description="Messages that were taken.")
    failures: int | None = Field(description="Tries in a row that failed.")
    failing_since: datetime | None
    next_try_at: datetime | None
    last_try_at: datetime | None
    last_success_at: datetime | None
    last_status: int | None = Field(description="HTTP status of the last answer.")
    last_error: str | None


class WebhookInFull(WebhookShape):
    """With how far it is behind."""

    behind_s: float | None = Field(
        description="Age of the oldest event that was not looked at for it yet; null: none."
    )


class MadeWebhook(Shape):
    """A webhook, or a secret, that was made."""

    id: str
    secret: str | None = Field(
        description="Deliveries are signed with it. Shown this once; null in a repetition."
    )
    former_until: datetime | None = Field(None, description="Until then the former secret signs as well.")


class Delivery(Shape):
    """One try."""

    delivery: str = Field(description="The same for each try of the same messages.")
    tried_at: datetime
    attempt: int
    messages: int
    size_bytes: int
    took_ms: int
    status: int | None
    error: str | None


class Deliveries(Shape):
    """What is remembered: the last hundred."""

    items: list[Delivery]


class TrialResult(Shape):
    """What came of a test."""

    taken: bool
    status: int | None
    error: str | None


def list_webhooks(asked: Asked[WebhooksQuery]) -> Page[WebhookShape]:
    """Those that were not removed."""
    rows = queries.list_webhooks(
        asked.connection, asked.caller.tenant, after=asked.after, limit=asked.query.limit
    )
    return asked.page(WebhookShape, rows)


def one_webhook(asked: Asked[PlainQuery]) -> WebhookInFull | None:
    """What it delivers, its last result, and how far it is behind."""
    tenant, name = asked.caller.tenant, asked.path["id"]
    row = queries.get_webhook(asked.connection, tenant, name if is_webhook_id(name) else "-")
    if row is None:
        return None
    plain = WebhookShape.model_validate(row).model_dump()
    return WebhookInFull(**plain, behind_s=queries.behind_s(asked.connection, tenant, name))


def list_deliveries(asked: Asked[PlainQuery]) -> Deliveries | None:
    """The newest first."""
    tenant, name = asked.caller.tenant, asked.path["id"]
    if not is_webhook_id(name) or queries.get_webhook(asked.connection, tenant, name) is None:
        return None
    rows = queries.list_deliveries(asked.connection, tenant, name)
    return Deliveries(items=[Delivery.model_validate(row) for row in rows])


async def make_webhook(doing: Doing[PlainQuery, NewWebhook]) -> Answered:
    """Deliver there from now on. The secret is shown this once."""
    body, webhook_id = doing.body, doing.key[:22]
    _check(body.types, body.chargers, body.meter)
    wanted = WebhookDefined(
        url=body.url,
        name=body.name,
        types=tuple(body.types),
        chargers=tuple(one.upper() for one in body.chargers),
        meter=body.meter,
        from_beginning=body.from_beginning,
    )
    try:
        made = await _webhooks(doing).define(wanted, webhook_id)
    except WebhookImpossible as error:
        raise one_of("url", str(error)) from error
    except WebhookExists:  # the first answer was lost on its way; a new secret can be had
        return Answered(MadeWebhook(id=webhook_id, secret=None, former_until=None), 201, PREFIX + webhook_id)
    return _made(doing, made, 1, None, 201)


async def change_webhook(doing: Doing[PlainQuery, WebhookPatch]) -> Answered:
    """What is left out stays; deliveries go on where they were."""
    body = doing.body
    _check(body.types or [], body.chargers or [], body.meter or "coalesced")
    changed: dict[str, object] = {
        name: value for name in body.model_fields_set if (value := getattr(body, name)) is not None
    }
    if body.types is not None:
        changed["types"] = tuple(body.types)
    if body.chargers is not None:
        changed["chargers"] = tuple(one.upper() for one in body.chargers)
    try:
        await _webhooks(doing).redefine(doing.path["id"], lambda was: replace(was, **changed))
    except WebhookUnknown as error:
        raise not_found() from error
    except WebhookImpossible as error:
        raise one_of("url", str(error)) from error
    return Answered(None, 204)


async def rotate_secret(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """A new secret, shown this once; for a day deliveries bear both signatures."""
    try:
        webhook = await _webhooks(doing).rotate(doing.path["id"])
    except WebhookUnknown as error:
        raise not_found() from error
    return _made(doing, doing.path["id"], webhook.generation, webhook.former_until, 200)


async def pause_webhook(doing: Doing[WhyQuery, NoBody]) -> Answered:
    """Nothing is delivered until it is resumed; nothing is lost."""
    try:
        await _webhooks(doing).pause(doing.path["id"], doing.query.reason)
    except WebhookUnknown as error:
        raise not_found() from error
    return Answered(None, 204)


async def resume_webhook(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Deliver again, where it was; also what was disabled."""
    try:
        await _webhooks(doing).resume(doing.path["id"])
    except WebhookUnknown as error:
        raise not_found() from error
    return Answered(None, 204)


async def remove_webhook(doing: Doing[WhyQuery, NoBody]) -> Answered:
    """Nothing is delivered there any more."""
    try:
        await _webhooks(doing).remove(doing.path["id"], doing.query.reason)
    except WebhookUnknown as error:
        raise not_found() from error
    return Answered(None, 204)


async def try_webhook(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """One message of the type `stream.test`, signed as all are; it is no part of the order and not repeated."""
    tools = _tools(doing)
    try:
        webhook = await _webhooks(doing).load(doing.path["id"])
    except WebhookUnknown as error:
        raise not_found() from error
    if webhook.defined is None or webhook.condition is Condition.REMOVED:
        raise not_found()
    now = clock.now()
    batch = batch_of(webhook, [control("stream.test", doing.caller.tenant, now, {"by": doing.caller.name})])
    headers = headers_of(webhook, batch, tools.secrets, 1, now)
    try:
        answer = await tools.sender.post(webhook.defined.url, headers, batch.body)
    except NotDelivered as error:
        return Answered(TrialResult(taken=False, status=None, error=str(error)))
    words = None if answer.taken else f"HTTP {answer.status}"
    return Answered(TrialResult(taken=answer.taken, status=answer.status, error=words))


def _webhooks(doing: Doing[Any, Any]) -> Webhooks:
    return _tools(doing).webhooks(doing.caller)


def _tools(doing: Doing[Any, Any]) -> WebhookTools:
    services: Services = doing.services
    if services.webhooks is None:
        raise Problem("draining", "This process knows no webhooks.")
    return services.webhooks


def _check(types: list[str], chargers: list[str], meter: MeterName) -> None:
    """Raises a 422 Problem for a message that nobody tells."""
    selection_of(types=types, chargers=chargers, connectors=(), sessions=(), meter=meter)


def _made(
    doing: Doing[Any, Any], name: str, generation: int, until: datetime | None, status: int
) -> Answered:
    secret = _tools(doing).secrets.secret(webhook_stream(doing.caller.tenant, name), generation)
    shape = MadeWebhook(id=name, secret=secret, former_until=until)
    discreet = shape.model_copy(update={"secret": None})
    return Answered(shape, status, PREFIX + name if status == 201 else "", kept=discreet)
