"""A session as it was: its projection over the events that had been told by then."""

from collections.abc import Iterable
from typing import Any

from domain.event import Fact, Recorded
from projections.in_memory import Row
from projections.past import NEVER, rows_after
from projections.sessions.projection import Sessions
from projections.sessions.queries import SessionRow
from projections.sessions.tables import SESSIONS

_SESSIONS = Sessions()


def session_after(events: Iterable[Recorded[Fact]]) -> SessionRow | None:
    """The session's row after the events of its transaction; None before the first."""
    rows = rows_after(_SESSIONS, NEVER, events).of(SESSIONS)
    if not rows:
        return None
    row = {**rows[0], **_computed(rows[0])}
    return SessionRow(**{name: row[name] for name in SessionRow.__struct_fields__})


def _computed(row: Row) -> dict[str, Any]:
    """What Postgres computes of the other columns; see `tables.STATE`."""
    energy_wh = row["settled_wh"] if row["settled"] else row["live_wh"]
    signed_wh = row["signed_wh"] if row["signed_state"] == "valid" else None
    return {"energy_wh": energy_wh, "state": _state(row), "signed_energy_wh": signed_wh}


def _state(row: Row) -> str:
    ended, started, stale, metered = (
        row[name] for name in ("ended_at", "started_at", "stale_at", "metered_at")
    )
    if (ended is not None and started is not None) or row["closed_at"] is not None:
        return "ended"
    if ended is not None or row["superseded_by"] is not None:
        return "awaiting_reconciliation"
    if stale is not None and (metered is None or metered < stale):
        return "awaiting_reconciliation"
    return "active"
