"""The charger aggregate: may it work, is it connected, what is running on it, how wrong is its clock."""

import zlib
from collections.abc import Callable
from datetime import datetime
from statistics import median_low
from typing import Any

import msgspec

from domain.chargers.credentials import Credential
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    Booted,
    ClockSkewMeasured,
    Connected,
    CredentialIssued,
    Disconnected,
    Registered,
    SecurityProfileChosen,
    StatusReported,
    TransactionClosed,
    TransactionOpened,
)
from domain.event import Event, Fact, Told
from domain.identity import ChargerId

CONNECTORS = 64
"""No charger has more; the state of one that invents numbers stays bounded."""
REUSED = 64
SKEW_SAMPLES = 9
SKEW_STEP_S = 5
"""A new skew is told when the median moved by this much: a sound clock makes one fact, not thousands."""
PENDING_RETRY_S = 60
"""Chargers that must wait ask again after about a minute (1.6 §4.2, 2.x B02.FR.04)."""


class BootReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger says of itself when it boots."""

    vendor: str
    model: str
    serial: str = ""
    box_serial: str = ""
    firmware: str = ""
    iccid: str = ""
    imsi: str = ""
    meter_type: str = ""
    meter_serial: str = ""
    reason: str = ""


class BootAnswer(msgspec.Struct, frozen=True):
    """What a booting charger is told."""

    acceptance: Acceptance
    interval_s: int
    now: datetime


class OpenTransaction(msgspec.Struct, frozen=True):
    """A transaction whose end was not reported yet."""

    stream: str
    evse_id: int
    connector_id: int
    started_at: datetime
    reference: str = ""
    number: int = 0


class Doing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a connector was said to be doing, and since when."""

    activity: str = ""
    at: datetime | None = None


class Charger(msgspec.Struct):
    """State of one charger; the only way to change it is `when`."""

    id: ChargerId
    version: int = 0
    cpid: str = ""
    name: str = ""
    security_profile: int = 1
    credential: Credential | None = None
    acceptance: Acceptance = Acceptance.ACCEPTED
    connection: str = ""
    gateway: str = ""
    protocol: str = ""
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    booted_over: str = ""
    """The connection of the last boot: a second boot over it is no restart."""
    open: dict[str, OpenTransaction] = msgspec.field(default_factory=dict)
    reused: dict[str, str] = msgspec.field(default_factory=dict)
    """Reference → newest stream, for the transaction ids that the charger used more than once."""
    doings: dict[str, Doing] = msgspec.field(default_factory=dict)
    """`<evse>/<connector>` → what its last status said was going on there."""
    skews_s: list[int] = msgspec.field(default_factory=list)
    skew_s: int | None = None

    @property
    def stream(self) -> str:
        """Its stream id."""
        return self.id.stream

    @property
    def registered(self) -> bool:
        """Did an operator make it known?"""
        return bool(self.cpid)

    def boot(
        self, report: BootReport, connection: str, now: datetime, heartbeat_s: int
    ) -> tuple[BootAnswer, Booted]:
        """Answer a boot by the operator's decision; the interval is spread so that storms thin out."""
        wanted = heartbeat_s if self.acceptance is Acceptance.ACCEPTED else PENDING_RETRY_S
        interval_s = spread(wanted, self.id.key)
        fact = Booted(
            vendor=report.vendor,
            model=report.model,
            answered=self.acceptance,
            interval_s=interval_s,
            serial=report.serial,
            box_serial=report.box_serial,
            firmware=report.firmware,
            iccid=report.iccid,
            imsi=report.imsi,
            meter_type=report.meter_type,
            meter_serial=report.meter_serial,
            reason=report.reason,
            repeated=self.booted_over == connection,
        )
        return BootAnswer(self.acceptance, interval_s, now), fact

    def skew(self, told_at: datetime | None, now: datetime) -> list[Fact]:
        """A fact when the median of the newest differences moved; for messages sent as things happen."""
        if told_at is None:
            return []
        difference = round((now - told_at).total_seconds())
        middle = median_low([*self.skews_s[1 - SKEW_SAMPLES :], difference])
        if self.skew_s is not None and abs(middle - self.skew_s) < SKEW_STEP_S:
            return []
        return [ClockSkewMeasured(middle)]

    def connected(self, fact: Connected) -> list[Fact]:
        """A socket was accepted; a former one that never said goodbye is closed in the books first."""
        if not self.connection:
            return [fact]
        return [Disconnected(connection=self.connection, reason="replaced by a new connection"), fact]

    def disconnected(self, connection: str, code: int | None, reason: str) -> list[Fact]:
        """The socket is gone; late news of one already replaced changes nothing."""
        if self.connection != connection:
            return []
        return [Disconnected(connection=connection, code=code, reason=reason)]

    def find(self, *, reference: str = "", number: int | None = None) -> OpenTransaction | None:
        """The open transaction of that name, the newest where a name is used twice."""
        for running in reversed(self.open.values()):
            if (reference and running.reference == reference) or (number and running.number == number):
                return running
        return None

    def running_on(self, evse_id: int, connector_id: int) -> list[OpenTransaction]:
        """Open transactions on a connector, oldest first; connector 0 stands for any of the EVSE."""
        return [
            t
            for t in self.open.values()
            if t.evse_id == evse_id and (not connector_id or t.connector_id in (connector_id, 0))
        ]

    def doing(self, evse_id: int, connector_id: int) -> Doing:
        """What the connector's last status said was going on."""
        return self.doings.get(f"{evse_id}/{connector_id}", Doing())

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)
        if type(event.fact) is StatusReported:
            self._hear_status(event.fact, event.told)

    def _hear_status(self, fact: StatusReported, told: Told) -> None:
        self.doings[f"{fact.evse_id}/{fact.connector_id}"] = Doing(
            fact.activity, told.occurred_at or told.recorded_at
        )
        while len(self.doings) > CONNECTORS:
            del self.doings[next(iter(self.doings))]
        if told.occurred_at is not None:
            self.skews_s.append(round((told.recorded_at - told.occurred_at).total_seconds()))
            del self.skews_s[:-SKEW_SAMPLES]


