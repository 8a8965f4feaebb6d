"""Handshakes → connection attempts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from domain.chargers.events import Connected, HandshakeRefused
from domain.event import Event, Fact, Recorded
from projections.bounds import key_text
from projections.connection_attempts.tables import ATTEMPTS, METADATA
from projections.partitions import drop_expired, ensure_partitions
from projections.read_model import Link, ReadModel
from projections.streams import subject_of
from projections.writes import Append, Write


class ConnectionAttempts(ReadModel):
    """Who knocked."""

    name, version = "connection_attempts", 1
    tables = METADATA
    topics = frozenset({Connected.TOPIC, HandshakeRefused.TOPIC})

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A row a fact; a refusal may stand for many."""
        event: Event[Any] = recorded.event
        tenant, charger = subject_of(event.originator_id)
        row = {"tenant": tenant, "at": event.told.recorded_at, "position": recorded.position}
        fact = event.fact
        row |= _accepted(fact, charger) if isinstance(fact, Connected) else _refused(fact)
        return (Append(ATTEMPTS, row),)

    def prepare(self, connection: Link, writes: Sequence[Write]) -> None:
        """The partitions the rows need."""
        moments = {write.row["at"] for write in writes if isinstance(write, Append)}
        ensure_partitions(connection, ATTEMPTS.name, moments)


def _accepted(fact: Connected, charger: str) -> dict[str, Any]:
    return {
        "charger": charger,
        "cpid": charger,
        "accepted": True,
        "remote": fact.remote,
        "path": fact.path,
        "user_agent": fact.user_agent,
        "known": True,
        "count": 1,
        "protocol": fact.protocol,
        "security_profile": fact.security_profile,
        "connection": fact.connection,
        "gateway": fact.gateway,
        "flags": fact.flags or None,
    }


def _refused(fact: HandshakeRefused) -> dict[str, Any]:
    return {
        "charger": key_text(fact.cpid.upper()),
        "cpid": fact.cpid,
        "accepted": False,
        "reason": fact.reason,
        "status": fact.status,
        "hint": fact.hint,
        "remote": fact.remote,
        "path": fact.path,
        "subprotocols": fact.subprotocols or None,
        "user_agent": fact.user_agent,
        "known": fact.known,
        "count": fact.count,
    }


def retain(connection: Link, before: datetime) -> int:
    """Drop the partitions that hold nothing at or after `before`; returns how many. Needs autocommit."""
    return drop_expired(connection, ATTEMPTS.name, before)
