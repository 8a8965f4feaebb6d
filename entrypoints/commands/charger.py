"""`zeus charger`: make chargers known and give them passwords."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from application import clock
from application.ports import EventStore
from application.registry import ChargerAlreadyRegistered, ChargerUnknown, Provisioned
from application.tenants import Directory
from domain.chargers.events import Acceptance
from domain.chargers.networks import NetworkInvalid, NetworksNeeded
from domain.chargers.particulars import ChargerRetired, Particulars, ProfileUnknown
from domain.identity import InvalidChargerId
from domain.tenants.tenant import TenantUnknown
from entrypoints.commands.opening import AsJson, console, errors, print_json, refuse, registry, with_store
from entrypoints.commands.provisioned import CardFile, show_provisioned
from entrypoints.commands.reading import Limit, length_of, read_models, show_table, span_text
from entrypoints.settings import Settings
from projections.status_board.queries import ChargerFilter, ChargerRow, list_chargers

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Make chargers known, list them, give them passwords.")

Cpid = Annotated[str, typer.Argument(help="The charge point id, as entered in the box: 1–48 characters.")]


Networks = Annotated[
    list[str] | None,
    typer.Option(help="A network it may come from on profile 0, such as 10.20.0.0/16; may be repeated."),
]


@app.command()
def add(
    cpid: Cpid,
    name: Annotated[str, typer.Option(help="A name for people, such as `Car park, bay 1`.")] = "",
    profile: Annotated[
        int, typer.Option(help="Security profile: 0 open, 1 password, 2 password over TLS, 3 certificate.")
    ] = 1,
    network: Networks = None,
    password: Annotated[
        str | None, typer.Option(help="Use this password instead of a new one (16–40 characters).")
    ] = None,
    site: Annotated[str, typer.Option(help="The site it stands at.")] = "",
    tenant: Annotated[
        str | None, typer.Option(help="Whose charger it is; ZEUS_TENANT where it is left out.")
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Answer its boots Pending until `zeus charger accept`.")
    ] = False,
    auto_accept: Annotated[
        str | None,
        typer.Option(help="Accept its boot for so long from now, such as 2h; answer Pending after that."),
    ] = None,
    card: CardFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a charger known and print what to enter in the box. The password is shown this once.

    Example: `zeus charger add CP-001 --name "Car park, bay 1" --card cp-001.html`
    """
    settings = Settings()
    until = None if auto_accept is None else clock.now() + length_of(auto_accept)

    async def use(store: EventStore) -> Provisioned:
        if tenant is not None and not await Directory(store, settings.tenant).serves(tenant):
            raise TenantUnknown(tenant)
        return await registry(store, settings, tenant).add_charger(
            cpid,
            name=name,
            security_profile=profile,
            password=password,
            particulars=Particulars(site=site, networks=tuple(network or ())),
            hold=hold,
            auto_accept_until=until,
        )

    try:
        provisioned = with_store(use, settings)
    except TenantUnknown as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    except InvalidChargerId:
        raise refuse(
            f"{cpid!r} cannot be a charge point id: 1 to 48 printable characters, without / and : and without "
            "blanks around it."
        ) from None
    except ProfileUnknown:
        raise refuse(str(ProfileUnknown.__doc__)) from None
    except (NetworksNeeded, NetworkInvalid) as error:
        raise refuse(network_words(error)) from None
    except ChargerAlreadyRegistered as error:
        raise refuse(
            f"{error} is registered already; nothing was changed. A new password: zeus charger password {error}"
        ) from None
    slug = "" if tenant in (None, settings.tenant) else str(tenant)
    show_provisioned(provisioned, settings, (name, site), card, as_json=as_json, slug=slug)


