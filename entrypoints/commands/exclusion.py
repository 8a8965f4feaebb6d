"""`zeus exclusion`: outages that do not count against uptime, declared with evidence and taken back."""

from datetime import datetime
from typing import Annotated

import typer

from application.ports import EventStore
from application.uptime import Uptime
from domain.identity import InvalidChargerId
from domain.uptime.book import ExclusionInvalid, ExclusionUnknown, ExclusionWithdrawnAlready, Wanted
from domain.uptime.events import Cause
from domain.uptime.formulas import Formula
from entrypoints.commands.opening import AsJson, actor, console, print_json, refuse, with_store
from entrypoints.commands.opening import cause as call
from entrypoints.commands.reading import Limit, clean, moment, read_models, show_table
from entrypoints.settings import Settings
from projections.availability.exclusions import get_exclusion, list_exclusions

app = typer.Typer(
    no_args_is_help=True,
    help="Outages that do not count against uptime: who says so, why, and by which evidence.\n\n"
    "Example: `zeus exclusion list --charger CP-001`",
)


@app.command()
def declare(
    charger: Annotated[str, typer.Argument(help="The charger's id.")],
    cause: Annotated[Cause, typer.Argument(help="Why they do not count.")],
    begin: Annotated[str, typer.Option("--from", help="2026-03-02T12:00Z, or 5h for five hours ago.")],
    end: Annotated[str, typer.Option("--to", help="Not included.")],
    evidence: Annotated[str, typer.Option(help="What shows it, in words or a link.")] = "",
    artefact: Annotated[str, typer.Option(help="The id of a stored file that shows it.")] = "",
    evse: Annotated[int, typer.Option(min=0, max=999, help="One port alone; 0: all of them.")] = 0,
    formula: Annotated[
        list[Formula] | None, typer.Option(help="Where it holds; every formula that knows the cause.")
    ] = None,
    approved_by: Annotated[str, typer.Option(help="Who approved it, if not you.")] = "",
    as_json: AsJson = False,
) -> None:
    """Declare that outages of a charger in a period do not count.

    Example: `zeus exclusion declare CP-001 vandalism --from 2026-03-02T12:00Z --to 2026-03-02T15:00Z --evidence seen`
    """
    wanted = Wanted(
        evse_id=evse,
        cause=cause,
        begin=_second(begin),
        end=_second(end),
        evidence=evidence,
        artefact=artefact,
        formulas=tuple(formula or ()),
        approved_by=approved_by,
    )
    settings = Settings()

    async def run(store: EventStore) -> str:
        return await Uptime(store, settings.tenant, actor(), call()).exclude(charger, wanted)

    try:
        name = with_store(run, settings)
    except ExclusionInvalid as error:
        raise refuse(str(error)) from None
    except InvalidChargerId:
        raise refuse(f"{clean(charger)} is no id of a charger.") from None
    if as_json:
        print_json({"id": name})
    else:
        console.print(
            f"Declared as {name}. Take it back with `zeus exclusion withdraw {name}`.", markup=False
        )


@app.command()
def withdraw(
    exclusion_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id as `zeus exclusion list` shows it.")
    ],
    reason: Annotated[str, typer.Option(help="Why it never held.")],
) -> None:
    """Take an exclusion back; reports as of before still know it.

    Example: `zeus exclusion withdraw 01a2b3c4d5e6f708192a3b --reason "the wrong charger"`
    """
    settings = Settings()
    with read_models(settings) as connection:
        row = get_exclusion(connection, settings.tenant, exclusion_id)
    if row is None:
        raise refuse("There is no exclusion of this id: `zeus exclusion list` shows them.")

    async def run(store: EventStore) -> None:
        await Uptime(store, settings.tenant, actor(), call()).withdraw(row.charger, exclusion_id, reason)

    try:
        with_store(run, settings)
    except (ExclusionWithdrawnAlready, ExclusionUnknown):
        raise refuse("This exclusion was withdrawn before.") from None
    console.print("It does not hold any more.")


@app.command(name="list")
def listed(
    charger: Annotated[str | None, typer.Option(help="Only of this charger.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Those that were taken back, too.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show exclusions, the newest first.

    Example: `zeus exclusion list --charger CP-001 --all`
    """
    settings = Settings()
    with read_models(settings) as connection:
        rows = list_exclusions(connection, settings.tenant, charger, holding=not all_, limit=limit).rows
    if as_json:
        print_json({"exclusions": rows})
        return
    table = [
        [
            row.id,
            f"{row.charger} {row.evse_id or 'all'}",
            row.cause,
            f"{row.begin_at:%Y-%m-%d %H:%M}",
            f"{row.end_at:%Y-%m-%d %H:%M}",
            row.declared_by,
            f"withdrawn: {row.withdrawn_reason}" if row.withdrawn_at else row.evidence or row.artefact,
        ]
        for row in rows
    ]
    show_table(["id", "port", "cause", "from", "to", "by", "evidence"], table)


@app.command()
def rate(
    charger: Annotated[str, typer.Argument(help="The charger's id.")],
    evse: Annotated[int, typer.Argument(min=1, max=999, help="The port.")],
    kw: Annotated[float, typer.Argument(help="What it delivers at most, by its plate.")],
) -> None:
    """Say what a port can deliver: for energy utilisation, and for what the UK calls rapid.

    Example: `zeus exclusion rate CP-001 1 50`
    """
    settings = Settings()

    async def run(store: EventStore) -> None:
        await Uptime(store, settings.tenant, actor(), call()).rate(charger, evse, round(kw * 1000))

    try:
        with_store(run, settings)
    except ExclusionInvalid as error:
        raise refuse(str(error)) from None
    except InvalidChargerId:
        raise refuse(f"{clean(charger)} is no id of a charger.") from None
    console.print(f"EVSE {evse} of {clean(charger)} delivers {kw:g} kW at most.", markup=False)


def _second(text: str) -> datetime:
    at = moment(text)
    if at is None:
        raise typer.BadParameter("a time is needed.")
    return at.replace(microsecond=0)
