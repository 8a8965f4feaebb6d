"""What was found: figures by measurement, the bars they are held to, a table for people and JSON for programs."""

import os
import platform
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import psutil
from rich.table import Table

from entrypoints.bench.scale import Scale

Figures: TypeAlias = dict[str, float]
Results: TypeAlias = dict[str, Figures]
"""By `<measurement>.<case>`; units are in the figures' names."""
Tell: TypeAlias = Callable[[str], None]
"""Says what is under way."""


class Bar(msgspec.Struct, frozen=True):
    """A promise of docs/performance.md and the figure it is held to."""

    what: str
    case: str
    figure: str
    limit: float
    unit: str
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Does `value` keep the promise?"""
        return value >= self.limit if self.at_least else value <= self.limit

    def words(self) -> str:
        """`≤ 25 µs`."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:,.10g} {self.unit}".strip()


BARS: tuple[Bar, ...] = (
    Bar("protocol, StatusNotification 1.6", "protocol.1.6.StatusNotification", "us", 25, "µs"),
    Bar("protocol, MeterValues×4 1.6", "protocol.1.6.MeterValues", "us", 25, "µs"),
    Bar("protocol, StatusNotification 2.0.1", "protocol.2.0.1.StatusNotification", "us", 25, "µs"),
    Bar("protocol, MeterValues×4 2.0.1", "protocol.2.0.1.MeterValues", "us", 25, "µs"),
    Bar("durable Heartbeat ÷ floor", "closed.heartbeat", "ratio", 3, "×"),
    Bar("durable StatusNotification ÷ floor", "closed.status", "ratio", 3, "×"),
    Bar("durable MeterValues×4 ÷ floor", "closed.meter_values", "ratio", 3, "×"),
    Bar("durable mix ÷ floor", "closed.mix", "ratio", 3, "×"),
    Bar("closed loop, Heartbeat", "closed.heartbeat", "per_s", 5000, "/s", at_least=True),
    Bar("closed loop, mix", "closed.mix", "per_s", 5000, "/s", at_least=True),
    Bar("open loop at 1,000/s, mix, p99", "open.mix", "p99_ms", 50, "ms"),
    Bar("commit → visible in every read model, p99", "freshness", "p99_ms", 250, "ms"),
    Bar("command, one worker, at a rate: p95", "commands.open.1", "p95_ms", 100, "ms"),
    Bar("command, two workers, at a rate: p95", "commands.open.2", "p95_ms", 100, "ms"),
    Bar("memory per idle charger, deflate", "memory.deflate", "kb", 40, "KB"),
    Bar("memory per idle charger, plain", "memory.plain", "kb", 40, "KB"),
    Bar("fleet arrives: all booted", "storm.arrival", "seconds", 30, "s"),
    Bar("fleet arrives: answer p99", "storm.arrival", "p99_ms", 5000, "ms"),
    Bar("fleet arrives: refused", "storm.arrival", "refused", 0, ""),
    Bar("fleet arrives: lost", "storm.arrival", "lost", 0, ""),
    Bar("fleet returns: all booted", "storm.return", "seconds", 30, "s"),
    Bar("fleet returns: answer p99", "storm.return", "p99_ms", 5000, "ms"),
    Bar("fleet returns: refused", "storm.return", "refused", 0, ""),
    Bar("fleet returns: lost", "storm.return", "lost", 0, ""),
    Bar("rebuild of all read models", "rebuild", "per_s", 10_000, "events/s", at_least=True),
    Bar(
        "long log: rebuild of all read models", "history.rebuild", "per_s", 10_000, "events/s", at_least=True
    ),
    Bar("long log: past of a charger with a tenth of it, p95", "history.past.oldest", "p95_ms", 200, "ms"),
    Bar("long log: list of chargers, p95", "history.lists.chargers", "p95_ms", 100, "ms"),
    Bar("long log: list of sessions, p95", "history.lists.sessions", "p95_ms", 100, "ms"),
    Bar("long log: list of messages, p95", "history.lists.messages", "p95_ms", 100, "ms"),
    Bar("appending with sealing behind it: time added", "sealing.with", "added_pct", 5, "%"),
    Bar("API list of chargers, p95", "lists.chargers", "p95_ms", 100, "ms"),
    Bar("API list of sessions, p95", "lists.sessions", "p95_ms", 100, "ms"),
    Bar("API list of messages, p95", "lists.messages", "p95_ms", 100, "ms"),
    Bar("API list of id tags, p95", "lists.id_tags", "p95_ms", 100, "ms"),
)


def verdicts(results: Results) -> list[tuple[Bar, float]]:
    """The bars whose figure was measured, with it."""
    return [(bar, results[bar.case][bar.figure]) for bar in BARS if bar.figure in results.get(bar.case, ())]


def bars_table(results: Results) -> Table:
    """What was promised, what was found."""
    table = Table(title="Bars", title_justify="left")
    table.add_column("what")
    for name in ("measured", "bar", ""):
        table.add_column(name, justify="right")
    for bar, value in verdicts(results):
        met = "[green]met[/green]" if bar.met(value) else "[red]missed[/red]"
        table.add_row(bar.what, f"{value:,.{_digits(value)}f} {bar.unit}".strip(), bar.words(), met)
    return table


def loops_table(results: Results) -> Table:
    """A row for every loop: speed, latency, and where the CPU went."""
    columns = {
        "per_s": "msg/s", "p50_ms": "p50 ms", "p95_ms": "p95", "p99_ms": "p99", "max_ms": "max",
        "gateway_us": "gateway µs", "postgres_us": "Postgres µs", "projector_us": "projector µs",
        "read_models_us": "its Postgres µs", "load_us": "load µs", "floor_us": "floor µs", "ratio": "ratio",
    }  # fmt: skip
    table = Table(title="Loops (CPU per message)", title_justify="left")
    table.add_column("loop")
    for words in columns.values():
        table.add_column(words, justify="right")
    for case, figures in results.items():
        if case.startswith(("closed.", "open.")):
            cells = [figures.get(name) for name in columns]
            table.add_row(case, *("" if v is None else f"{v:,.{_digits(v)}f}" for v in cells))
    return table


def other_table(results: Results) -> Table:
    """Everything else, as name and value."""
    table = Table(title="Everything else", title_justify="left")
    for name in ("case", "figures"):
        table.add_column(name)
    for case, figures in results.items():
        if not case.startswith(("closed.", "open.")):
            words = (f"{name} {value:,.{_digits(value)}f}" for name, value in figures.items())
            table.add_row(case, "  ".join(words))
    return table


def document(results: Results, scale: Scale, at: datetime) -> dict[str, Any]:
    """The run as JSON: when, where, how much, figures and verdicts."""
    return {
        "at": at.isoformat(timespec="seconds"),
        "machine": machine(),
        "scale": msgspec.to_builtins(scale),
        "results": results,
        "bars": [
            {"what": bar.what, "measured": value, "bar": bar.words(), "met": bar.met(value)}
            for bar, value in verdicts(results)
        ],
    }


def machine() -> dict[str, Any]:
    """What it ran on."""
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "python": sys.version.split()[0],
        "load_before": os.getloadavg()[0],
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def _digits(value: float) -> int:
    return 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