@app.command(name="list")
def listed(
    online: Annotated[
        bool | None, typer.Option("--online/--offline", help="Only those that are, or are not, connected.")
    ] = None,
    find: Annotated[
        str, typer.Option("--find", "-f", help="A part of the id, name, vendor, model or serial number.")
    ] = "",
    vendor: Annotated[str | None, typer.Option(help="Only of this vendor, as the charger tells it.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Only with this firmware.")] = None,
    limit: Limit = 50,
    after: Annotated[str | None, typer.Option(help="Continue after this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """List chargers by id, with what they told of themselves.

    Example: `zeus charger list --offline`
    """
    settings = Settings()
    wanted = ChargerFilter(online=online, vendor=vendor, firmware=firmware, q=find)
    start = None if after is None else (after.upper(),)
    with read_models(settings) as connection:
        page = list_chargers(connection, settings.tenant, wanted, after=start, limit=limit)
    if as_json:
        print_json({"chargers": page.rows, "next": page.next[0] if page.next else None})
        return
    now = clock.now()
    show_table(
        ("Id", "Name", "Online", "OCPP", "Vendor and model", "Firmware", "Seen"),
        [_cells(row, now) for row in page.rows],
    )
    if not page.rows and console.is_terminal:
        console.print("[dim]No charger matches. `zeus charger add CP-001` makes one known.[/dim]")
    if page.next is not None:
        errors.print(f"[dim]There are more: --after {page.rows[-1].charger}[/dim]")


@app.command()
def password(
    cpid: Cpid,
    new: Annotated[str | None, typer.Option(help="Use this password instead of a new one.")] = None,
    card: CardFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a charger a new password; the former one is refused from now on.

    Example: `zeus charger password CP-001`
    """
    settings = Settings()

    async def use(store: EventStore) -> Provisioned:
        return await registry(store, settings).new_password(cpid, new)

    provisioned = on_known(cpid, lambda: with_store(use, settings))
    show_provisioned(provisioned, settings, ("", ""), card, as_json=as_json)


@app.command()
def accept(cpid: Cpid, as_json: AsJson = False) -> None:
    """Let the charger work: its next boot is answered Accepted.

    Example: `zeus charger accept CP-001`
    """
    _decide(cpid, Acceptance.ACCEPTED, as_json=as_json)


@app.command()
def hold(cpid: Cpid, as_json: AsJson = False) -> None:
    """Hold the charger: its next boot is answered Pending, and nothing else is taken until then.

    Example: `zeus charger hold CP-001`
    """
    _decide(cpid, Acceptance.PENDING, as_json=as_json)


@app.command()
def reject(cpid: Cpid, as_json: AsJson = False) -> None:
    """Turn the charger away: its next boot is answered Rejected.

    Example: `zeus charger reject CP-001`
    """
    _decide(cpid, Acceptance.REJECTED, as_json=as_json)


def _cells(row: ChargerRow, now: datetime) -> tuple[str, ...]:
    seen = "never" if row.last_seen is None else span_text((now - row.last_seen).total_seconds())
    box = " ".join(part for part in (row.vendor, row.model) if part)
    online = "✓ online" if row.online else "○ offline"
    if row.standing != "active":
        online = f"⊘ {row.standing}"
    return row.cpid, row.name, online, row.protocol or "–", box or "–", row.firmware or "–", seen


def _decide(cpid: str, acceptance: Acceptance, *, as_json: bool) -> None:
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).decide_acceptance(cpid, acceptance)

    on_known(cpid, lambda: with_store(use, settings))
    if as_json:
        print_json({"cpid": cpid, "acceptance": acceptance})
        return
    console.print(f"The next boot of [bold]{cpid}[/bold] is answered {acceptance}.")


def network_words(error: Exception) -> str:
    """What to do about networks, as a command would say it."""
    return f"{' '.join((type(error).__doc__ or '').split())} Name them with --network."


def on_known(cpid: str, do: Callable[[], T]) -> T:
    """Do it; refuse in a sentence where no such charger is registered, or where it is retired."""
    try:
        return do()
    except (ChargerUnknown, InvalidChargerId):
        raise refuse(
            f"No charger {cpid!r} is registered. `zeus charger list` shows those that are."
        ) from None
    except ChargerRetired:
        raise refuse(f"{cpid} is retired. `zeus charger add {cpid}` registers its id anew.") from None
