"""`zeus bench`: measure this machine against the promises of docs/performance.md."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from application import clock
from entrypoints.bench import (
    commands,
    history,
    lists,
    memory,
    protocol,
    rebuild,
    sealing,
    storm,
    streams,
    throughput,
)
from entrypoints.bench.history import NoRoom
from entrypoints.bench.report import (
    Results,
    bars_table,
    document,
    loops_table,
    other_table,
    verdicts,
)
from entrypoints.bench.scale import FULL, QUICK, USUAL, Scale, with_chargers, with_events

MEASURES = {
    "protocol": protocol.measure,
    "throughput": throughput.measure,
    "commands": commands.measure,
    "memory": memory.measure,
    "storm": storm.measure,
    "tls": storm.measure_tls,
    "rebuild": rebuild.measure,
    "lists": lists.measure,
    "history": history.measure,
    "streams": streams.measure,
    "sealing": sealing.measure,
}
"""In the order they run."""

console = Console(highlight=False)
_WIDE = 170
"""Columns of a report that goes into a file: tables are not folded to the 80 that are assumed there."""


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: small and rough.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Everything at full size, about ten minutes.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Only this; may be repeated. {', '.join(MEASURES)}.")
    ] = None,
    chargers: Annotated[
        int | None, typer.Option(min=1, max=20_000, help="So many chargers everywhere.")
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(min=10_000, max=1_000_000_000, help="So many events in the long log of `history`."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
) -> None:
    """Measure Zeus on this machine and compare with the promises of docs/performance.md.

    Each measurement starts a server of its own (`zeus serve` as a process, a new data directory, removed
    afterwards; your data is not touched) and puts a raw load generator on it. Nothing else should run.

    **protocol** parse, validate, map and answer, without sockets and database · **throughput** durable
    messages a second, latency and CPU per process, in closed loop (as fast as answered) and open loop (at a
    rate, latency from the moment a message was due), beside the floors: an echo server and a raw insert ·
    **commands** asked over HTTP of chargers that answer at once, one worker and two ·
    **memory** per idle connection · **storm** a fleet that arrives, vanishes and returns at once ·
    **tls** the same at the TLS listener, with RSA and with ECDSA ·
    **rebuild** of all read models · **lists** of the API · **history** of a long log: size, rebuild,
    sealing, verifying, export, lists, and the past of a charger with a tenth of it ·
    **streams** by the number of listeners · **sealing** what it adds to appending.

    Times swing with whatever else runs; CPU µs and ratios of one run can be trusted, and compared.

    Example: `zeus bench --quick --only throughput --json before.json`

    Example: `zeus bench --only history --events 10000000`
    """
    scale = with_events(with_chargers(QUICK if quick else FULL if full else USUAL, chargers), events)
    wanted = only if only else list(MEASURES)
    if unknown := [name for name in wanted if name not in MEASURES]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(MEASURES)}", param_hint="--only")
    results: Results = {}
    with console.status("…") as status:
        for name in MEASURES:
            if name in wanted:
                results |= _measured(name, scale, status.update)
    _show(results)
    if json is not None:
        found = document(results, scale, clock.now())
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        console.print(f"[dim]written to {json}[/dim]")


def _measured(name: str, scale: Scale, update: Callable[[str], None]) -> Results:
    try:
        return MEASURES[name](scale, lambda words: _tell(update, name, words))
    except NoRoom as error:
        raise typer.BadParameter(str(error), param_hint="--events") from None


def _tell(update: Callable[[str], None], name: str, words: str) -> None:
    update(f"[bold]{name}[/bold]: {words} …")
    if not console.is_terminal:
        console.print(f"{name}: {words} …")


def _show(results: Results) -> None:
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    if any(case.startswith(("closed.", "open.")) for case in results):
        console.print(loops_table(results))
    console.print(other_table(results))
    if verdicts(results):
        console.print(bars_table(results))
