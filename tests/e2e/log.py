"""What the event log says, read as an auditor would: by SQL, without the product's own reading code.

Only the seals on personal data are opened by it, with the key of `ZeusProcess`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
import psycopg

from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import open_subjects
from adapters.privacy.sealing import refs_of, restored
from domain.identity import tenant_of
from tests.e2e.zeus_process import PRIVACY_KEY


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
    lines = [Line(*row[:4], **orjson.loads(bytes(row[4]))) for row in rows]
    for name in ("frame", "reply"):
        told = [line for line in lines if name in line.told]
        opened = unsealed(dsn, [(line.stream, line.told[name]) for line in told])
        for line, text in zip(told, opened, strict=True):
            line.told[name] = text
    return lines


def unsealed(dsn: str, said: Iterable[tuple[str, str | None]]) -> list[str | None]:
    """Frames as they were received and sent; each comes with its stream."""
    subjects = open_subjects(dsn, KeyRing({1: PRIVACY_KEY}))
    found: list[str | None] = []
    for stream, text in said:
        tenant = tenant_of(stream)
        if text and (refs := {ref for ref in refs_of(text) if subjects.named(tenant, ref) is None}):
            subjects.find_named(tenant, refs)
        found.append(text and restored(text, subjects, tenant))
    subjects.close()
    return found


def of_charger(dsn: str, cpid: str) -> list[Line]:
    """Everything a charger told: its own stream and its transactions'."""
    own = read_log(dsn, f"charger/default/{cpid}")
    return sorted([*own, *read_log(dsn, f"transaction/default/{cpid}/%")])


def frames(lines: Iterable[Line]) -> list[tuple[str, str | None]]:
    """(frame as received, reply as sent) of every exchange, in order."""
    return [(line.told["frame"], line.told.get("reply")) for line in lines if "frame" in line.told]
