"""`/sessions/{id}` as `application/vnd.ocmf+xml`: the signed records of a session, for Transparenzsoftware."""

import re
from typing import Any

from adapters.http.route import Asked
from adapters.signatures.session_records import session_records
from application.transparency import MEDIA_TYPE as MEDIA_TYPE
from application.transparency import transparency_xml
from projections.sessions import queries

_ID = re.compile(r"[a-z2-7]{16}")


def transparency_of(asked: Asked[Any]) -> str | None:
    """The records as they were received; None where the session has none."""
    name = asked.path["id"]
    row = queries.session(asked.connection, asked.caller.tenant, name if _ID.fullmatch(name) else "")
    if row is None:
        return None
    connection = asked.connection.connection.driver_connection
    found = session_records(connection, row.transaction)  # type: ignore[arg-type]  # psycopg's own
    return transparency_xml(found.records, row.session) if found.records else None
