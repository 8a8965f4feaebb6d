"""A month of the council's chargers, told to a server over sockets, and what must stand in its books after it."""

import csv
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from entrypoints.simulator.fleet import run_sessions
from entrypoints.simulator.report import ReplayReport
from entrypoints.simulator.sessions import read_perth_kinross
from tests.e2e.zeus_process import ROOT, ZeusProcess

DATA = Path(os.environ.get("ZEUS_FIELD_DATA", ROOT.parent / "shared" / "field"))
CSV = DATA / "perth_kinross_2016_2017.csv"
MONTH = "2017-05"
VERSIONS = ("1.6", "2.0.1", "2.1")


class Books(NamedTuple):
    """What the file says, or what the server says: equal when nothing was lost, doubled or bent."""

    sessions: int
    energy_wh: int
    by_charger: dict[str, tuple[int, int]]
    """Charger → (sessions, Wh)."""
    by_start: Counter[tuple[str, int, datetime, int]]
    """(charger, connector, start, Wh) → how often."""
    unended: int
    """Sessions that were never stopped."""


def books_of_the_file(month: str, wanted: Callable[[str], bool]) -> Books:
    """Straight from the CSV; shares no code with the simulator that replays it."""
    by_charger: dict[str, tuple[int, int]] = {}
    by_start: Counter[tuple[str, int, datetime, int]] = Counter()
    unended = 0
    with CSV.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if not row["Start_Date"].startswith(month.replace("-", "/")) or not wanted(row["CP_ID"]):
                continue
            energy_wh = int(Decimal(row["Total_kWh"] or "0") * 1000)
            count, total = by_charger.get(row["CP_ID"], (0, 0))
            by_charger[row["CP_ID"]] = (count + 1, total + energy_wh)
            told = f"{row['Start_Date'][:10]} {row['Start_Time']} +0000"
            start = datetime.strptime(told, "%Y/%m/%d %H:%M:%S %z")
            by_start[row["CP_ID"], int(row["Connector"]), start, energy_wh] += 1
            unended += not row["End_Date"]
    return _books(by_charger, by_start, unended)


def books_of_the_server(server: ZeusProcess, wanted: Callable[[str], bool]) -> Books:
    """From `ocpp_sessions`."""
    by_charger: dict[str, tuple[int, int]] = {}
    by_start: Counter[tuple[str, int, datetime, int]] = Counter()
    unended = 0
    for charger, evse, start, energy, end in server.query(
        "SELECT charger, evse_id, started_at, coalesce(energy_wh, 0), ended_at FROM ocpp_sessions"
    ):
        name, wh = str(charger), int(str(energy))
        if wanted(name):
            count, total = by_charger.get(name, (0, 0))
            by_charger[name] = (count + 1, total + wh)
            assert isinstance(start, datetime)
            by_start[name, int(str(evse)), start.astimezone(UTC), wh] += 1
            unended += end is None
    return _books(by_charger, by_start, unended)


async def replay(server: ZeusProcess, month: str, wanted: Callable[[str], bool]) -> ReplayReport:
    """Register the month's chargers and tell their sessions as fast as they are answered."""
    sessions = [session for session in read_perth_kinross(CSV, month) if wanted(session.charger)]
    chargers = sorted({session.charger for session in sessions})
    await server.register(chargers)
    versions = {charger: VERSIONS[n % len(VERSIONS)] for n, charger in enumerate(chargers)}
    return await run_sessions(server.url, sessions, version_of=versions.__getitem__)


def _books(
    by_charger: dict[str, tuple[int, int]], by_start: Counter[tuple[str, int, datetime, int]], unended: int
) -> Books:
    sessions = sum(count for count, _ in by_charger.values())
    return Books(sessions, sum(wh for _, wh in by_charger.values()), by_charger, by_start, unended)
