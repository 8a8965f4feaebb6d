"""`zeus attempts`: who knocked, who was let in, and what to correct: for the installer on the ladder."""

import contextlib
import shlex
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from adapters.http.api.provisioning import unknown_ids
from adapters.ocpp.refusals import VERDICTS, Reason
from application import clock
from entrypoints.commands.opening import AsJson, console, print_json
from entrypoints.commands.reading import Limit, clean, moment, read_models, time_text
from entrypoints.settings import Settings
from projections.connection_attempts.queries import AttemptFilter, AttemptRow, list_attempts

REFRESH_S = 1.0
NEAR = {
    "look_alike": "looks alike",
    "prefix": "with or without something before it",
    "one_edit": "one sign differs",
    "two_edits": "two signs differ",
}


def attempts(
    cpid: Annotated[str | None, typer.Argument(help="Only of this charge point id.")] = None,
    refused: Annotated[
        bool | None, typer.Option("--refused/--accepted", help="Only those that were not, or were, let in.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason, such as auth_password.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Ids that are not registered, and which one may be meant.")
    ] = False,
    begin: Annotated[str | None, typer.Option("--from", help="At or after; 2h is two hours ago.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Stay and show new ones as they come.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show recent connection attempts with the reason of each refusal and what to do about it.

    Example: `zeus attempts CP-001 --follow`
    """
    settings = Settings()
    wanted = AttemptFilter(
        charger=cpid,
        accepted=None if refused is None else not refused,
        known=False if unknown else None,
        reason=reason,
        begin=moment(begin),
    )
    with read_models(settings) as connection:
        if unknown and not follow:
            _show_unknown(connection, settings.tenant, wanted.begin, limit, as_json=as_json)
            return
        rows = list_attempts(connection, settings.tenant, wanted, limit=limit).rows
        if as_json and not follow:
            print_json({"attempts": rows})
            return
        _print(rows[::-1])
        if not rows and not follow:
            console.print(
                "Nobody knocked. Check the charger's network, and the address and port it is to use."
            )
        if follow:
            with contextlib.suppress(KeyboardInterrupt):
                _follow(connection, settings.tenant, wanted, rows[0].position if rows else 0)


def _show_unknown(
    connection: Connection, tenant: str, begin: datetime | None, limit: int, *, as_json: bool
) -> None:
    now = clock.now()
    found = unknown_ids(connection, tenant, now, limit, begin=begin).items
    if as_json:
        print_json({"unknown": [one.model_dump(mode="json") for one in found]})
        return
    for one in found:
        times = f"{one.count} times" if one.count > 1 else "once"
        origin = f" from {clean(one.remote)}" if one.remote else ""
        console.print(
            f"{time_text(one.last_seen, now)}  ✖ {clean(one.cpid)} knocked {times}{origin}: {one.reason}",
            markup=False,
            soft_wrap=not console.is_terminal,
        )
        near = ", ".join(f"{clean(match.cpid)} ({NEAR[match.why]})" for match in one.near)
        meant = f"Was {near} meant?" if near else "No registered id is like it."
        add = f"To make it known: zeus charger add {shlex.quote(clean(one.cpid))}"
        console.print(f"          {meant} {add}", markup=False, soft_wrap=not console.is_terminal)
    if not found:
        console.print("Nobody knocked whose id is not registered.")


def _follow(connection: Connection, tenant: str, wanted: AttemptFilter, seen: int) -> None:
    while True:
        time.sleep(REFRESH_S)
        connection.rollback()  # the next look begins with a new snapshot
        rows = list_attempts(connection, tenant, wanted, limit=200).rows
        new = [row for row in rows if row.position > seen]
        _print(new[::-1])
        seen = max([seen, *(row.position for row in new)])


def _print(rows: Sequence[AttemptRow]) -> None:
    """The oldest first, as a log is read."""
    now = clock.now()
    for row in rows:
        for line in lines_of(row, now):
            console.print(line, markup=False, soft_wrap=not console.is_terminal)


def lines_of(row: AttemptRow, now: datetime) -> list[str]:
    """What happened, and under it what to do."""
    at, who = time_text(row.at, now), clean(row.cpid) or "(no id)"
    origin = f" from {clean(row.remote)}" if row.remote else ""
    if row.accepted:
        first = f"{at}  ✓ {who} connected{origin}, OCPP {row.protocol}, profile {row.security_profile}"
        return [first, *(f"          ⚑ {hint_of(flag)}" for flag in row.flags or ())]
    times = f", {row.count} times more" if row.count > 1 else ""
    known = "" if row.known else ", not registered"
    lines = [f"{at}  ✖ {who} refused: {row.reason} ({row.status}){origin}{known}{times}"]
    if row.hint:
        lines.append(f"          {clean(row.hint)}")
    if row.path:
        lines.append(f"          asked for {clean(row.path)}{_offered(row)}")
    return lines


def hint_of(flag: str) -> str:
    """What to correct although the charger was let in; a flag of a newer version stands for itself."""
    try:
        return VERDICTS[Reason(flag)].hint
    except ValueError:
        return flag


def _offered(row: AttemptRow) -> str:
    return f", offering {clean(', '.join(row.subprotocols))}" if row.subprotocols else ""
