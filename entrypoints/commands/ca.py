"""`zeus ca`: our own certificate authority, which signs certificates of chargers (security profile 3)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from adapters.certificates.local_ca import CHAIN, LIST, ROOT, ROOT_KEY, AuthorityExists, LocalAuthority
from adapters.certificates.pem import CertificateFileWrong
from application import clock
from application.certificates import AuthorityFailed, CertificateBook
from application.ports import EventStore
from domain.certificates.register import CertificateRevokedAlready, CertificateUnknown, Entry, Register
from entrypoints.certificates import authority_home, open_authority
from entrypoints.commands.opening import (
    AsJson,
    actor,
    cause,
    console,
    database,
    print_json,
    refuse,
    with_store,
)
from entrypoints.commands.reading import show_table
from entrypoints.settings import Settings
from entrypoints.wiring import certifying

app = typer.Typer(
    no_args_is_help=True, help="Our own certificate authority: make it, look at it, take certificates back."
)

DEFAULT_NAME = "Zeus"


@app.command()
def init(
    organisation: Annotated[
        str | None,
        typer.Option(help="The operator's name in the authority's certificates; else of the settings."),
    ] = None,
) -> None:
    """Make the authority: a root, and below it the one that signs. Chargers may then ask for certificates.

    Example: `zeus ca init --organisation "Harbour Power Ltd"`
    """
    settings = Settings()
    home = authority_home(settings)
    name = organisation or settings.tls_client_organisation or DEFAULT_NAME
    try:
        made = LocalAuthority.create(home, name, clock.now())
    except AuthorityExists as error:
        raise refuse(
            f"There is an authority in {error} already. A new one would make every certificate it signed "
            "worthless: move that directory away first if that is what you want."
        ) from None
    except OSError as error:
        raise refuse(f"{home} cannot be written: {error.strerror}. Check ZEUS_DATA_DIR.") from None
    except ValueError:
        raise refuse(f"{name!r} cannot be the name of an organisation: 1 to 38 characters.") from None
    console.print(f"The authority [bold]{made.issuer.subject.rfc4514_string()}[/bold] is in {home}.")
    console.print(
        f"Move {ROOT_KEY} to a safe place: it is needed no more. Then restart `zeus serve`.", markup=False
    )


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the authority, and where its root and its revocation list are.

    Example: `zeus ca show`
    """
    authority = _authority(Settings())
    home = authority.home
    facts = {
        "root": authority.root.subject.rfc4514_string(),
        "root_until": authority.root.not_valid_after_utc,
        "issuer": authority.issuer.subject.rfc4514_string(),
        "issuer_until": authority.issuer.not_valid_after_utc,
        "root_file": str(home / ROOT),
        "chain_file": str(home / CHAIN),
        "revocation_list": str(home / LIST),
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        text = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else value
        console.print(f"{name.replace('_', ' '):<18}{text}", markup=False, soft_wrap=True)


@app.command(name="list")
def listed(
    within: Annotated[int, typer.Option(min=0, help="Only those that end within so many days.")] = 30,
    everything: Annotated[
        bool, typer.Option("--all", help="All that were issued, also those over, replaced or revoked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List certificates of chargers that end soon, the first to end first.

    Example: `zeus ca list --within 90`
    """
    settings = Settings()

    async def use(store: EventStore) -> Register:
        return await CertificateBook(store, settings.tenant).current()

    register = with_store(use, settings)
    limit = clock.now() + timedelta(days=within)
    entries = list(register.entries.values()) if everything else register.shown()
    found = [one for one in entries if everything or one.not_after <= limit]
    if as_json:
        print_json({"certificates": found})
        return
    if not found:
        console.print("No certificate was issued." if everything else f"None ends within {within} days.")
        return
    _print(found)


@app.command()
def revoke(
    serial: Annotated[
        str, typer.Argument(help="The certificate's serial number, as `zeus ca list` shows it.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
) -> None:
    """Take a certificate back: it opens no door any more, and whoever came in by it is turned out.

    Example: `zeus ca revoke 5f2e9c… --reason "box stolen"`
    """
    settings = Settings()
    wanted = serial.strip().replace(":", "").lower().lstrip("0")

    async def run(url: str) -> Entry:
        async with certifying(url, settings) as certificates:
            return await certificates.revoke(wanted, reason, actor(), cause())

    try:
        with database(settings) as url:
            entry = asyncio.run(run(url))
    except (CertificateUnknown, CertificateRevokedAlready) as error:
        raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    except (AuthorityFailed, CertificateFileWrong) as error:
        raise refuse(f"It is revoked in the log, but the list was not published: {error}.") from None
    console.print(f"The certificate of [bold]{entry.charger}[/bold] (tenant {entry.tenant}) is revoked.")


def _authority(settings: Settings) -> LocalAuthority:
    try:
        authority = open_authority(settings)
    except CertificateFileWrong as error:
        raise refuse(str(error)) from None
    if authority is None:
        raise refuse(f"There is no authority in {authority_home(settings)}: zeus ca init makes it.")
    return authority


def _print(entries: Sequence[Entry]) -> None:
    rows = [
        (
            one.tenant,
            one.charger,
            one.common_name,
            f"{one.not_after:%Y-%m-%d}",
            "" if one.revoked_at is None else f"revoked {one.revoked_at:%Y-%m-%d}",
            one.serial,
        )
        for one in entries
    ]
    show_table(("tenant", "charger", "CN", "until", "", "serial"), rows)
