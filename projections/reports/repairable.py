"""Which sessions a repair may be about: those with a settled figure, of certain chargers or hardware, in a period."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

_SUBJECTS = """
SELECT f.session, f.transaction FROM ocpp_session_figures f
 WHERE f.tenant = :tenant AND f.settled
   AND (cardinality(CAST(:chargers AS text[])) = 0 OR f.charger = ANY(CAST(:chargers AS text[])))
   AND (CAST(:begin AS timestamptz) IS NULL OR f.begin_at >= :begin)
   AND (CAST(:end AS timestamptz) IS NULL OR f.begin_at < :end)
   AND (CAST(:site AS text) IS NULL OR :site = (
         SELECT t.site FROM ocpp_charger_traits t WHERE t.tenant = f.tenant AND t.charger = f.charger
            AND t.kind = 'site' AND t.position <= f.changed_position ORDER BY t.position DESC LIMIT 1))
   AND (CAST(:model AS text) IS NULL OR EXISTS (
         SELECT 1 FROM (
           SELECT t.model, t.firmware FROM ocpp_charger_traits t WHERE t.tenant = f.tenant AND t.charger = f.charger
              AND t.kind = 'hardware' AND t.position <= f.changed_position ORDER BY t.position DESC LIMIT 1
         ) AS had
          WHERE had.model = :model AND (CAST(:firmware AS text) IS NULL OR had.firmware = :firmware)))
 ORDER BY f.begin_at, f.session
"""


class RepairScope(NamedTuple):
    """What a repair is about; what is None does not matter. Site and hardware are those the charger had then."""

    chargers: Sequence[str] = ()
    site: str | None = None
    model: str | None = None
    firmware: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


def repairable(connection: Connection, tenant: str, scope: RepairScope) -> list[tuple[str, str]]:
    """(session, stream of its transaction) of those with a settled figure, the earliest first."""
    asked = {**scope._asdict(), "chargers": [one.upper() for one in scope.chargers], "tenant": tenant}
    return [(session, transaction) for session, transaction in connection.execute(text(_SUBJECTS), asked)]
