"""What the event log says, read as an auditor would: by SQL, without the product's own reading code."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
import psycopg


class Line(NamedTuple):
    """An event as stored."""

    position: int
    stream: str
    version: int
    topic: str
    fact: dict[str, Any]
    told: dict[str, Any]


def read_log(dsn: str, like: str = "%", after: int = 0) -> list[Line]:
    """The events of the streams that match, in log order."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT notification_id, originator_id, originator_version, topic, state "
            "FROM eventstore.stored_events WHERE originator_id LIKE %s AND notification_id > %s "
            "ORDER BY notification_id",
            (like, after),
        ).fetchall()
    return [Line(*row[:4], **orjson.loads(bytes(row[4]))) for row in rows]


def of_charger(dsn: str, cpid: str) -> list[Line]:
    """Everything a charger told: its own stream and its transactions'."""
    own = read_log(dsn, f"charger/default/{cpid}")
    return sorted([*own, *read_log(dsn, f"transaction/default/{cpid}/%")])


def frames(lines: Iterable[Line]) -> list[tuple[str, str | None]]:
    """(frame as received, reply as sent) of every exchange, in order."""
    return [(line.told["frame"], line.told.get("reply")) for line in lines if "frame" in line.told]
