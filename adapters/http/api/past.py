"""What `?at=` is answered with: chargers and sessions as they were, from the log."""

from datetime import datetime
from typing import Any

from adapters.eventstore.chronicle import Chronicle
from adapters.eventstore.past import Past
from adapters.http.database import driver_of
from adapters.http.problems import Fault, invalid
from adapters.http.route import Asked
from adapters.privacy.opening import decoding
from domain.catalogue import FACTS
from domain.identity import ChargerId
from projections.sessions.past import session_after
from projections.sessions.queries import SessionRow
from projections.status_board.past import Board, board_of, matches
from projections.status_board.queries import ChargerFilter

_DECODE = decoding(FACTS)


def past_of(asked: Asked[Any]) -> Past:
    """The log on the connection of this reading."""
    return Past(driver_of(asked.connection), _DECODE)


def chronicle_of(asked: Asked[Any]) -> Chronicle:
    """The same by spans of time."""
    return Chronicle(driver_of(asked.connection), _DECODE)


def past_instant(asked: Asked[Any], at: datetime) -> datetime:
    """`at`, which has to be over. Raises a 422 Problem."""
    if at > asked.now:
        raise invalid(Fault("at", "This instant is still to come."))
    return at


def charger_then(asked: Asked[Any], key: str | None, at: datetime) -> Board | None:
    """A charger and its connectors at an instant; None before it was registered."""
    past = past_of(asked)
    return _board(past, ChargerId(asked.caller.tenant, key or ""), past_instant(asked, at))


def chargers_then(asked: Asked[Any], keys: list[str], wanted: ChargerFilter, at: datetime) -> list[Board]:
    """Those of `keys` that were known at an instant and match as they were then."""
    past, at = past_of(asked), past_instant(asked, at)
    boards = (_board(past, ChargerId(asked.caller.tenant, key), at) for key in keys)
    return [board for board in boards if board is not None and matches(board, wanted)]


def session_then(asked: Asked[Any], transaction: str, at: datetime) -> SessionRow | None:
    """A session at an instant; None before anything was told of it."""
    past = past_of(asked)
    return session_after(past.until(transaction, past_instant(asked, at)))


def _board(past: Past, charger: ChargerId, at: datetime) -> Board | None:
    return board_of(past.board(charger, at) or {})
