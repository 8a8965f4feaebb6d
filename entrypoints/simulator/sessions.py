"""What to charge: sessions read from public data, or drawn from built-in distributions."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec

_ARRIVALS_BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 10, 8, 7, 7, 8, 8, 7, 7, 8, 10, 9, 7, 5, 4, 3, 2)
_LONG = timedelta(days=7)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One stay at a connector. Times are aware UTC; `energy_wh` is exact."""

    charger: str
    connector: int
    start: datetime
    end: datetime | None
    """None when the source knows no end: the transaction is never stopped."""
    energy_wh: int | None
    """None when the source knows no energy."""
    max_power_w: float = 22_000.0
    oddities: tuple[str, ...] = ()
    """What was odd about the source row and how it was treated, in the words of `read_perth_kinross`."""


def read_perth_kinross(path: Path, month: str | None = None) -> list[Session]:
    """The council's sessions that start in `month` (`2017-08`; None: all), in order of start.

    Start dates are taken as written and read as UTC (the file names no zone). Odd rows and their treatment:

    * `no end` – end and energy are missing: kept with neither; the transaction stays open.
    * `end swapped` / `start swapped` – the end lies before the start because day and month of one of the two
      were swapped (31 July to "8 January" is 1 August): the end is read with both exchanged, or, when it is
      the start that was swapped, moved so that the stay keeps its true length. Energy is kept.
    * `end before start` – no exchange explains it: kept with energy, the end equals the start.
    * `no length` – start and end are the same minute: kept.
    * `no energy` – 0 kWh: kept; such sessions are real (the car took nothing).
    * `long` – longer than seven days: kept as written.
    * `overlaps` – begins before an earlier session on the same connector has ended: kept; a replay sends the
      earlier one's stop first (with its own, later timestamp), as one connector has one transaction.

    A row without charger, connector or start cannot be a session and raises ValueError with its line number.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        return parse_perth_kinross(file, month)


def parse_perth_kinross(lines: Iterable[str], month: str | None = None) -> list[Session]:
    """As `read_perth_kinross`, from lines of text without byte order mark."""
    found = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        if month is None or (row["Start_Date"] or "")[:7].replace("/", "-") == month:
            found.append(_session(row, number))
    found.sort(key=lambda session: (session.start, session.charger, session.connector))
    return _mark_overlaps(found)


def _session(row: dict[str, str], number: int) -> Session:
    start, end = _moment(row["Start_Date"], row["Start_Time"]), _moment(row["End_Date"], row["End_Time"])
    if start is None or not row["CP_ID"] or not row["Connector"].isdigit():
        raise ValueError(f"line {number}: a session needs CP_ID, Connector, Start_Date and Start_Time: {row}")
    oddities = []
    if end is None:
        oddities.append("no end")
    elif end < start:
        end, oddity = _repaired(start, end)
        oddities.append(oddity)
    if end == start:
        oddities.append("no length")
    if end is not None and end - start > _LONG:
        oddities.append("long")
    energy_wh = int(Decimal(row["Total_kWh"]) * 1000) if row["Total_kWh"] else None
    if energy_wh == 0:
        oddities.append("no energy")
    return Session(
        charger=row["CP_ID"],
        connector=int(row["Connector"]),
        start=start,
        end=end,
        energy_wh=energy_wh,
        max_power_w=_nameplate_w(row["Model"]),
        oddities=tuple(oddities),
    )


def _nameplate_w(model: str) -> float:
    """The power in the model's name ("APT 22kW Dual Outlet"); a rapid charger has 50 kW."""
    named = re.search(r"(\d+) ?kW", model)
    return float(named[1]) * 1000 if named else 50_000.0


def _moment(date: str | None, time: str | None) -> datetime | None:
    if not date or not time:
        return None
    return datetime.strptime(f"{date[:10]} {time}", "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)


def _swapped(moment: datetime) -> datetime | None:
    """The same with day and month exchanged, None where there is no such day."""
    return moment.replace(day=moment.month, month=moment.day) if moment.day <= 12 else None


def _repaired(start: datetime, end: datetime) -> tuple[datetime, str]:
    """The end of a session whose end lies before its start, and what was done."""
    other_end, other_start = _swapped(end), _swapped(start)
    if other_end is not None and start <= other_end <= start + _LONG:
        return other_end, "end swapped"
    if other_start is not None and other_start <= end <= other_start + _LONG:
        return start + (end - other_start), "start swapped"
    return start, "end before start"


def _mark_overlaps(sessions: Sequence[Session]) -> list[Session]:
    """Mark those that begin before their predecessor on the same connector has ended."""
    busy_until: dict[tuple[str, int], datetime] = {}
    out = []
    for session in sessions:
        place = (session.charger, session.connector)
        if place in busy_until and session.start < busy_until[place]:
            session = msgspec.structs.replace(session, oddities=(*session.oddities, "overlaps"))
        if session.end is not None:
            busy_until[place] = max(busy_until.get(place, session.end), session.end)
        out.append(session)
    return out


def drawn_sessions(
    charger: str, connector: int, start: datetime, seed: int, *, occupied: float = 0.35
) -> Iterator[Session]:
    """Endless plausible sessions of one connector from `start` on: arrivals follow the hour of day, energy is
    log-normal (median 12 kWh), and the car stays until it is full and often a while longer.

    `occupied` (0–1) is roughly the share of time with a car present; 1 leaves a minute between two cars.
    """
    random = Random(f"sessions:{seed}:{charger}:{connector}")  # noqa: S311 – chance, not secrecy
    at = start
    while True:
        power_w = random.choice((3_700.0, 7_400.0, 11_000.0, 22_000.0))
        energy_wh = max(300, min(80_000, int(random.lognormvariate(9.4, 0.7))))
        charging_s = energy_wh / power_w * 3600 * 1.3
        stay_s = charging_s + random.expovariate(1 / 1200.0)
        pause_s = stay_s * (1 / occupied - 1)
        at += timedelta(seconds=60 + _wait_s(random, at, pause_s))
        end = at + timedelta(seconds=stay_s)
        yield Session(
            charger=charger, connector=connector, start=at, end=end, energy_wh=energy_wh, max_power_w=power_w
        )
        at = end


def _wait_s(random: Random, at: datetime, mean_s: float) -> float:
    """Time to the next arrival: exponential, longer in the hours when few arrive."""
    if mean_s <= 0:
        return 0.0
    busy = _ARRIVALS_BY_HOUR[at.hour] * 24 / sum(_ARRIVALS_BY_HOUR)
    return random.expovariate(busy / mean_s)
