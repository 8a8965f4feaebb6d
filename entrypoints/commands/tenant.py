"""`zeus tenant`: whose chargers this installation serves."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from application import clock
from application.ports import EventStore
from application.tenants import Tenants
from domain.tenants.tenant import SlugUnusable, TenantExists, TenantUnknown
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import read_models, show_table, time_text
from entrypoints.settings import Settings
from projections.tenants.queries import TenantRow, list_tenants

app = typer.Typer(no_args_is_help=True, help="Tenants: whose chargers this installation serves.")

Slug = Annotated[str, typer.Argument(help="The tenant's part of addresses and keys: `a-z`, `0-9`, `-`.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
) -> None:
    """Found a tenant: its chargers connect at `/ocpp/SLUG/<id>`. Its first token: `zeus token add`.

    Example: `zeus tenant add acme --name "Acme Charging"`
    """

    async def use(store: EventStore) -> None:
        await Tenants(store, actor(), cause()).found(slug, name)

    try:
        with_store(use)
    except SlugUnusable as error:
        raise refuse(_words(error)) from None
    except TenantExists:
        raise refuse(f"There is a tenant {slug} already; nothing was changed.") from None
    console.print(f"[bold]{slug}[/bold] is served: chargers connect at /ocpp/{slug}/<id>.")
    console.print(f"Its first token: zeus token add NAME --role tenant_admin --tenant {slug}")


@app.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """List tenants. The one of ZEUS_TENANT is served without having been founded.

    Example: `zeus tenant list`
    """
    settings, now = Settings(), clock.now()
    with read_models(settings, of_all="zeus tenant list") as connection:
        rows = list_tenants(connection)
    if settings.tenant not in {row.tenant for row in rows}:
        implied = TenantRow(
            tenant=settings.tenant, name=None, founded_at=None, suspended_at=None, reason=None
        )
        rows = sorted((*rows, implied), key=lambda row: row.tenant)
    if as_json:
        print_json({"tenants": rows, "default": settings.tenant})
        return
    cells = [
        (row.tenant, row.name or "", _state(row), time_text(row.founded_at, now), _address(row, settings))
        for row in rows
    ]
    show_table(("Tenant", "Name", "State", "Founded", "Address"), cells)


@app.command()
def suspend(slug: Slug, reason: Reason = "") -> None:
    """Let none of its chargers in and none of its tokens open, until it is resumed. Open sockets are closed.

    Example: `zeus tenant suspend acme --reason "contract ended"`
    """
    implied = Settings().tenant

    async def use(store: EventStore) -> None:
        await Tenants(store, actor(), cause()).suspend(slug, reason, implied=implied)

    _on_known(slug, use)
    console.print(f"[bold]{slug}[/bold] is suspended.")


@app.command()
def resume(slug: Slug) -> None:
    """Serve a suspended tenant again.

    Example: `zeus tenant resume acme`
    """
    implied = Settings().tenant

    async def use(store: EventStore) -> None:
        await Tenants(store, actor(), cause()).resume(slug, implied=implied)

    _on_known(slug, use)
    console.print(f"[bold]{slug}[/bold] is served.")


def _on_known(slug: str, use: Callable[[EventStore], Awaitable[None]]) -> None:
    try:
        with_store(use)
    except TenantUnknown as error:
        raise refuse(_words(error)) from None


def _state(row: TenantRow) -> str:
    if row.suspended_at is None:
        return "served"
    return f"suspended ({row.reason})" if row.reason else "suspended"


def _address(row: TenantRow, settings: Settings) -> str:
    return "/ocpp/<id>" if row.tenant == settings.tenant else f"/ocpp/{row.tenant}/<id>"


def _words(error: Exception) -> str:
    return " ".join((type(error).__doc__ or "").split())
