"""A week of use as a picture: SVG without scripts, fonts or anything to fetch; readable without colour too."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from projections.reports.utilisation import HeatCell

SVG = "image/svg+xml"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL, _LEFT, _TOP = 34, 52, 56
_DARK, _LIGHT = (8, 64, 129), (247, 252, 240)


def heat_map_svg(cells: Iterable[HeatCell], title: str) -> str:
    """Seven rows of 24 hours; each cell says its share, and in a tooltip what it is made of."""
    width, height = _LEFT + 24 * _CELL + 16, _TOP + 7 * _CELL + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title" font-family="system-ui,sans-serif" font-size="11">',
        f'<title id="title">{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14" font-weight="600">{escape(title)}</text>',
    ]
    for hour in range(24):
        x = _LEFT + hour * _CELL + _CELL / 2
        parts.append(f'<text x="{x:g}" y="{_TOP - 8}" text-anchor="middle">{hour:02d}</text>')
    for number, day in enumerate(DAYS):
        y = _TOP + number * _CELL + _CELL / 2 + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{y:g}" text-anchor="end">{day}</text>')
    parts += [_cell(cell) for cell in cells]
    foot = "Percent of the time that ports in service were in use."
    parts.append(f'<text x="{_LEFT}" y="{height - 12}">{foot}</text></svg>\n')
    return "\n".join(parts)


def _cell(cell: HeatCell) -> str:
    x, y = _LEFT + cell.hour * _CELL, _TOP + (cell.weekday - 1) * _CELL
    share = None if cell.share is None else float(cell.share)
    fill = "#eee" if share is None else _colour(share)
    ink = "#fff" if share is not None and share > 0.5 else "#000"
    words = "–" if share is None else f"{share * 100:.0f}"
    told = f"{DAYS[cell.weekday - 1]} {cell.hour:02d}:00: {cell.in_use_s // 60} of {cell.connector_s // 60} minutes"
    return (
        f'<g><title>{told}</title><rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_CELL - 2}" fill="{fill}"/>'
        f'<text x="{x + _CELL / 2 - 1:g}" y="{y + _CELL / 2 + 3:g}" text-anchor="middle" fill="{ink}">'
        f"{words}</text></g>"
    )


def _colour(share: float) -> str:
    share = max(0.0, min(1.0, share))
    mixed = (round(light + (dark - light) * share) for light, dark in zip(_LIGHT, _DARK, strict=True))
    return "#" + "".join(f"{one:02x}" for one in mixed)
