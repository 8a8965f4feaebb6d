"""What a technician enters in the box: on the terminal, as JSON, and as an installation card to print."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from adapters.http.charger_addresses import Addresses, addresses_of
from adapters.http.install_card import CardFacts, render_card
from application import clock
from application.registry import Provisioned
from entrypoints.commands.opening import console, errors, print_json
from entrypoints.commands.welcome import reachable_host
from entrypoints.settings import Settings

CardFile = Annotated[
    Path | None,
    typer.Option("--card", help="Write the installation card to this file, as HTML to print."),
]


def show_provisioned(
    provisioned: Provisioned,
    settings: Settings,
    place: tuple[str, str],
    card: Path | None,
    *,
    as_json: bool,
    slug: str = "",
) -> None:
    """Print what to enter, and write the card where one is wanted; `place` is the charger's name and site.

    `slug` names the tenant in its address; the one of the settings has none.
    """
    origin = f"http://{reachable_host(settings.host)}:{settings.port}"
    addresses = addresses_of(origin, provisioned.cpid, provisioned.security_profile, slug)
    if card is not None:
        _write_card(card, provisioned, addresses, place)
    if as_json:
        print_json(
            {
                "charger": provisioned,
                "url": addresses.base,
                "full_url": addresses.full,
                "urls": addresses,
                "username": provisioned.cpid,
                "password_hex": _hex(provisioned),
                "card": str(card) if card is not None else None,
            }
        )
        return
    console.print(Panel(_table(provisioned, addresses), title="Enter this in the box", expand=False))


def _table(provisioned: Provisioned, addresses: Addresses) -> Table:
    """What has to be copied stays in one piece as long as it can; the notes give way."""
    rows = _rows(provisioned, addresses)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="bold", overflow="fold", min_width=min(50, max(len(row[1]) for row in rows)))
    table.add_column(style="dim", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _rows(provisioned: Provisioned, addresses: Addresses) -> list[tuple[str, str, str]]:
    rows = [
        ("Backend URL", addresses.base, "box adds its id"),
        ("", addresses.full, "full address"),
        ("  Scheme, host", f"{addresses.scheme}, {addresses.host}", "separate fields"),
        ("  Port, path", f"{addresses.port}, {addresses.path}", ""),
        ("Charge point id", provisioned.cpid, ""),
        ("Security profile", str(provisioned.security_profile), ""),
    ]
    if provisioned.password is not None:
        rows += [
            ("User", provisioned.cpid, "if there is one"),
            ("Password", provisioned.password, "shown this once"),
            ("", _hex(provisioned) or "", "same in hex"),
        ]
    return rows


def _write_card(path: Path, provisioned: Provisioned, addresses: Addresses, place: tuple[str, str]) -> None:
    """Readable by its owner alone: there is a password on it."""
    card = CardFacts(
        cpid=provisioned.cpid,
        security_profile=provisioned.security_profile,
        addresses=addresses,
        name=place[0],
        site=place[1],
        password=provisioned.password,
    )
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(render_card(card, clock.now()), encoding="utf-8")
    errors.print(f"[dim]The installation card is in {path}: print it, then delete it.[/dim]")


def _hex(provisioned: Provisioned) -> str | None:
    return provisioned.password.encode().hex() if provisioned.password is not None else None
