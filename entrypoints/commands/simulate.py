"""`zeus simulate`: a fleet of simulated chargers against any server, for load, trials and demonstrations."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.live import Live
from rich.text import Text

from application.ports import EventStore
from application.registry import ChargerAlreadyRegistered
from domain.chargers.particulars import Particulars
from domain.identity import IdToken
from entrypoints.commands.opening import AsJson, errors, print_json, refuse, registry, with_store
from entrypoints.commands.reading import show_table
from entrypoints.commands.welcome import reachable_host
from entrypoints.settings import VERSIONS, Settings
from entrypoints.simulator.faults import NO_FAULTS, Fault, Faults
from entrypoints.simulator.fleet import SIMULATED_TOKENS, Progress, run_sessions, simulate, simulated_ids
from entrypoints.simulator.report import FleetReport
from entrypoints.simulator.sessions import Session, read_perth_kinross

NAME = "simulated"


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    url: str
    chargers: int
    versions: tuple[str, ...]
    time_lapse: float
    seed: int
    faults: Faults
    duration_s: float | None
    password: str | None
    sessions: tuple[Session, ...] | None

    @property
    def ids(self) -> list[str]:
        """The chargers that are going to connect."""
        if self.sessions is None:
            return simulated_ids(self.chargers)
        return sorted({session.charger for session in self.sessions})


def simulate_fleet(
    chargers: Annotated[int, typer.Option("--chargers", "-n", min=1, help="How many (SIM-00001 …).")] = 10,
    versions: Annotated[str, typer.Option(help="OCPP versions, taken in turn.")] = ",".join(VERSIONS),
    time_lapse: Annotated[
        float, typer.Option(min=0.1, help="Simulated seconds a second; 60 makes an hour of a minute.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same cars and faults.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(help=f"Misbehave, `NAME=SHARE` of the chargers: {', '.join(f.value for f in Fault)}."),
    ] = None,
    sessions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Replay a CSV of sessions (CP_ID, Connector, Start_Date …) as fast as it is answered.",
        ),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="Only the sessions of this month, such as 2017-08.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where to connect. Unset: the server on this machine.")
    ] = None,
    duration: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds.")] = None,
    password: Annotated[
        str | None, typer.Option(help="The Basic-auth password of all of them; unset: none.")
    ] = None,
    provision: Annotated[
        bool, typer.Option("--provision", help="Make the chargers and their tokens known here first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run simulated chargers, with cars that come and go, against a server. Ctrl-C ends it.

    Example: `zeus simulate --chargers 100 --time-lapse 60 --duration 120 --provision`

    Example: `zeus simulate -n 20 --fault offline=0.3 --fault "wrong zone=0.1" --provision`
    """
    settings = Settings()
    fleet = Fleet(
        url=url or f"ws://{reachable_host(settings.host)}:{settings.port}/ocpp",
        chargers=chargers,
        versions=_versions(versions),
        time_lapse=time_lapse,
        seed=seed,
        faults=faults_of(fault or ()),
        duration_s=duration,
        password=password,
        sessions=_sessions(sessions, month),
    )
    if provision:
        made = with_store(lambda store: _provision(store, settings, fleet), settings)
        errors.print(f"{made} chargers were made known, {len(fleet.ids) - made} were known already.")
    report = _run(fleet)
    if as_json:
        print_json(report.summary())
    else:
        _show(report)
    if not report.connections:
        raise refuse(
            f"No charger was let in at {fleet.url}. Is the server up, and are the chargers known? "
            "`--provision` makes them known; `zeus attempts` shows what they were told."
        )


def faults_of(options: Sequence[str]) -> Faults:
    """`offline=0.3` and the like; a fault without a share befalls every charger. Raises BadParameter."""
    names = {fault.value: fault for fault in Fault}
    share: dict[Fault, float] = {}
    for option in options:
        name, _, text = option.partition("=")
        fault = names.get(name.strip().lower())
        try:
            part = float(text or "1")
        except ValueError:
            part = -1.0
        if fault is None or not 0 <= part <= 1:
            raise typer.BadParameter(
                f"{option!r}: write NAME=SHARE, a share from 0 to 1, NAME one of {', '.join(names)}."
            )
        share[fault] = part
    return Faults(share=share) if share else NO_FAULTS


