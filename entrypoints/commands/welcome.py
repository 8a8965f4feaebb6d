"""What `zeus serve` says when chargers may connect: addresses, a line to paste, where to look."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from entrypoints.commands.opening import console
from entrypoints.database import data_home
from entrypoints.settings import Settings


def print_welcome(settings: Settings, port: int, token: str, *, made_up: bool, demo: bool) -> None:
    """A block on a terminal, plain lines elsewhere. A token that was given to us is not repeated."""
    lines = welcome_lines(settings, port, token, made_up=made_up, demo=demo)
    if not console.is_terminal:
        for name, text in lines:
            console.print(f"{name + ':' if name else '':<18}{text}", markup=False, soft_wrap=True)
        return
    table = Table.grid(padding=(0, 2))
    for name, text in lines:
        if name != "Try it":
            table.add_row(f"[bold]{name}[/bold]", text)
    console.print(Panel(table, title="[bold]⚡ Zeus CSMS is ready[/bold]", title_align="left", expand=False))
    paste = dict(lines)["Try it"]
    console.print(paste, markup=False, soft_wrap=True)  # no frame: it is there to be copied
    console.print("[dim]Ctrl-C ends Zeus.[/dim]")


def welcome_lines(
    settings: Settings, port: int, token: str, *, made_up: bool, demo: bool
) -> Sequence[tuple[str, str]]:
    """(what, where) of everything a newcomer needs."""
    host = reachable_host(settings.host)
    zeus = zeus_command()
    web, ocpp = f"http://{host}:{port}", f"ws://{host}:{port}/ocpp"
    lines = [
        ("Chargers", f"{ocpp}  (the charger appends its id)"),
        ("", f"{ocpp}/CP-001  (or the full address)"),
        ("", f"{ocpp}/1.6/CP-001  (or with the version: {', '.join(settings.versions)})"),
    ]
    if host != settings.host:
        lines.append(("", f"from elsewhere: this machine's address instead of {host}"))
    if settings.tls_certificates:
        host_of_tls = reachable_host(settings.tls_host or settings.host)
        lines.append(("", f"wss://{host_of_tls}:{settings.tls_port}/ocpp  (with TLS)"))
    lines += [
        ("A new charger", f'{zeus} charger add CP-001 --name "Car park, bay 1"'),
        ("Status board", f"{zeus} board"),
        ("Why not online?", f"{zeus} attempts"),
        ("API", f"{web}/api/ocpp"),
        ("API token", token if made_up else "as given in ZEUS_API_TOKEN"),
        ("Web page", web),
        ("Data", "DATABASE_URL" if settings.database_url else str(data_home(settings))),
        ("Documents", "docs/cli.md"),
        ("Try it", curl_line(web, token if made_up else None)),
    ]
    if demo:
        lines.append(("Demo", "seven simulated chargers are connecting; they come back at every --demo"))
    return lines


def curl_line(web: str, token: str | None) -> str:
    """Ready to paste; without a token the shell takes it from ZEUS_API_TOKEN."""
    return f'curl -H "Authorization: Bearer {token or "$ZEUS_API_TOKEN"}" {web}/api/ocpp/chargers'


def reachable_host(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def zeus_command() -> str:
    """How to call `zeus` from this terminal: by its name, or by its path where it is not on the PATH."""
    return "zeus" if shutil.which("zeus") else os.path.relpath(Path(sys.executable).with_name("zeus"))
