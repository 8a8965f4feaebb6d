"""`zeus webhook`: where messages are delivered, and how that goes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from adapters.http.problems import Problem
from adapters.http.stream_query import selection_of
from adapters.live.prepared import control
from adapters.live.selection import Meter
from adapters.webhooks.batch import batch_of, headers_of
from adapters.webhooks.sender import NotDelivered
from application import clock
from application.ports import EventStore
from application.webhooks import Webhooks, WebhookSecrets
from domain.webhooks.events import WebhookDefined
from domain.webhooks.webhook import WebhookImpossible, WebhookUnknown, webhook_stream
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import read_models, show_table, time_text
from entrypoints.database import secret_of
from entrypoints.settings import Settings
from entrypoints.webhooks import sender_of
from projections.webhooks.queries import behind_s, get_webhook, list_deliveries, list_webhooks

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: being told of what happens at an address of one's own."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `zeus webhook list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
METERS: dict[str, Meter] = {"coalesced": "coalesced", "every": "every", "none": "none"}


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to: `https://…`")],
    name: Annotated[str, typer.Option(help="Name for people.")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Names or globs; left out: all but frames.")
    ] = None,
    charger: Annotated[list[str] | None, typer.Option(help="Only of this charger.")] = None,
    meter: Annotated[str, typer.Option(help="Readings: coalesced, every or none.")] = "coalesced",
    from_beginning: Annotated[bool, typer.Option(help="Deliver all that is kept, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver messages there from now on; prints the secret that they are signed with.

    Example: `zeus webhook add https://billing.example/zeus --type "session.*" --name billing`
    """
    settings = Settings()
    if meter not in METERS:
        raise typer.BadParameter(f"Choose from {', '.join(METERS)}.", param_hint="--meter")
    wanted = WebhookDefined(
        url=url,
        name=name,
        types=tuple(types or ()),
        chargers=tuple(one.upper() for one in charger or ()),
        meter=meter,
        from_beginning=from_beginning,
    )
    try:
        selection_of(
            types=wanted.types, chargers=wanted.chargers, connectors=(), sessions=(), meter=METERS[meter]
        )
    except Problem as problem:
        raise refuse(problem.faults[0].detail) from None
    made = _with(settings, lambda webhooks: webhooks.define(wanted))
    _show_secret(settings, made, 1, as_json=as_json)


@app.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """List webhooks, the newest first, and how their deliveries go.

    Example: `zeus webhook list`
    """
    settings, now = Settings(), clock.now()
    with read_models(settings) as connection:
        rows = list_webhooks(connection, settings.tenant, limit=200).rows
    if as_json:
        print_json({"webhooks": rows})
        return
    cells = [
        (
            row.id,
            row.name or "",
            row.url or "",
            row.condition,
            str(row.delivered or 0),
            time_text(row.last_success_at, now),
            row.last_error or "",
        )
        for row in rows
    ]
    show_table(("Id", "Name", "Address", "Condition", "Taken", "Last taken", "Error"), cells)


@app.command()
def show(webhook_id: Id, as_json: AsJson = False) -> None:
    """Show one webhook, how far it is behind, and its last deliveries.

    Example: `zeus webhook show 019ac0ffee000123456789`
    """
    settings, now = Settings(), clock.now()
    with read_models(settings) as connection:
        row = get_webhook(connection, settings.tenant, webhook_id)
        if row is None:
            raise refuse(_words(WebhookUnknown()))
        behind = behind_s(connection, settings.tenant, webhook_id)
        tries = list_deliveries(connection, settings.tenant, webhook_id)
    if as_json:
        print_json({"webhook": row, "behind_s": behind, "deliveries": tries})
        return
    console.print(f"{row.name or row.id}: {row.condition}, to {row.url}", markup=False)
    console.print("Nothing waits." if behind is None else f"{behind:.1f} s behind.")
    cells = [
        (
            time_text(one.tried_at, now),
            one.delivery[:12],
            str(one.attempt),
            str(one.messages),
            one.error or "taken",
        )
        for one in tries[:20]
    ]
    show_table(("Tried", "Delivery", "Attempt", "Messages", "Result"), cells)


@app.command()
def rotate(webhook_id: Id, as_json: AsJson = False) -> None:
    """Sign with a new secret; for a day the former one signs as well.

    Example: `zeus webhook rotate 019ac0ffee000123456789`
    """
    settings = Settings()
    webhook = _with(settings, lambda webhooks: webhooks.rotate(webhook_id))
    _show_secret(settings, webhook_id, webhook.generation, as_json=as_json)


@app.command()
def pause(webhook_id: Id, reason: Reason = "") -> None:
    """Deliver nothing until it is resumed; nothing is lost.

    Example: `zeus webhook pause 019ac0ffee000123456789 --reason "moving house"`
    """
    _with(Settings(), lambda webhooks: webhooks.pause(webhook_id, reason))
    console.print(f"[bold]{webhook_id}[/bold] is paused.")


@app.command()
def resume(webhook_id: Id) -> None:
    """Deliver again, where it was; also one that was disabled.

    Example: `zeus webhook resume 019ac0ffee000123456789`
    """
    _with(Settings(), lambda webhooks: webhooks.resume(webhook_id))
    console.print(f"[bold]{webhook_id}[/bold] delivers.")


@app.command()
def remove(webhook_id: Id, reason: Reason = "") -> None:
    """Deliver nothing there any more.

    Example: `zeus webhook remove 019ac0ffee000123456789`
    """
    _with(Settings(), lambda webhooks: webhooks.remove(webhook_id, reason))
    console.print(f"[bold]{webhook_id}[/bold] is removed.")


@app.command()
def test(webhook_id: Id) -> None:
    """Deliver one message of the type `stream.test`, and say what came of it.

    Example: `zeus webhook test 019ac0ffee000123456789`
    """
    settings, now = Settings(), clock.now()
    webhook = _with(settings, lambda webhooks: webhooks.load(webhook_id))
    if webhook.defined is None:
        raise refuse(_words(WebhookUnknown()))
    batch = batch_of(webhook, [control("stream.test", settings.tenant, now, {"by": actor()})])
    headers = headers_of(webhook, batch, WebhookSecrets(secret_of(settings)), 1, now)
    try:
        answer = asyncio.run(sender_of(settings).post(webhook.defined.url, headers, batch.body))
    except NotDelivered as error:
        raise refuse(f"Not taken: {error}.") from None
    if not answer.taken:
        raise refuse(f"Not taken: HTTP {answer.status}.")
    console.print(f"Taken: HTTP {answer.status}.")


def _with(settings: Settings, do: Callable[[Webhooks], Awaitable[T]]) -> T:
    async def use(store: EventStore) -> T:
        return await do(Webhooks(store, settings.tenant, actor(), cause(), private=settings.webhooks_private))

    try:
        return with_store(use, settings)
    except WebhookImpossible as error:
        raise refuse(str(error)) from None
    except WebhookUnknown as error:
        raise refuse(_words(error)) from None


def _show_secret(settings: Settings, name: str, generation: int, *, as_json: bool) -> None:
    secret = WebhookSecrets(secret_of(settings)).secret(webhook_stream(settings.tenant, name), generation)
    if as_json:
        print_json({"id": name, "secret": secret})
        return
    console.print(f"Webhook {name}; its deliveries are signed with:", markup=False)
    console.print(secret, markup=False, soft_wrap=True)


def _words(error: Exception) -> str:
    return " ".join((type(error).__doc__ or "").split())
