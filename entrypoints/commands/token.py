"""`zeus token`: by which credentials programs and people use the API."""

from datetime import datetime
from typing import Annotated

import typer

from application import clock
from application.ports import EventStore
from application.tenants import ApiTokens, Directory, IssuedToken
from domain.identity import InvalidChargerId
from domain.tenants.api_token import ApiTokenUnknown, ScopeImpossible, TokenImpossible
from domain.tenants.roles import Right, Role
from domain.tenants.tenant import TenantUnknown
from entrypoints.commands.opening import AsJson, actor, cause, console, errors, print_json, refuse, with_store
from entrypoints.commands.reading import Limit, length_of, read_models, show_table, span_text, time_text
from entrypoints.settings import Settings
from projections.api_tokens.queries import ApiTokenRow, State, list_api_tokens

app = typer.Typer(no_args_is_help=True, help="API tokens: who may act for a tenant, in which role.")

Tenant = Annotated[str | None, typer.Option(help="Of this tenant; ZEUS_TENANT where it is left out.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for, such as `billing`.")],
    role: Annotated[Role, typer.Option(help="What its holder may do; docs/security.md has the table.")],
    expires: Annotated[
        str | None, typer.Option(help="It opens nothing after so long, such as 90d; unset: no end.")
    ] = None,
    right: Annotated[
        list[Right] | None, typer.Option(help="Only this of the role's rights; more than once for more.")
    ] = None,
    charger: Annotated[
        list[str] | None, typer.Option(help="Good for this charger alone; more than once for more.")
    ] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for the API. It is shown this once.

    Example: `zeus token add billing --role viewer --expires 90d`
    """
    settings = Settings()
    owner = tenant or settings.tenant
    until = None if expires is None else clock.now() + length_of(expires)

    async def use(store: EventStore) -> IssuedToken:
        if not await Directory(store, settings.tenant).serves(owner):
            raise TenantUnknown(owner)
        return await ApiTokens(store, owner, actor(), cause()).issue(
            name, role, expires_at=until, rights=right or (), chargers=charger or ()
        )

    try:
        made = with_store(use, settings)
    except (TenantUnknown, TokenImpossible, ScopeImpossible, InvalidChargerId) as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    if as_json:
        print_json({"tenant": owner, **_document(made)})
        return
    console.print(f"API token for {owner}, {role}{_end(until)}; shown this once:", markup=False)
    console.print(made.token, markup=False, soft_wrap=True)


@app.command(name="list")
def listed(
    state: Annotated[State | None, typer.Option(help="Only active, expired or revoked ones.")] = None,
    tenant: Tenant = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List tokens, the newest first, with their last use. The one of ZEUS_API_TOKEN is not among them.

    Example: `zeus token list --state active`
    """
    settings, now = Settings(), clock.now()
    with read_models(settings, tenant or settings.tenant) as connection:
        page = list_api_tokens(connection, tenant or settings.tenant, now=now, state=state, limit=limit)
    if as_json:
        print_json({"tokens": page.rows, "more": page.next is not None})
        return
    show_table(
        ("Id", "Name", "Role", "State", "Issued", "Expires", "Used"),
        [_cells(row, now) for row in page.rows],
    )
    if page.next is not None:
        errors.print("[dim]There are more: --limit 200[/dim]")


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `zeus token list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    tenant: Tenant = None,
) -> None:
    """Let a token open nothing any more, in every process within seconds.

    Example: `zeus token revoke 019ac0ffee000123456789 --reason "laptop lost"`
    """
    settings = Settings()

    async def use(store: EventStore) -> None:
        await ApiTokens(store, tenant or settings.tenant, actor(), cause()).revoke(token_id, reason)

    try:
        with_store(use, settings)
    except ApiTokenUnknown as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    console.print(f"[bold]{token_id}[/bold] is revoked.")


def _cells(row: ApiTokenRow, now: datetime) -> tuple[str, ...]:
    used = "never"
    if row.last_seen_at is not None:
        used = f"{span_text((now - row.last_seen_at).total_seconds())} ago"
    issued, expires = time_text(row.issued_at, now), time_text(row.expires_at, now)
    role = (row.role or "") + (f": {', '.join(row.rights)}" if row.rights else "")
    role += f" at {', '.join(row.chargers)}" if row.chargers else ""
    return row.id, row.name or "", role, row.state, issued, expires, used


def _document(made: IssuedToken) -> dict[str, object]:
    return {
        "id": made.id,
        "name": made.name,
        "role": made.role,
        "expires_at": made.expires_at,
        "token": made.token,
    }


def _end(until: datetime | None) -> str:
    return "" if until is None else f", until {until:%Y-%m-%d %H:%M} UTC"
