"""`zeus charger`: make chargers known and give them passwords."""

from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import quote

import typer
from rich.panel import Panel
from rich.table import Table

from application.ports import EventStore
from application.registry import ChargerAlreadyRegistered, ChargerUnknown, ProfileUnknown, Provisioned
from domain.chargers.events import Acceptance
from domain.identity import InvalidChargerId
from entrypoints.commands.opening import AsJson, console, print_json, refuse, registry, with_store
from entrypoints.settings import Settings

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Make chargers known, list them, give them passwords.")

Cpid = Annotated[str, typer.Argument(help="The charge point id, as entered in the box: 1–48 characters.")]


@app.command()
def add(
    cpid: Cpid,
    name: Annotated[str, typer.Option(help="A name for people, such as `Car park, bay 1`.")] = "",
    profile: Annotated[
        int, typer.Option(help="Security profile: 0 open, 1 password, 2 password over TLS.")
    ] = 1,
    password: Annotated[
        str | None, typer.Option(help="Use this password instead of a new one (16–40 characters).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a charger known and print what to enter in the box. The password is shown this once.

    Example: `zeus charger add CP-001 --name "Car park, bay 1"`
    """
    settings = Settings()

    async def use(store: EventStore) -> Provisioned:
        return await registry(store, settings).add_charger(
            cpid, name=name, security_profile=profile, password=password
        )

    try:
        provisioned = with_store(use, settings)
    except InvalidChargerId:
        raise refuse(
            f"{cpid!r} cannot be a charge point id: 1 to 48 printable characters, without / and : and without "
            "blanks around it."
        ) from None
    except ProfileUnknown:
        raise refuse("Choose security profile 0 (open), 1 (password) or 2 (password over TLS).") from None
    except ChargerAlreadyRegistered as error:
        raise refuse(
            f"{error} is registered already; nothing was changed. A new password: zeus charger password {error}"
        ) from None
    _show(provisioned, settings, as_json=as_json)


@app.command()
def password(
    cpid: Cpid,
    new: Annotated[str | None, typer.Option(help="Use this password instead of a new one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a charger a new password; the former one is refused from now on."""
    settings = Settings()

    async def use(store: EventStore) -> Provisioned:
        return await registry(store, settings).new_password(cpid, new)

    _show(_on_known(cpid, lambda: with_store(use, settings)), settings, as_json=as_json)


@app.command()
def accept(cpid: Cpid) -> None:
    """Let the charger work: its next boot is answered Accepted."""
    _decide(cpid, Acceptance.ACCEPTED)


@app.command()
def hold(cpid: Cpid) -> None:
    """Hold the charger: its next boot is answered Pending, and nothing else is taken until then."""
    _decide(cpid, Acceptance.PENDING)


@app.command()
def reject(cpid: Cpid) -> None:
    """Turn the charger away: its next boot is answered Rejected."""
    _decide(cpid, Acceptance.REJECTED)


def _decide(cpid: str, acceptance: Acceptance) -> None:
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).decide_acceptance(cpid, acceptance)

    _on_known(cpid, lambda: with_store(use, settings))
    console.print(f"The next boot of [bold]{cpid}[/bold] is answered {acceptance}.")


def _on_known(cpid: str, do: Callable[[], T]) -> T:
    try:
        return do()
    except (ChargerUnknown, InvalidChargerId):
        raise refuse(
            f"No charger {cpid!r} is registered. `zeus charger list` shows those that are."
        ) from None


def _show(provisioned: Provisioned, settings: Settings, *, as_json: bool) -> None:
    """What the technician enters in the box."""
    base = f"ws://{settings.host}:{settings.port}/ocpp"
    if as_json:
        print_json({"charger": provisioned, "url": base, "full_url": f"{base}/{quote(provisioned.cpid)}"})
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("Backend URL", f"[bold]{base}[/bold]", "[dim]for boxes that append the id themselves[/dim]")
    table.add_row("", f"{base}/{quote(provisioned.cpid)}", "[dim]for boxes that want the full URL[/dim]")
    table.add_row("Charge point id", f"[bold]{provisioned.cpid}[/bold]", "")
    table.add_row("Security profile", str(provisioned.security_profile), "")
    if provisioned.password is not None:
        table.add_row("User", provisioned.cpid, "[dim]some boxes have no field for it[/dim]")
        table.add_row("Password", f"[bold]{provisioned.password}[/bold]", "[dim]shown this once[/dim]")
        table.add_row("", provisioned.password.encode().hex(), "[dim]the same as hex[/dim]")
    console.print(Panel(table, title="Enter this in the box", expand=False))