NEAR = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
"""Simulated chargers without a password come from this machine, or from the network around it."""


async def _provision(store: EventStore, settings: Settings, fleet: Fleet) -> int:
    books, made = registry(store, settings), 0
    profile = 1 if fleet.password else 0
    for charger_id in fleet.ids:
        try:
            await books.add_charger(
                charger_id,
                name=NAME,
                security_profile=profile,
                password=fleet.password,
                particulars=Particulars(networks=NEAR if profile == 0 else None),
            )
            made += 1
        except ChargerAlreadyRegistered:
            continue
    for tag in SIMULATED_TOKENS:
        await books.issue_token(IdToken(tag), label=NAME)
    return made


def _run(fleet: Fleet) -> FleetReport:
    with Live(console=errors, auto_refresh=False, transient=True) as live:

        def on_progress(report: FleetReport) -> None:
            if errors.is_terminal:
                live.update(Text(progress_line(report)), refresh=True)

        return asyncio.run(_until_told(fleet, on_progress))


async def _until_told(fleet: Fleet, on_progress: Progress) -> FleetReport:
    """Ctrl-C ends the run, and what was counted until then is shown."""
    seen: list[FleetReport] = []

    def progress(report: FleetReport) -> None:
        seen[:] = [report]
        on_progress(report)

    run = asyncio.ensure_future(_simulated(fleet, progress))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, run.cancel)
    try:
        return await run
    except asyncio.CancelledError:
        return seen[0] if seen else FleetReport()


async def _simulated(fleet: Fleet, on_progress: Progress) -> FleetReport:
    def password_of(charger_id: str) -> str | None:
        return fleet.password

    if fleet.sessions is None:
        return await simulate(
            fleet.url,
            chargers=fleet.chargers,
            versions=fleet.versions,
            time_lapse=fleet.time_lapse,
            seed=fleet.seed,
            faults=fleet.faults,
            password_of=password_of,
            duration_s=fleet.duration_s,
            on_progress=on_progress,
        )
    turn = {charger_id: fleet.versions[n % len(fleet.versions)] for n, charger_id in enumerate(fleet.ids)}
    replayed = await run_sessions(
        fleet.url,
        fleet.sessions,
        version_of=turn.__getitem__,
        password_of=password_of,
        seed=fleet.seed,
        faults=fleet.faults,
        token_of=lambda session: SIMULATED_TOKENS[session.connector % len(SIMULATED_TOKENS)],
        duration_s=fleet.duration_s,
        on_progress=on_progress,
    )
    return replayed.fleet


def progress_line(report: FleetReport) -> str:
    """How it goes, on one line."""
    p99_ms = report.latencies.quantile_s(0.99) * 1000
    return (
        f"{report.elapsed_s:.0f} s · {report.connected} of {report.chargers} connected · "
        f"{report.answered} answered ({report.answered_per_s:.0f}/s) · p99 {p99_ms:.0f} ms · "
        f"{sum(report.errors.values())} errors · {sum(report.refused.values())} refused"
    )


def _show(report: FleetReport) -> None:
    summary = report.summary()
    nested = ("by_action", "errors", "refused")
    rows = [(name.replace("_", " "), str(value)) for name, value in summary.items() if name not in nested]
    for name, counts in (
        ("action", report.by_action),
        ("error", report.errors),
        ("refused", report.refused),
    ):
        rows += [(f"{name} {what}", str(count)) for what, count in counts.most_common()]
    show_table(("What", "How many"), rows, right=("How many",))


def _versions(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    if not chosen or any(version not in VERSIONS for version in chosen):
        raise typer.BadParameter(f"choose from {', '.join(VERSIONS)}, with commas between")
    return chosen


def _sessions(path: Path | None, month: str | None) -> tuple[Session, ...] | None:
    if path is None:
        return None
    try:
        found = tuple(read_perth_kinross(path, month))
    except (ValueError, KeyError) as error:
        raise refuse(f"{path} is no list of sessions: {error}") from None
    if not found:
        raise refuse(f"{path} holds no session{f' of {month}' if month else ''}.")
    return found
