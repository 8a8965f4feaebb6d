"""`zeus tag`: who may charge."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from application.ports import EventStore
from application.registry import TokenUnknown
from domain.identity import IdToken
from entrypoints.commands.opening import console, refuse, registry, with_store
from entrypoints.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Id tokens: RFID cards and the like that may charge.")

Token = Annotated[str, typer.Argument(help="The token as the charger reads it, such as 04A2B9C1D2E380.")]


@app.command()
def add(
    token: Token,
    label: Annotated[str, typer.Option(help="A name for people.")] = "",
    group: Annotated[
        str, typer.Option(help="Group (parent) token; members may stop each other's sessions.")
    ] = "",
    expires: Annotated[datetime | None, typer.Option(help="Not accepted from this moment on (UTC).")] = None,
    max_active: Annotated[
        int | None, typer.Option(min=1, help="How many sessions it may have at once; unset: any number.")
    ] = None,
) -> None:
    """Let a token charge, or describe it anew. Unknown tokens that were presented: `zeus tag list --unknown`."""
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).issue_token(
            IdToken(token),
            label=label,
            group=group,
            expires_at=expires.replace(tzinfo=UTC) if expires else None,
            max_active=max_active,
        )

    with_store(use, settings)
    console.print(f"[bold]{token}[/bold] may charge.")


@app.command()
def block(token: Token, reason: Annotated[str, typer.Option(help="Why, for the record.")] = "") -> None:
    """A blocked token is refused at every charger."""
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).block_token(IdToken(token), reason)

    _on_known(token, use, settings)
    console.print(f"[bold]{token}[/bold] is blocked.")


@app.command()
def unblock(token: Token) -> None:
    """Let a blocked token charge again."""
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).unblock_token(IdToken(token))

    _on_known(token, use, settings)
    console.print(f"[bold]{token}[/bold] may charge.")


def _on_known(token: str, use: Callable[[EventStore], Awaitable[None]], settings: Settings) -> None:
    try:
        with_store(use, settings)
    except TokenUnknown:
        raise refuse(f"Token {token!r} was never registered. `zeus tag add {token}` does that.") from None
