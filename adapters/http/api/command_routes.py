"""The rows that ask something of a charger, and those that show what came of it."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, Action
from adapters.http.api import commands, control
from adapters.http.api.commands import COMMANDING, CommandLife, CommandShape
from adapters.http.route import READING, Link, Page, Route

SHOW = (Link("command", "one_command", {"id": "$response.body#/id"}),)
"""Where a command's answer leads."""
ASKING = (*COMMANDING, *MUTATING)

COMMAND_ROUTES: tuple[Route | Action, ...] = (
    Action(
        method="POST",
        path="/chargers/{cpid}/remote-start",
        summary="Start a transaction for a token",
        handler=control.remote_start,
        query=control.PlainQuery,
        body=control.RemoteStartBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
        links=SHOW,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/remote-stop",
        summary="End a transaction",
        handler=control.remote_stop,
        query=control.PlainQuery,
        body=control.RemoteStopBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=("ended", *ASKING, *READING),
        command=True,
        links=SHOW,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/reset",
        summary="Restart a charger, or one EVSE of it",
        handler=control.reset,
        query=control.PlainQuery,
        body=control.ResetBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
        links=SHOW,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/connectors/{n}/unlock",
        summary="Release the plug of a socket",
        handler=control.unlock,
        query=control.ForceQuery,
        body=control.ReasonBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
        links=SHOW,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/commands",
        summary="Ask for anything a charger can be asked, by the name of the intent",
        handler=control.command,
        query=control.PlainQuery,
        body=control.CommandBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
        links=SHOW,
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
