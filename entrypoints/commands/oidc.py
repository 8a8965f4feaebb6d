"""`zeus oidc`: the provider (OpenID Connect) by which people of a tenant sign in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from application.oidc import ProviderAway, ProviderBook
from application.ports import EventStore
from application.tenants import Directory
from domain.people.provider import GroupRole, Provider, ProviderImpossible, ProviderUnknown
from domain.tenants.roles import Role
from domain.tenants.tenant import TenantUnknown
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import show_table
from entrypoints.people import open_book, open_providers
from entrypoints.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The provider by which people of a tenant sign in.")

Tenant = Annotated[str | None, typer.Option(help="Of this tenant; ZEUS_TENANT where it is left out.")]


@app.command()
def choose(
    issuer: Annotated[str, typer.Argument(help="The provider's address, as it calls itself.")],
    client_id: Annotated[str, typer.Option(help="How Zeus is known to it.")],
    group: Annotated[
        list[str], typer.Option(help="GROUP=ROLE, more than once; the first that somebody is in counts.")
    ],
    claim: Annotated[str, typer.Option(help="The claim with the names of groups.")] = "groups",
    scope: Annotated[
        list[str] | None, typer.Option(help="Asked for beside `openid`; profile, email.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="There is no secret: a public client.")] = False,
    tenant: Tenant = None,
) -> None:
    """Let people of a tenant sign in by this provider. The client's secret is asked for, and shown nowhere.

    Example: `zeus oidc choose https://login.example/realms/acme --client-id zeus --group admins=tenant_admin`
    """
    settings = Settings()
    roles = [_group_role(one) for one in group]
    secret = "" if public else typer.prompt("The client's secret", hide_input=True)

    async def use(book: ProviderBook) -> None:
        await book.choose(
            issuer,
            client_id,
            secret,
            roles,
            groups_claim=claim,
            scopes=scope or (),
            plain=settings.oidc_loopback,
        )

    _on_book(use, tenant, settings)
    console.print(
        f"People sign in by {issuer}. Register there: <address>/api/ocpp/oidc/callback", markup=False
    )


@app.command()
def show(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Show the provider of a tenant, without the secret.

    Example: `zeus oidc show --tenant acme`
    """
    found: list[Provider] = []

    async def use(book: ProviderBook) -> None:
        found.append(await book.load())

    _on_book(use, tenant, Settings())
    chosen = found[0].chosen
    if chosen is None:
        raise refuse("The tenant has no provider; `zeus oidc choose` names one.")
    if as_json:
        print_json(
            {
                "issuer": chosen.issuer,
                "client_id": chosen.client_id,
                "confidential": bool(chosen.secret),
                "groups_claim": chosen.groups_claim,
                "roles": chosen.roles,
                "scopes": chosen.scopes,
            }
        )
        return
    console.print(f"{chosen.issuer} as {chosen.client_id}, groups in {chosen.groups_claim}", markup=False)
    show_table(("Group", "Role"), [(one.group, one.role) for one in chosen.roles])


@app.command()
def drop(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "", tenant: Tenant = None
) -> None:
    """Let nobody sign in by the provider any more. Sessions that are under way go on.

    Example: `zeus oidc drop --tenant acme --reason "moved"`
    """

    async def use(book: ProviderBook) -> None:
        await book.drop(reason)

    _on_book(use, tenant, Settings())
    console.print("Nobody signs in by the provider any more.")


@app.command()
def check(
    issuer: Annotated[str, typer.Argument(help="The provider's address, as it calls itself.")],
    as_json: AsJson = False,
) -> None:
    """Ask a provider what it says of itself, as signing in will.

    Example: `zeus oidc check https://login.example/realms/acme`
    """
    providers = open_providers(Settings())

    async def ask() -> dict[str, object]:
        try:
            return dict(await providers.describe(issuer))
        finally:
            await providers.close()

    try:
        document = asyncio.run(ask())
    except ProviderAway as error:
        raise refuse(f"The provider cannot be used: {error}.") from None
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    told = {name: document.get(name) for name in names}
    if as_json:
        print_json(told)
        return
    show_table(("What", "Where"), [(name, str(value or "–")) for name, value in told.items()])


def _group_role(text: str) -> GroupRole:
    group, _, role = text.rpartition("=")
    if not group or role not in set(Role):
        raise refuse(f"{text} is no GROUP=ROLE; the roles are {', '.join(Role)}.")
    return GroupRole(group, Role(role))


def _on_book(use: Callable[[ProviderBook], Awaitable[None]], tenant: str | None, settings: Settings) -> None:
    owner = tenant or settings.tenant

    async def run(store: EventStore) -> None:
        if not await Directory(store, settings.tenant).serves(owner):
            raise TenantUnknown(owner)
        await use(ProviderBook(store, open_book(store, settings).keys, owner, actor(), cause()))

    try:
        with_store(run, settings)
    except (TenantUnknown, ProviderUnknown, ProviderImpossible) as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
