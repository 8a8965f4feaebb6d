"""`zeus tag`: who may charge."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from application import clock
from application.ports import EventStore
from application.registry import TokenUnknown
from domain.identity import IdToken
from entrypoints.commands.opening import AsJson, console, errors, print_json, refuse, registry, with_store
from entrypoints.commands.reading import Limit, named_read_models, show_table, span_text
from entrypoints.settings import Settings
from projections.id_tags.queries import IdTagFilter, IdTagRow, State, list_id_tags

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
    """Let a token charge, or describe it anew. Unknown tokens that were presented: `zeus tag list --unknown`.

    Example: `zeus tag add 04A2B9C1D2E380 --label "Anna"`
    """
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


@app.command(name="list")
def listed(
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Only tokens that were presented and never registered.")
    ] = False,
    state: Annotated[
        State | None, typer.Option(help="Only active, blocked, expired or unknown ones.")
    ] = None,
    find: Annotated[
        str, typer.Option("--find", "-f", help="A part of the label, or a whole token or group.")
    ] = "",
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option(help="Continue after this one, as the last page named it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List tokens, registered or merely presented; a new card is found with --unknown.

    Example: `zeus tag list --unknown`
    """
    settings, now = Settings(), clock.now()
    with named_read_models(settings) as (connection, names):
        wanted = IdTagFilter(state="unknown" if unknown else state, q=find, pseudonyms=names.pseudonyms(find))
        start = None if after is None else (after.upper(),)
        page = list_id_tags(connection, settings.tenant, wanted, now=now, after=start, limit=limit)
        rows = names.shown(page.rows)
    if as_json:
        print_json({"id_tags": rows, "next": page.next[0] if page.next else None})
        return
    show_table(
        ("Token", "State", "Label", "Group", "Seen", "At", "Times"),
        [_cells(row, now) for row in rows],
        right=("Times",),
    )
    if page.next is not None:
        errors.print(f"[dim]There are more: --after {page.rows[-1].token}[/dim]")
    if unknown and page.rows:
        errors.print("[dim]To let one charge: zeus tag add TOKEN --label NAME[/dim]")


def _cells(row: IdTagRow, now: datetime) -> tuple[str, ...]:
    seen = "never" if row.last_seen is None else f"{span_text((now - row.last_seen).total_seconds())} ago"
    state = f"{row.state} ({row.block_reason})" if row.state == "blocked" and row.block_reason else row.state
    at = row.last_charger or "–"
    return row.value or row.token, state, row.label or "", row.group or "", seen, at, str(row.presented)


@app.command()
def block(token: Token, reason: Annotated[str, typer.Option(help="Why, for the record.")] = "") -> None:
    """Refuse a token at every charger from now on.

    Example: `zeus tag block 04A2B9C1D2E380 --reason "card lost"`
    """
    settings = Settings()

    async def use(store: EventStore) -> None:
        await registry(store, settings).block_token(IdToken(token), reason)

    _on_known(token, use, settings)
    console.print(f"[bold]{token}[/bold] is blocked.")


@app.command()
def unblock(token: Token) -> None:
    """Let a blocked token charge again.

    Example: `zeus tag unblock 04A2B9C1D2E380`
    """
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
