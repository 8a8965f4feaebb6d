"""`zeus serve` and `zeus migrate`."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from types import FrameType
from typing import Annotated

import typer

from adapters.certificates.pem import CertificateFileWrong
from adapters.eventstore import schema
from application.registry import Registry
from entrypoints.certificates import open_tls, tls_host
from entrypoints.commands.opening import console, database, refuse
from entrypoints.commands.welcome import print_welcome, reachable_host
from entrypoints.database import api_token, people_keys
from entrypoints.demo import DemoProcess, provision_demo
from entrypoints.logs import set_up
from entrypoints.privacy import open_sealed_store
from entrypoints.serve import serve as run_server
from entrypoints.settings import Settings
from projections.meter_samples.storage import TimescaleNotLoaded, TimescaleTooOld, enable_timescale


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Add seven chargers with cars, simulated, to look at.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Gateway processes behind the port; a core each.")
    ] = None,
) -> None:
    """Start Zeus: chargers connect, the API answers, read models follow. Ctrl-C ends it.

    Settings are environment variables (docs/configuration.md). Without DATABASE_URL it brings a PostgreSQL
    of its own, whose data live in ZEUS_DATA_DIR.

    Example: `zeus serve --demo`

    Example: `zeus serve --workers 2`

    Example: `ZEUS_HOST=0.0.0.0 ZEUS_PORT=9000 zeus serve`
    """
    settings = Settings() if workers is None else Settings(workers=workers)
    _set_up_log(settings)
    _check_port(settings)
    _check_tls(settings)
    with _ended_by_signals() as ending, database(settings, own=True) as url:
        if demo:
            asyncio.run(_provision_demo(url, settings))
        token, made_up = api_token(settings)
        people_keys(settings)  # made before workers are, who would each make up their own
        children: list[DemoProcess] = []

        def on_ready(port: int) -> None:
            ending.server_handles_it = True
            print_welcome(settings, port, token, made_up=made_up, demo=demo)
            if demo:
                children.append(DemoProcess(f"ws://{reachable_host(settings.host)}:{port}/ocpp"))

        async def on_stop() -> None:
            """The demo's cars leave while the server can still take their stops."""
            for child in children:
                await asyncio.to_thread(child.stop)

        try:
            run_server(url, settings, token, on_ready, on_stop)
        finally:
            for child in children:
                child.stop()
    console.print("Zeus has ended; everything that was acknowledged is stored.")


def migrate(
    app_role: Annotated[
        str | None,
        typer.Option(help="A database role that may add to the log but never change it; made if missing."),
    ] = None,
    timescale: Annotated[
        bool, typer.Option("--timescale", help="Switch the TimescaleDB extension on, if the server has it.")
    ] = False,
) -> None:
    """Create what is missing in the database; harmless when repeated. Read models make their own tables.

    Example: `DATABASE_URL=postgresql://owner@db/zeus zeus migrate --app-role zeus_app`
    """
    settings = Settings()
    with database(settings) as url:
        if app_role is not None:
            try:
                schema.create(url, app_role)
            except schema.AppRoleOwnsTheLog:
                raise refuse(
                    f"{app_role} owns the event log, is a superuser or bypasses row-level security, and could do "
                    "what it must not: run this as another role, the owner, and name the application's role."
                ) from None
            console.print(
                f"Role [bold]{app_role}[/bold] may add to the event log and never change it, and sees the rows of "
                "the tenant it works for. Give it a password, and its address to ZEUS_GATEWAY_DATABASE_URL."
            )
        if timescale:
            _switch_timescale_on(url)
    console.print("The event store is in place. `zeus serve` or `zeus rebuild --all` makes the read models.")


def _set_up_log(settings: Settings) -> None:
    """The libraries' everyday lines (a socket opened, a job run) would bury ours."""
    set_up(settings.log_level, form=settings.log_format)
    if settings.log_level.upper() != "DEBUG":
        for name in ("uvicorn", "uvicorn.error", "apscheduler"):
            logging.getLogger(name).setLevel(logging.WARNING)


async def _provision_demo(url: str, settings: Settings) -> None:
    store = open_sealed_store(url, settings)
    try:
        await provision_demo(Registry(store, settings.tenant, f"user:{getuser()}"))
    finally:
        await store.close()


def _check_port(settings: Settings, port_name: str = "ZEUS_PORT", host_name: str = "ZEUS_HOST") -> None:
    """Before anything is started: a database that starts for nothing takes seconds."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise refuse(_port_words(settings, error, port_name, host_name)) from None


def _check_tls(settings: Settings) -> None:
    try:
        open_tls(settings)
    except CertificateFileWrong as error:
        raise refuse(str(error)) from None
    if settings.tls_certificates:
        apart = settings.model_copy(update={"host": tls_host(settings), "port": settings.tls_port})
        if (apart.host, apart.port) == (settings.host, settings.port) and settings.port:
            raise refuse("ZEUS_PORT and ZEUS_TLS_PORT are the same: choose two.")
        _check_port(apart, "ZEUS_TLS_PORT", "ZEUS_TLS_HOST")


def _port_words(settings: Settings, error: OSError, port_name: str, host_name: str) -> str:
    other = settings.port + 1 if 1023 < settings.port < 65535 else 8080
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} on {settings.host} is in use, perhaps by another Zeus: stop that, or choose "
            f"another port with {port_name}={other}."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {settings.port} is reserved for root: choose one above 1023, such as {port_name}={other}."
        )
    return f"Zeus cannot listen on {settings.host}:{settings.port} ({error.strerror}); check {host_name}."


class _Ending:
    """Who handles SIGINT and SIGTERM: we while starting, then the server."""

    server_handles_it = False

    def told(self, number: int, frame: FrameType | None) -> None:
        """The server raises the signal once more when it has ended; that is no news."""
        if not self.server_handles_it:
            raise KeyboardInterrupt


@contextmanager
def _ended_by_signals() -> Iterator[_Ending]:
    """SIGTERM ends as Ctrl-C does: in order, with exit code 0."""
    ending = _Ending()
    former = {number: signal.signal(number, ending.told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield ending
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _switch_timescale_on(url: str) -> None:
    try:
        offered = enable_timescale(url)
    except TimescaleNotLoaded:
        raise refuse(
            "The database server has not loaded TimescaleDB: add timescaledb to shared_preload_libraries in "
            "its postgresql.conf, restart it and run this again. The embedded server does not bring it."
        ) from None
    except TimescaleTooOld as error:
        raise refuse(f"TimescaleDB {error} is too old; update it to 2.20 or newer.") from None
    console.print(f"TimescaleDB is on ({offered}). Now: zeus rebuild meter_samples")