def spread(interval_s: int, key: str) -> int:
    """`interval_s` ± 10 %, always the same for one charger: neighbours do not beat in step."""
    share = zlib.crc32(key.encode()) % 2001 - 1000
    return max(1, interval_s + round(interval_s * share / 10_000))


def _registered(state: Charger, fact: Registered) -> None:
    state.cpid, state.name, state.security_profile = fact.cpid, fact.name, fact.security_profile


def _credential_issued(state: Charger, fact: CredentialIssued) -> None:
    state.credential = Credential(fact.salt, fact.digest)


def _security_profile_chosen(state: Charger, fact: SecurityProfileChosen) -> None:
    state.security_profile = fact.security_profile


def _acceptance_decided(state: Charger, fact: AcceptanceDecided) -> None:
    state.acceptance = fact.acceptance


def _connected(state: Charger, fact: Connected) -> None:
    state.connection, state.gateway, state.protocol = fact.connection, fact.gateway, fact.protocol


def _disconnected(state: Charger, fact: Disconnected) -> None:
    if state.connection == fact.connection:
        state.connection = state.gateway = ""


def _booted(state: Charger, fact: Booted) -> None:
    state.vendor, state.model, state.firmware = fact.vendor, fact.model, fact.firmware
    state.booted_over = state.connection


def _skew_measured(state: Charger, fact: ClockSkewMeasured) -> None:
    state.skew_s = fact.skew_s


def _transaction_opened(state: Charger, fact: TransactionOpened) -> None:
    state.open[fact.transaction] = OpenTransaction(
        fact.transaction, fact.evse_id, fact.connector_id, fact.started_at, fact.reference, fact.number
    )
    if fact.reference and "~" in fact.transaction:
        state.reused.pop(fact.reference, None)
        state.reused[fact.reference] = fact.transaction
        while len(state.reused) > REUSED:
            del state.reused[next(iter(state.reused))]


def _transaction_closed(state: Charger, fact: TransactionClosed) -> None:
    state.open.pop(fact.transaction, None)


_EVOLVE: dict[type[Fact], Callable[[Charger, Any], None]] = {
    Registered: _registered,
    CredentialIssued: _credential_issued,
    SecurityProfileChosen: _security_profile_chosen,
    AcceptanceDecided: _acceptance_decided,
    Connected: _connected,
    Disconnected: _disconnected,
    Booted: _booted,
    ClockSkewMeasured: _skew_measured,
    TransactionOpened: _transaction_opened,
    TransactionClosed: _transaction_closed,
}
