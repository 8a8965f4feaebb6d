"""Which media type to answer with (RFC 9110 §12.5.1), among the few that a route has."""

from collections.abc import Sequence

from adapters.http.problems import Problem

CSV = "text/csv"


def wanted(accept: str | None, offered: Sequence[str]) -> str:
    """The offered type the client likes best, the first where it does not care; raises a 406 Problem."""
    if not accept or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.split(",")]
    best = max(offered, key=lambda media_type: (_quality(media_type, ranges), -offered.index(media_type)))
    if _quality(best, ranges) <= 0:
        raise Problem("not_acceptable", f"Available: {', '.join(offered)}.")
    return best


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Of the most specific range that covers the type."""
    for name in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        found = [weight for covered, weight in ranges if covered == name]
        if found:
            return max(found)
    return 0.0
