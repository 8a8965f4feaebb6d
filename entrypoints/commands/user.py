"""`zeus user`: who may sign in for a tenant, in which role."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from application import clock
from application.people import Invitation, People
from application.ports import EventStore
from application.proofs import HashingBusy, SealBroken
from application.tenants import Directory
from domain.people.passwords import PasswordUnfit
from domain.people.user import (
    LastAdmin,
    UserElsewhere,
    UserErased,
    UserExists,
    UserImpossible,
    UserUnknown,
    is_user_id,
)
from domain.tenants.roles import Role
from domain.tenants.tenant import TenantUnknown
from entrypoints.commands.opening import AsJson, actor, cause, console, errors, print_json, refuse, with_store
from entrypoints.commands.reading import Limit, read_models, show_table, time_text
from entrypoints.people import open_book, open_passwords
from entrypoints.settings import Settings
from projections.users.queries import State, UserRow, list_users

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="People: who may sign in for a tenant, in which role.")

Tenant = Annotated[str | None, typer.Option(help="Of this tenant; ZEUS_TENANT where it is left out.")]
Login = Annotated[str, typer.Argument(help="What is typed in to sign in, or the id of `zeus user list`.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
ROLE = "What the person may do; docs/security.md has the table."
REFUSALS = (
    TenantUnknown,
    UserUnknown,
    UserExists,
    UserImpossible,
    UserErased,
    UserElsewhere,
    LastAdmin,
    HashingBusy,
)


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="What is typed in to sign in, such as an e-mail address.")],
    role: Annotated[Role, typer.Option(help=ROLE)],
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody, who is invited to choose a password. The invitation is shown this once.

    Example: `zeus user add ann@example.com --role tenant_admin --name "Ann Lee"`
    """

    async def use(people: People, store: EventStore) -> Invitation:
        return await people.add(login, role, name)

    _invited(_on_people(use, tenant), f"{login} was added as {role.replace('_', ' ')}", as_json=as_json)


