"""`zeus watch`: the live stream at a terminal, in words or as JSON, straight from the log."""

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from adapters.http.problems import Problem
from adapters.http.stream_query import selection_of
from adapters.live.listening import Listening, Outgoing
from adapters.live.places import BEGINNING, Place
from adapters.live.selection import Meter, Selection
from adapters.live.streams import LiveStreams, PlaceUnknown
from adapters.privacy.opening import decoding
from domain.catalogue import FACTS
from domain.tenants.roles import Right
from entrypoints.commands.opening import AsJson, database, refuse
from entrypoints.commands.reading import clean
from entrypoints.database import secret_of
from entrypoints.settings import Settings

Names = Annotated[list[str] | None, typer.Option("--type", "-t", help="Names or globs, such as `session.*`.")]
Chargers = Annotated[list[str] | None, typer.Argument(help="Only of these chargers.")]


def watch(
    chargers: Chargers = None,
    types: Names = None,
    meter: Annotated[str, typer.Option(help="Readings: coalesced, every or none.")] = "coalesced",
    after: Annotated[
        str | None, typer.Option(help=f"Go on after the message of this id, or from the `{BEGINNING}`.")
    ] = None,
    count: Annotated[int, typer.Option(min=0, help="End after so many messages; 0: never.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Follow what happens, message by message, until Ctrl-C. With --json it is one JSON object a line.

    Example: `zeus watch`

    Example: `zeus watch CP-001 --type "session.*" --type "command.*"`

    Example: `zeus watch --after beginning --json --count 100`
    """
    settings = Settings()
    selection = _selection(chargers or (), types or (), meter)
    with database(settings) as url:
        live = LiveStreams(url, decoding(FACTS), secret_of(settings))
        try:
            place = None if after is None else live.place_of(settings.tenant, after)
            listening = live.listen(settings.tenant, frozenset(Right), selection, place, patient=True)
            asyncio.run(_follow(listening, place, count, as_json=as_json))
        except PlaceUnknown as error:
            raise refuse(" ".join((type(error).__doc__ or "").split())) from None
        except KeyboardInterrupt:
            pass
        finally:
            live.close()


async def _follow(listening: Listening, place: Place | None, count: int, *, as_json: bool) -> None:
    shown = 0
    try:
        if place is None:
            await listening.begin_now()
        while True:
            for message in await listening.next(15):
                sys.stdout.write((message.body.decode() if as_json else line_of(message)) + "\n")
                shown += 1
                if shown == count:
                    return
            sys.stdout.flush()
    finally:
        sys.stdout.flush()
        listening.close()


def line_of(message: Outgoing) -> str:
    """`06:00:01 CP-001/1  session.started  verdict=Accepted …`, without any sign that moves a cursor."""
    found = json.loads(message.body)
    where = found.get("charger") or "–"
    if found.get("connector"):
        where += f"/{found['connector']}"
    words = " ".join(f"{name}={_short(value)}" for name, value in found["data"].items() if name != "at")
    return clean(f"{found['ts'][11:19]} {where:<16} {found['type']:<26} {words}".rstrip())


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:119] + "…"


def _selection(chargers: Iterable[str], types: Iterable[str], meter: str) -> Selection:
    kinds: dict[str, Meter] = {"coalesced": "coalesced", "every": "every", "none": "none"}
    if meter not in kinds:
        raise typer.BadParameter(f"Choose from {', '.join(kinds)}.", param_hint="--meter")
    try:
        return selection_of(types=types, chargers=chargers, connectors=(), sessions=(), meter=kinds[meter])
    except Problem as problem:
        raise refuse(problem.faults[0].detail) from None
