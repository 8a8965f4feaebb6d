"""`zeus replay`: a charger's history straight from the event log, one sentence an event."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
import psycopg
import typer

from adapters.eventstore.history import history
from adapters.eventstore.past import Past
from adapters.privacy.opening import decoding, opening, restoring
from application.narrative import sentence
from domain.catalogue import FACTS
from domain.event import Event
from domain.identity import ChargerId, InvalidChargerId
from entrypoints.commands.opening import AsJson, actor, cause, console, database, errors, print_json, refuse
from entrypoints.commands.reading import clean, moment, show_table
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from entrypoints.wiring import handling_personal_data
from projections.read_model import LogItem, Unreadable
from projections.row_security import STAY
from projections.status_board.past import board_of

TELLING_S = 2.0
"""A charger's time that differs by less says nothing new."""


def replay(
    cpid: Annotated[str, typer.Argument(help="The charge point id, in any case.")],
    begin: Annotated[
        str | None, typer.Option("--from", help="At or after: 2026-05-04T12:30Z, or 2h for two hours ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before.")] = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="With the very frames and replies; tokens in them stay sealed.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="The state it was in then, instead of what happened.")
    ] = None,
    reveal: Annotated[
        str | None,
        typer.Option(help="With --frames: show them byte for byte, tokens and all. Why, which is recorded."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a charger's history from the event log itself, in words, one line an event.

    The log is what every figure and screen is computed from, so this is the evidence. Times are ours
    (UTC); the charger's own is added where it differs. With --json it is one JSON object a line.

    Example: `zeus replay CP-001 --from 2h`

    Example: `zeus replay CP-001 --from 2026-05-04 --to 2026-05-05 --frames`

    Example: `zeus replay CP-001 --at 2026-05-04T12:30Z`
    """
    settings = Settings()
    try:
        charger = ChargerId.of(settings.tenant, cpid)
    except InvalidChargerId:
        raise refuse(
            f"{cpid!r} cannot be a charge point id; `zeus charger list` shows those there are."
        ) from None
    if (instant := moment(at)) is not None:
        _show_state(settings, charger, instant, as_json=as_json)
        return
    told = 0
    with database(settings) as url:
        subjects = subjects_of(url, settings)
        decode = opening(FACTS, subjects)
        if reveal is not None:
            _record(url, settings, charger, reveal)
            decode = restoring(decode, subjects)
        items = history(url, FACTS, charger, begin=moment(begin), end=moment(end), decode=decode)
        for text in _json_lines(items) if as_json else _lines(items, frames=frames):
            told += 1
            sys.stdout.write(text + "\n")
        subjects.close()
    sys.stdout.flush()
    if not told:
        errors.print(f"The log holds nothing of {charger.key} in that time.", markup=False)


def _show_state(settings: Settings, charger: ChargerId, at: datetime, *, as_json: bool) -> None:
    """What was known of it then: every field that had a value, and its connectors."""
    with database(settings) as url, psycopg.connect(url, application_name="zeus replay") as connection:
        connection.execute("SET timezone = 'UTC'; SET ROLE zeus_gateway")
        connection.execute(STAY, [charger.tenant])
        board = board_of(Past(connection, decoding(FACTS)).board(charger, at) or {})
    if board is None:
        raise refuse(f"Of {charger.key} nothing was known at {_time(at)}.")
    row, connectors = board
    if as_json:
        print_json({"at": at, "charger": row, "connectors": connectors})
        return
    named = [
        (name, value) for name, value in msgspec.structs.asdict(row).items() if value not in (None, "", [])
    ]
    show_table(("Charger", f"as it was at {_time(at)}"), [(name, clean(str(value))) for name, value in named])
    for one in connectors:
        told = {name: value for name, value in msgspec.structs.asdict(one).items() if value is not None}
        told.pop("charger", None)
        words = ", ".join(f"{name} {value}" for name, value in told.items())
        console.print(f"  {clean(words)}", markup=False, highlight=False, soft_wrap=True)


def _record(url: str, settings: Settings, charger: ChargerId, reason: str) -> None:
    async def run() -> None:
        async with handling_personal_data(url, settings, charger.tenant, actor(), cause()) as personal:
            await personal.disclose("frames", f"{reason} (all of {charger.key} in a replay)")

    asyncio.run(run())


def _lines(items: Iterator[LogItem], *, frames: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, Unreadable):
            yield f"{'?':<24}#{item.position} cannot be read by this version: {clean(item.error)}"
            continue
        yield line(item.event)
        if frames:
            yield from frame_lines(item.event)


def line(event: Event[Any]) -> str:
    """Our time, the sentence, and the charger's time where it differs."""
    told = event.told
    own = ""
    if told.occurred_at is not None and _apart(told.recorded_at, told.occurred_at) >= TELLING_S:
        own = f" [its time: {_time(told.occurred_at)}]"
    return f"{_time(told.recorded_at)}  {clean(sentence(event))}{own}"


def frame_lines(event: Event[Any]) -> Iterator[str]:
    """`<` from the charger, `>` from us: the text as it was; what was no text is shown in hex as well."""
    told = event.told
    ours = told.actor != "charger"
    if told.frame is not None:
        yield f"{'>' if ours else '<'} {told.frame}"
    if told.frame_bytes is not None:
        yield f"{'>' if ours else '<'} (bytes) {told.frame_bytes.hex()}"
    if told.reply is not None:
        yield f"{'<' if ours else '>'} {told.reply}"


def _json_lines(items: Iterator[LogItem]) -> Iterator[str]:
    for item in items:
        yield msgspec.json.encode(_entry(item)).decode()


def _entry(item: LogItem) -> dict[str, Any]:
    if isinstance(item, Unreadable):
        return {"position": item.position, "topic": item.topic, "error": item.error}
    event = item.event
    return {
        "position": item.position,
        "stream": event.originator_id,
        "version": event.originator_version,
        "topic": event.fact.TOPIC,
        "sentence": sentence(event),
        "fact": event.fact,
        "told": event.told,
    }


def _apart(one: datetime, other: datetime) -> float:
    return abs((one - other).total_seconds())


def _time(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
