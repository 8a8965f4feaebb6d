"""The rows about webhooks."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import webhooks
from adapters.http.api.control import PlainQuery
from adapters.http.route import READING, Link, Page, Route

_ONE = Link("webhook", "one_webhook", {"id": "$response.body#/id"})
_CHANGING = ("not_found", "draining", *STORING, *MUTATING)

WEBHOOK_ROUTES: tuple[Route | Action, ...] = (
    Route(
        method="GET",
        path="/webhooks",
        summary="Webhooks, and how their deliveries go",
        handler=webhooks.list_webhooks,
        query=webhooks.WebhooksQuery,
        response=Page[webhooks.WebhookShape],
        right=Right.AUDIT,
        errors=READING,
        key=tuple[str],
        links=(Link("webhook", "one_webhook", {"id": "$response.body#/items/0/id"}),),
    ),
    Action(
        method="POST",
        path="/webhooks",
        summary="Be told of what happens at an address of your own",
        handler=webhooks.make_webhook,
        query=PlainQuery,
        body=webhooks.NewWebhook,
        response=webhooks.MadeWebhook,
        right=Right.ADMINISTER,
        statuses=(201,),
        errors=("draining", *STORING, *MUTATING),
        links=(_ONE,),
    ),
    Route(
        method="GET",
        path="/webhooks/{id}",
        summary="One webhook, its last result and how far it is behind",
        handler=webhooks.one_webhook,
        query=PlainQuery,
        response=webhooks.WebhookInFull,
        right=Right.AUDIT,
        errors=("not_found", *READING),
    ),
    Action(
        method="PATCH",
        path="/webhooks/{id}",
        summary="Change where it is delivered, or what",
        handler=webhooks.change_webhook,
        query=PlainQuery,
        body=webhooks.WebhookPatch,
        response=None,
        right=Right.ADMINISTER,
        statuses=(204,),
        errors=_CHANGING,
    ),
    Action(
        method="DELETE",
        path="/webhooks/{id}",
        summary="Deliver nothing there any more",
        handler=webhooks.remove_webhook,
        query=webhooks.WhyQuery,
        response=None,
        right=Right.ADMINISTER,
        statuses=(204,),
        errors=_CHANGING,
    ),
    Action(
        method="POST",
        path="/webhooks/{id}/secret",
        summary="A new secret; the former one signs for a day as well",
        handler=webhooks.rotate_secret,
        query=PlainQuery,
        response=webhooks.MadeWebhook,
        right=Right.ADMINISTER,
        errors=_CHANGING,
    ),
    Action(
        method="POST",
        path="/webhooks/{id}/pause",
        summary="Deliver nothing for a while",
        handler=webhooks.pause_webhook,
        query=webhooks.WhyQuery,
        response=None,
        right=Right.ADMINISTER,
        statuses=(204,),
        errors=_CHANGING,
    ),
    Action(
        method="POST",
        path="/webhooks/{id}/resume",
        summary="Deliver again, where it was",
        handler=webhooks.resume_webhook,
        query=PlainQuery,
        response=None,
        right=Right.ADMINISTER,
        statuses=(204,),
        errors=_CHANGING,
    ),
    Action(
        method="POST",
        path="/webhooks/{id}/test",
        summary="Deliver one message to see whether it is taken",
        handler=webhooks.try_webhook,
        query=PlainQuery,
        response=webhooks.TrialResult,
        right=Right.ADMINISTER,
        errors=_CHANGING,
    ),
    Route(
        method="GET",
        path="/webhooks/{id}/deliveries",
        summary="The last deliveries, and what came of each",
        handler=webhooks.list_deliveries,
        query=PlainQuery,
        response=webhooks.Deliveries,
        right=Right.AUDIT,
        errors=("not_found", *READING),
    ),
)
"""Webhooks."""
