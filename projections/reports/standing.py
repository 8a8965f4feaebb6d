"""As of which position a report is: the newest that every read model behind reports has reached, or an older one."""

from datetime import datetime

from sqlalchemy import Connection, text

MODELS = ("availability", "session_figures", "attempts")

_REACHED = "SELECT min(position), count(*) FROM zeus_read_models WHERE place = 'live' AND name = ANY(:names)"

_KNOWN = """
SELECT max(position) FROM (
  (SELECT position FROM ocpp_availability_signals WHERE tenant = :tenant AND at <= :at
    ORDER BY at DESC, position DESC LIMIT 1)
  UNION ALL
  (SELECT position FROM ocpp_session_changes WHERE tenant = :tenant AND recorded_at <= :at
    ORDER BY recorded_at DESC, position DESC LIMIT 1)
  UNION ALL
  (SELECT position FROM ocpp_attempt_signals WHERE tenant = :tenant AND at <= :at
    ORDER BY at DESC, position DESC LIMIT 1)
  UNION ALL
  (SELECT max(position) FROM ocpp_exclusions WHERE tenant = :tenant AND declared_at <= :at)
  UNION ALL
  (SELECT max(withdrawn_position) FROM ocpp_exclusions WHERE tenant = :tenant AND withdrawn_at <= :at)
) AS known(position)
"""


class PositionAhead(ValueError):
    """The read models have not come so far yet; ask again a little later, or for an earlier position."""


class NotBuilt(LookupError):
    """The read models behind reports are being built."""


def reached(connection: Connection) -> int:
    """The newest position a report can be made of. Raises NotBuilt."""
    position, models = connection.execute(text(_REACHED), {"names": list(MODELS)}).one()
    if models < len(MODELS) or position < 0:
        raise NotBuilt
    return int(position)


def position_of(connection: Connection, tenant: str, as_of: int | datetime | None) -> int:
    """The position that is meant: itself, the newest event recorded until an instant, or the newest of all.

    Raises PositionAhead, NotBuilt.
    """
    newest = reached(connection)
    if as_of is None:
        return newest
    if isinstance(as_of, datetime):
        known = connection.execute(text(_KNOWN), {"tenant": tenant, "at": as_of}).scalar_one()
        return min(newest, int(known or 0))
    if as_of > newest:
        raise PositionAhead(as_of)
    return as_of
