"""`zeus ask` and `zeus commands`: ask a charger for something from a terminal, and see what came of it."""

import asyncio
import json
from typing import Annotated, Any

import msgspec
import typer

from adapters.http.api.commands import life_of
from application import clock
from application.command_book import CommandBook, CommandUnknown
from application.command_refusals import (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
)
from application.commands import Wish
from application.fleet import FleetUnavailable
from application.mass_pace import TooManyChargers
from application.ports import AnyEvent, EventStore
from application.registry import ChargerUnknown
from domain.commands.command import Command
from domain.commands.events import State
from domain.commands.intents import INTENTS, AnyIntent
from domain.commands.upkeep import Raw
from domain.identity import ChargerId, InvalidChargerId
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
from entrypoints.commands.reading import Limit, clean, named_read_models, show_table, time_text
from entrypoints.settings import Settings
from entrypoints.wiring import asking
from projections.commands.queries import CommandFilter, list_commands

_INTENTS: dict[str, Any] = {intent.name().lower(): intent for intent in INTENTS}
SIGNS = {
    State.SUCCEEDED: "[green]✓[/green]",
    State.REJECTED: "[yellow]✗[/yellow]",
    State.FAILED: "[red]✗[/red]",
    State.TIMED_OUT: "[red]…[/red]",
    State.UNKNOWN: "[red]?[/red]",
    State.CANCELLED: "[dim]–[/dim]",
}


