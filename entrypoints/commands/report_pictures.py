"""Figures as pictures of a terminal: bars, and the week as a heat map; plain text where there is no colour."""

from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from projections.reports.utilisation import HeatCell

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SHADES = " ░▒▓█"


def bar(share: float, width: int = 20) -> str:
    """A bar of at most `width` cells, to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def heat_lines(cells: Sequence[HeatCell], *, colour: bool) -> list[Text]:
    """A line for each day, two signs an hour; what was never in service is a dot."""
    by_place = {(cell.weekday, cell.hour): cell for cell in cells}
    out = [Text("     " + "".join(f"{hour:02d}" if hour % 3 == 0 else "  " for hour in range(24)))]
    for number, day in enumerate(DAYS, start=1):
        line = Text(f"{day}  ")
        for hour in range(24):
            _paint(line, by_place.get((number, hour)), colour=colour)
        out.append(line)
    return out


def _paint(line: Text, cell: HeatCell | None, *, colour: bool) -> None:
    if cell is None or cell.share is None:
        line.append("··")
        return
    share = min(1.0, float(cell.share))
    if not colour:
        line.append(_SHADES[min(4, round(share * 4))] * 2)
        return
    green, red = round(60 + 120 * share), round(30 + 60 * share)
    line.append("  ", style=f"on rgb({red},{green},{round(90 + 120 * share)})")


def percent(share: Decimal | None) -> str:
    """A share of 1 as a percentage with one decimal."""
    return "–" if share is None else f"{float(share) * 100:.1f} %"


def pct(value: Decimal | None) -> str:
    """A percentage with all its decimals."""
    return "–" if value is None else f"{value} %"


def minutes(seconds: int) -> str:
    """Seconds as minutes, with the remainder where there is one."""
    whole, rest = divmod(seconds, 60)
    return f"{whole}" if not rest else f"{whole}:{rest:02d}"
