"""`zeus alarms`: what somebody should look at, and saying that you do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, get_args

import typer
from sqlalchemy import Connection

from application import clock
from application.alarms import AlarmBook
from application.ports import EventStore
from domain.alarms.alarms import AlarmNotOpen
from entrypoints.commands.opening import AsJson, actor, cause, console, print_json, refuse, with_store
from entrypoints.commands.reading import Limit, clean, read_models, time_text
from entrypoints.settings import Settings
from projections.alarms.queries import AlarmFilter, AlarmRow, Severity, get_alarm, list_alarms

SIGNS = {"critical": "✖", "warning": "⚑", "info": "·"}


def alarms(
    charger: Annotated[
        str | None, typer.Argument(help="Only of this charger, or of `address:` and an address.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Only critical, warning or info ones.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Those that are looked after or over, too.")] = False,
    ack: Annotated[str | None, typer.Option(help="Look after the alarm of this id.")] = None,
    note: Annotated[str, typer.Option(help="With --ack: what was found, or will be done.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="With --ack: it is over.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show the open alarms, the newest first, or say that you look after one.

    Example: `zeus alarms --severity critical`
    """
    settings = Settings()
    if ack is not None:
        _acknowledge(settings, ack, note, clear=clear)
        return
    wanted = AlarmFilter(state=None if all_ else "open", severity=_severity(severity), subject=charger)
    with read_models(settings) as connection:
        rows = list_alarms(connection, settings.tenant, wanted, limit=limit).rows
    if as_json:
        print_json({"alarms": rows})
    elif rows:
        _print(rows)
    else:
        console.print("No alarm is open." if not all_ else "There was no alarm.")


def _acknowledge(settings: Settings, alarm_id: str, note: str, *, clear: bool) -> None:
    with read_models(settings) as connection:
        subject = _subject_of(connection, settings.tenant, alarm_id)

    async def run(store: EventStore) -> None:
        await AlarmBook(store, settings.tenant, actor(), cause()).acknowledge(
            subject, alarm_id, note, clear=clear
        )

    try:
        with_store(run, settings)
    except AlarmNotOpen:
        raise refuse("This alarm is over.") from None
    console.print("The alarm is over." if clear else "You look after this alarm.")


def _subject_of(connection: Connection, tenant: str, alarm_id: str) -> str:
    row = get_alarm(connection, tenant, alarm_id)
    if row is None:
        raise refuse("There is no alarm of this id: `zeus alarms --all` lists them.")
    return row.subject


def _severity(text: str | None) -> Severity | None:
    """Raises typer.BadParameter."""
    found: Severity | None = next((one for one in get_args(Severity) if one == text), None)
    if text is not None and found is None:
        raise typer.BadParameter(f"{text!r}: choose critical, warning or info.")
    return found


def _print(rows: Sequence[AlarmRow]) -> None:
    now = clock.now()
    for row in rows:
        for line in lines_of(row, now):
            console.print(line, markup=False, soft_wrap=not console.is_terminal)


def lines_of(row: AlarmRow, now: datetime) -> list[str]:
    """What happened, and under it what it means and who looks after it."""
    times = f", {row.count} times" if row.count > 1 else ""
    first = (
        f"{time_text(row.last_at, now)}  {SIGNS.get(row.severity, '?')} {row.severity} {clean(row.subject)}: "
        f"{clean(row.kind)}{times}  [{row.id}]"
    )
    lines = [first, f"          {row.words}{' ' + clean(row.info) if row.info else ''}"]
    if row.acknowledged_by:
        lines.append(f"          looked after by {clean(row.acknowledged_by)}: {clean(row.note or '–')}")
    if row.cleared_at:
        lines.append(
            f"          over since {time_text(row.cleared_at, now)}: {clean(row.cleared_why or '–')}"
        )
    return lines