def ask(
    charger: Annotated[str, typer.Argument(help="The charger's id.")],
    what: Annotated[
        str, typer.Argument(help="An intent, such as Reset or TriggerMessage; or the OCPP action.")
    ],
    parameters: Annotated[
        list[str] | None, typer.Argument(help="name=value, values as JSON or plain text.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Any OCPP action; the only parameter is its payload.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Even if a running transaction ends by it.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads the log later.")] = "",
    wait: Annotated[float, typer.Option(min=0, max=120, help="Seconds to wait for the answer.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Ask a connected charger for something, and show what it said. `zeus ask CP-001 help` lists what there is.

    Example: `zeus ask CP-001 TriggerMessage message=StatusNotification evse_id=1`

    Example: `zeus ask CP-001 RemoteStart id_token.value=04A2B9C1D2E380 evse_id=1`

    Example: `zeus ask CP-001 GetConfiguration '{"key":["HeartbeatInterval"]}' --raw`
    """
    if what.lower() == "help":
        _list_intents()
        return
    settings = Settings()
    intent = _raw(what, parameters or []) if raw else _intent(what, parameters or [])
    wish = Wish(intent=intent, actor=actor(), cause=cause(), reason=reason, force=force)

    command, events = _request(charger, wish, wait, settings)
    _show(command, events, as_json=as_json)
    if command.settled and command.state is not State.SUCCEEDED:
        raise typer.Exit(1)


def commands(
    command_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One command, in full.")] = None,
    charger: Annotated[str | None, typer.Option(help="Of one charger.")] = None,
    state: Annotated[State | None, typer.Option(help="In one state.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """What was asked of chargers, the newest first; with an ID the whole life of one, with its frames.

    Example: `zeus commands --charger CP-001`
    """
    settings = Settings()
    if command_id is not None:
        _show(*_life(command_id, settings), as_json=as_json)
        return
    wanted = CommandFilter(charger=charger.upper() if charger else None, state=state)
    with named_read_models(settings) as (connection, names):
        page = names.shown(list_commands(connection, settings.tenant, wanted, limit=limit))
    if as_json:
        print_json({"commands": page.rows, "more": page.next is not None})
        return
    now = clock.now()
    rows = [
        [
            row.id,
            row.charger,
            row.intent,
            row.state,
            row.status or row.code or row.why or "",
            row.effect or "",
            row.requested_by,
            time_text(row.requested_at, now),
        ]
        for row in page.rows
    ]
    show_table(["Command", "Charger", "Asked", "State", "Answer", "Then", "By", "At"], rows)
    if console.is_terminal and not rows:
        console.print("[dim]Nothing was asked yet. `zeus ask CP-001 help` lists what can be.[/dim]")


def _life(command_id: str, settings: Settings) -> tuple[Command, list[AnyEvent]]:
    async def use(store: EventStore) -> tuple[Command, list[AnyEvent]]:
        return await CommandBook(store, {}).life(settings.tenant, command_id)

    try:
        return with_store(use, settings)
    except CommandUnknown:
        raise refuse(f"No command has the id {command_id!r}; `zeus commands` lists them.") from None


def _request(charger: str, wish: Wish, wait_s: float, settings: Settings) -> tuple[Command, list[AnyEvent]]:
    """Ask, through whichever process has the socket; refusals in a sentence."""

    async def run(url: str) -> tuple[Command, list[AnyEvent]]:
        async with asking(url, settings) as commands:
            command = await commands.request(ChargerId.of(settings.tenant, charger), wish, wait_s)
            return await commands.book.life(settings.tenant, command.id)

    try:
        with database(settings) as url:
            return asyncio.run(run(url))
    except InvalidChargerId:
        raise refuse(f"{charger!r} cannot be a charger's id.") from None
    except ChargerUnknown:
        raise refuse(
            f"No charger {charger!r} is registered; `zeus charger list` shows those that are."
        ) from None
    except NotPossible as error:
        raise refuse(f"{error} Nothing was sent.") from None
    except TooManyChargers as error:
        raise refuse(str(error)) from None
    except REFUSED as error:
        raise refuse(type(error).__doc__ or type(error).__name__) from None


REFUSED = (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    FleetUnavailable,
    TransactionRunning,
    TransactionUnknown,
)


def _raw(action: str, parameters: list[str]) -> Raw:
    text = parameters[0] if parameters else "{}"
    try:
        payload = json.loads(text)
    except json.JSONDecodeError as error:
        raise refuse(f"The payload is not JSON: {error}.") from None
    if not isinstance(payload, dict) or len(parameters) > 1:
        raise refuse("With --raw there is one parameter: the payload, a JSON object.")
    return Raw(action=action, payload=payload)


def _intent(name: str, parameters: list[str]) -> AnyIntent:
    """The intent of that name with `a.b=value` parameters; what does not fit is said."""
    kind = _INTENTS.get(name.lower())
    if kind is None:
        raise refuse(
            f"There is no intent {name!r}; `zeus ask CP-001 help` lists them, --raw sends any OCPP action."
        )
    values: dict[str, Any] = {}
    for parameter in parameters:
        path, equals, text = parameter.partition("=")
        if not equals:
            raise refuse(f"{parameter!r} is no parameter: write name=value.")
        *parents, last = path.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _value(text)
    unknown = values.keys() - set(kind.__struct_fields__)
    if unknown:
        known = ", ".join(kind.__struct_fields__) or "none"
        raise refuse(f"{kind.name()} has no parameter {sorted(unknown)[0]!r}; it has: {known}.")
    try:
        converted: AnyIntent = msgspec.convert(values, kind, strict=False, str_keys=True)
    except msgspec.ValidationError as error:
        raise refuse(f"{kind.name()} does not fit: {error}.") from None
    return converted


def _value(text: str) -> Any:
    """JSON where it is JSON, else the text itself; long digits are tokens, not numbers."""
    if text.isdecimal() and (len(text) > 9 or text.startswith("0")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _list_intents() -> None:
    rows = [
        [kind.name(), (kind.__doc__ or "").strip().splitlines()[0], " ".join(kind.__struct_fields__)]
        for kind in INTENTS
    ]
    show_table(["Intent", "What it does", "Parameters"], rows)


def _show(command: Command, events: list[AnyEvent], *, as_json: bool) -> None:
    if as_json:
        typer.echo(life_of(command, events).model_dump_json(indent=2))
        return
    sign = SIGNS.get(command.state, "[blue]→[/blue]")
    console.print(f"{sign} [bold]{command.state}[/bold]  {command.id}", soft_wrap=True)
    for step in life_of(command, events).life:
        console.print(f"{step.at:%H:%M:%S.%f}"[:-3] + f"  {clean(step.words)}", markup=False, soft_wrap=True)
        if step.frame is not None:
            console.print(f"              {clean(step.frame)}", markup=False, style="dim", soft_wrap=True)
    if command.answer is not None and command.answer.result:
        console.print_json(data=command.answer.result)
    if not command.settled:
        console.print(f"[dim]It goes on: zeus commands {command.id}[/dim]")