@app.command()
def invite(login: Login, reason: Reason = "", tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Invite somebody to choose another password. The present one holds until then.

    Example: `zeus user invite ann@example.com --reason "forgot it"`
    """

    async def use(people: People, store: EventStore) -> Invitation:
        return await people.invite(await _id_of(people, login), reason)

    _invited(_on_people(use, tenant), f"{login} is invited", as_json=as_json)


@app.command()
def password(login: Login, tenant: Tenant = None) -> None:
    """Choose somebody's password here; it is asked for twice and shown nowhere. Every session ends.

    Example: `zeus user password ann@example.com`
    """
    chosen = typer.prompt("New password", hide_input=True, confirmation_prompt="The same again")
    passwords, hashes = open_passwords(Settings())

    async def use(people: People, store: EventStore) -> None:
        await people.give_password(await _id_of(people, login), chosen, passwords)

    try:
        _on_people(use, tenant)
    except PasswordUnfit as error:
        raise refuse(str(error)) from None
    finally:
        hashes.close()
    console.print(f"{login} has another password.", markup=False)


@app.command(name="list")
def listed(
    state: Annotated[
        State | None, typer.Option(help="Only active, invited, disabled or erased ones.")
    ] = None,
    tenant: Tenant = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List people, those who were added last first.

    Example: `zeus user list --state active`
    """
    settings, now = Settings(), clock.now()
    with read_models(settings, tenant or settings.tenant) as connection:
        page = list_users(connection, tenant or settings.tenant, state=state, limit=limit)
    if as_json:
        print_json({"users": page.rows, "more": page.next is not None})
        return
    heads = ("Id", "Login", "Name", "Role", "State", "Second factor", "Signed in")
    show_table(heads, [_cells(row, now) for row in page.rows])
    if page.next is not None:
        errors.print("[dim]There are more: --limit 200[/dim]")


@app.command()
def role(
    login: Login,
    role: Annotated[Role, typer.Argument(help=ROLE)],
    reason: Reason = "",
    tenant: Tenant = None,
) -> None:
    """Give somebody another role. Every session of the person ends.

    Example: `zeus user role ann@example.com operator`
    """
    _act(login, tenant, lambda people, name: people.change_role(name, role, reason))
    console.print(f"{login} is {role.replace('_', ' ')} now.", markup=False)


@app.command()
def disable(login: Login, reason: Reason = "", tenant: Tenant = None) -> None:
    """Let somebody in no more, and end every session. The last one who administers stays.

    Example: `zeus user disable ann@example.com --reason "left"`
    """
    _act(login, tenant, lambda people, name: people.disable(name, reason))
    console.print(f"{login} is disabled.", markup=False)


@app.command()
def enable(login: Login, reason: Reason = "", tenant: Tenant = None) -> None:
    """Let somebody in again.

    Example: `zeus user enable ann@example.com`
    """
    _act(login, tenant, lambda people, name: people.enable(name, reason))
    console.print(f"{login} may sign in again.", markup=False)


@app.command(name="totp-reset")
def totp_reset(login: Login, reason: Reason = "", tenant: Tenant = None) -> None:
    """Take the second factor away: the telephone is lost, and the next sign-in enrols another.

    Example: `zeus user totp-reset ann@example.com --reason "telephone lost"`
    """
    _act(login, tenant, lambda people, name: people.remove_authenticator(name, reason))
    console.print(f"{login} has no authenticator now.", markup=False)


@app.command(name="sign-out")
def sign_out(login: Login, reason: Reason = "", tenant: Tenant = None) -> None:
    """End every session of somebody, in every process within seconds.

    Example: `zeus user sign-out ann@example.com --reason "laptop lost"`
    """
    _act(login, tenant, lambda people, name: people.end_sessions(name, reason))
    console.print(f"{login} is signed out everywhere.", markup=False)


@app.command()
def erase(
    login: Login,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Reason = "",
    tenant: Tenant = None,
) -> None:
    """Forget what somebody is called, for good; what was done stays in the log under an id.

    Example: `zeus user erase ann@example.com --yes --reason "asked for it"`
    """
    if not yes:
        typer.confirm(f"Forget who {login} is? This cannot be undone.", abort=True)
    _act(login, tenant, lambda people, name: people.erase(name, reason))
    console.print(f"{login} is forgotten.", markup=False)


def _act(login: str, tenant: str | None, do: Callable[[People, str], Awaitable[None]]) -> None:
    async def use(people: People, store: EventStore) -> None:
        await do(people, await _id_of(people, login))

    _on_people(use, tenant)


def _on_people(use: Callable[[People, EventStore], Awaitable[T]], tenant: str | None) -> T:
    settings = Settings()
    owner = tenant or settings.tenant

    async def run(store: EventStore) -> T:
        if not await Directory(store, settings.tenant).serves(owner):
            raise TenantUnknown(owner)
        return await use(People(open_book(store, settings), owner, actor(), cause=cause()), store)

    try:
        return with_store(run, settings)
    except REFUSALS as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    except SealBroken as error:
        raise refuse(str(error)) from None


async def _id_of(people: People, login: str) -> str:
    return login if is_user_id(login) else await people.find(login)


def _invited(made: Invitation, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": made.user_id, "expires_at": made.expires_at, "invitation": made.text})
        return
    until = f"{made.expires_at:%Y-%m-%d %H:%M} UTC"
    console.print(f"{words}. The invitation, until {until}; shown this once:", markup=False)
    console.print(made.text, markup=False, soft_wrap=True)
    console.print("Whoever has it chooses the password: POST /api/ocpp/sign-in/invitation.", markup=False)


def _cells(row: UserRow, now: datetime) -> tuple[str, ...]:
    state = row.state + (f" ({row.reason})" if row.reason and row.state == "disabled" else "")
    factor = "by provider" if row.provider else "yes" if row.authenticator else "no"
    return (
        row.id,
        row.login or "",
        row.name or "",
        row.role or "",
        state,
        factor,
        time_text(row.signed_in_at, now),
    )
