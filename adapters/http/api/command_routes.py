"""The rows that ask something of a charger, and those that show what came of it."""

from functools import partial

from adapters.http.access import Right
from adapters.http.action import MUTATING, Action
from adapters.http.api import commands, control
from adapters.http.api.commands import COMMANDING, CommandLife, CommandShape
from adapters.http.route import READING, Link, Page, Route

SHOW = (Link("command", "one_command", {"id": "$response.body#/id"}),)
"""Where a command's answer leads."""
ASKING = (*COMMANDING, *MUTATING)

_asking = partial(
    Action,
    method="POST",
    query=control.PlainQuery,
    response=CommandShape,
    right=Right.OPERATE,
    statuses=(200, 202),
    command=True,
    links=SHOW,
)

COMMAND_ROUTES: tuple[Route | Action, ...] = (
    _asking(
        path="/chargers/{cpid}/remote-start",
        summary="Start a transaction for a token",
        handler=control.remote_start,
        body=control.RemoteStartBody,
        errors=ASKING,
    ),
    _asking(
        path="/chargers/{cpid}/remote-stop",
        summary="End a transaction",
        handler=control.remote_stop,
        body=control.RemoteStopBody,
        errors=("ended", *ASKING, *READING),
    ),
    _asking(
        path="/chargers/{cpid}/reset",
        summary="Restart a charger, or one EVSE of it",
        handler=control.reset,
        body=control.ResetBody,
        errors=ASKING,
    ),
    _asking(
        path="/chargers/{cpid}/connectors/{n}/unlock",
        summary="Release the plug of a socket",
        handler=control.unlock,
        query=control.ForceQuery,
        body=control.ReasonBody,
        errors=ASKING,
    ),
    _asking(
        path="/chargers/{cpid}/commands",
        summary="Ask for anything a charger can be asked, by the name of the intent",
        handler=control.command,
        body=control.CommandBody,
        errors=ASKING,
    ),
    Route(
        method="GET",
        path="/commands",
        summary="What was asked of chargers, the newest first",
        handler=commands.list_commands,
        query=commands.CommandsQuery,
        response=Page[commands.CommandLine],
        errors=READING,
        key=tuple[str],
    ),
    Action(
        method="GET",
        path="/commands/{id}",
        summary="A command's whole life: times, frames, answer, effect",
        handler=commands.one_command,
        query=commands.OneCommandQuery,
        response=CommandLife,
        right=Right.READ,
        errors=("not_found", "store_unavailable"),
    ),
)
"""Asked of chargers."""
