"""How a command gets at the database, the event store and the output it was asked for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from getpass import getuser
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console

from application import clock
from application.ports import EventStore
from application.registry import Registry
from entrypoints.database import opened_database, prepare
from entrypoints.privacy import open_sealed_store
from entrypoints.settings import Settings

T = TypeVar("T")

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words and tables.")]


@contextmanager
def database(settings: Settings | None = None, *, own: bool = False) -> Iterator[str]:
    """The address of the database, its event store created; waits with a word for a long recovery.

    With `own` no other process's embedded server will do.
    """
    settings = settings or Settings()

    def on_wait(seconds: float) -> None:
        if seconds > 2:
            errors.print(f"[dim]the database is recovering ({seconds:.0f} s) …[/dim]", end="\r")

    with opened_database(settings, on_wait, own=own) as url:
        prepare(url)
        yield url


def with_store(use: Callable[[EventStore], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `use` on the event store, and let go of it."""
    with database(settings) as url:

        async def run() -> T:
            store = open_sealed_store(url, settings or Settings())
            try:
                return await use(store)
            finally:
                await store.close()

        return asyncio.run(run())


def registry(store: EventStore, settings: Settings, tenant: str | None = None) -> Registry:
    """The books, written by the person at this terminal; of the tenant of the settings where none is named."""
    return Registry(store, tenant or settings.tenant, actor(), cause())


@cache
def cause() -> str:
    """This call of the command line: the cause of what it writes, as the id of a request is that of the API."""
    return f"cli:{clock.time_ordered_id()}"


def actor() -> str:
    """The person at this terminal, as the log names him."""
    return f"user:{getuser()}"


def print_json(value: Any) -> None:
    """Any value of ours as JSON on one document."""
    typer.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))


def refuse(words: str) -> typer.Exit:
    """Say what is wrong and what to do; raise what comes back."""
    errors.print(f"[red]{words}[/red]")
    return typer.Exit(1)
