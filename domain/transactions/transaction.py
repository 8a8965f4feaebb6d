"""The transaction aggregate: takes what a charger tells in any order and settles the energy exactly."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from domain.event import CHARGER, Event, Fact
from domain.identity import ChargerId, IdToken
from domain.metering import BEGIN, Sample, register_wh
from domain.signed_values.ocmf import found_in
from domain.transactions.anomalies import Anomaly
from domain.transactions.energy import EnergyRecord
from domain.transactions.events import (
    ChargingStateChanged,
    ClosedUnreported,
    Ended,
    EnergySettled,
    FoundStale,
    Metered,
    Noted,
    Staleness,
    Started,
    Superseded,
    TokenShown,
)
from domain.transactions.interpretation import AS_TOLD
from domain.transactions.report import Phase, TransactionReport

PLAIN = " !#$&'()*+,:;=@[]{}|"
"""Signs of a transaction id that stay as they are; `%`, `/` and NUL must not, `~` marks a reuse."""
HEARD_LIMIT = 64
"""A repetition follows closely; chargers exist that number every message 0, so the time must agree too."""


def transaction_stream(charger: ChargerId, key: str) -> str:
    """`transaction/<tenant>/<CPID>/<key>`, percent-encoded where a charger's own id holds unusual signs."""
    return f"transaction/{charger.tenant}/{charger.key}/{quote(key, safe=PLAIN)}"


def key_of(report: TransactionReport, told_at: datetime, who: str = "") -> str:
    """The key that a repetition of `report` has too: 2.x its own id, 1.6 made of what identifies it.

    1.6: time first (time-ordered keys cost a fraction of the WAL of random ones), then a digest of
    connector, token, time and meter reading, so that a StartTransaction sent again is the same one. `who` is
    what the log calls the token: of its number itself the digest would tell by trying, there are so few of them.
    """
    if report.reference:
        return report.reference
    meter = next((wh for s in report.samples if (wh := register_wh(s)) is not None), None)
    at = report.at or told_at
    identity = f"{report.connector_id}|{report.evse_id}|{who}|{report.at}|{meter}|{report.number}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return f"{at:%Y%m%dT%H%M%S}-{digest}"


Heard = tuple[Phase, int, datetime | None]
"""Kind, sequence number and charger's time of a 2.x message."""

_PHASES: dict[type[Fact], Phase] = {Started: Phase.STARTED, Ended: Phase.ENDED, EnergySettled: Phase.ENDED}


class Transaction(msgspec.Struct):
    """State of one transaction; the only way to change it is `when`."""

    stream: str
    version: int = 0
    evse_id: int = 0
    connector_id: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    number: int = 0
    id_token: IdToken | None = None
    verdict: str = ""
    charging_state: str = ""
    superseded: bool = False
    stale_since: datetime | None = None
    """Our clock, since when its end is waited for; None while it runs."""
    closed: bool = False
    """It was closed without a reported end."""
    heard_at: datetime | None = None
    """Our clock, at the last word of the charger about it."""
    charging_state_at: datetime | None = None
    heard: list[Heard] = msgspec.field(default_factory=list)
    """The newest 2.x messages, to know a repetition by."""
    ends: list[datetime] = msgspec.field(default_factory=list)
    """Every time at which it was said to have ended; nearly always one."""
    last_samples: tuple[Sample, ...] = ()
    """The newest readings, to know a repetition of 1.6 MeterValues by."""
    energy: EnergyRecord = msgspec.field(default_factory=EnergyRecord)
    settled_wh: int | None = None
    settled: bool = False

    @property
    def over(self) -> bool:
        """Its end was reported, or it was closed for want of one: from now on readings correct the energy."""
        return self.ended_at is not None or self.closed

    def is_repetition(self, report: TransactionReport) -> bool:
        """Was this very report taken before? Then it is answered again and changes nothing."""
        if report.seq_no is not None and (report.phase, report.seq_no, report.at) in self.heard:
            return True
        if report.phase is Phase.STARTED and self.started_at is not None:
            return True
        if report.phase is Phase.ENDED and self.ended_at is not None:
            return report.at is None or report.at in self.ends
        if report.phase is Phase.UPDATED and report.seq_no is None and report.samples:
            return report.samples == self.last_samples
        return False

    def start(
        self, report: TransactionReport, at: datetime, number: int, verdict: str, flags: list[Anomaly]
    ) -> list[Fact]:
        """The charger reports the beginning; late or not, it is taken."""
        flags = list(flags)
        if self.version:
            flags.append(Anomaly.LATE_START)
        if report.at is None:
            flags.append(Anomaly.TIME_UNKNOWN)
        if self.ended_at is not None and self.ended_at < at:
            flags.append(Anomaly.ENDS_BEFORE_START)
        record = _copy(self.energy)
        record.take(report.samples)
        start = next(
            (wh for s in report.samples if s.context == BEGIN and (wh := register_wh(s)) is not None), None
        )
        if Anomaly.NEGATIVE_METER in record.flags and Anomaly.NEGATIVE_METER not in self.energy.flags:
            flags.append(Anomaly.NEGATIVE_METER)
        facts: list[Fact] = [
            Started(
                evse_id=report.evse_id or 0,
                connector_id=report.connector_id or 0,
                at=at,
                id_token=report.id_token,
                verdict=verdict,
                meter_start_wh=start,
                number=number,
                reference=report.reference,
                charging_state=report.charging_state,
                offline=report.offline,
                reservation_id=report.reservation_id,
                remote_start_id=report.remote_start_id,
                samples=report.samples,
                flags=tuple(flags),
            )
        ]
        if self.over:
            facts += self._settle(record)
        return facts

    def update(
        self, report: TransactionReport, at: datetime, verdict: str, flags: Sequence[Anomaly] = ()
    ) -> list[Fact]:
        """Readings, a new charging state, a token, or merely a word: whatever the update brought."""
        facts: list[Fact] = []
        if report.samples:
            facts.append(self._meter(report, flags))
        if report.charging_state and report.charging_state != self.charging_state:
            facts.append(ChargingStateChanged(state=report.charging_state, at=at))
        if report.id_token is not None:
            facts.append(TokenShown(id_token=report.id_token, verdict=verdict, at=at))
        if not facts:
            facts.append(Noted(trigger=report.trigger, at=at))
        if self.over and report.samples:
            record = _copy(self.energy)
            record.take(report.samples)
            # Signed values that come late are news even where the energy is not: they are to be verified.
            facts += self._settle(record, ending=bool(found_in(report.samples)))
        return facts

    def end(self, report: TransactionReport, at: datetime, flags: list[Anomaly]) -> list[Fact]:
        """The charger reports the end; the energy is settled from the two readings."""
        flags = list(flags)
        if self.started_at is None:
            flags.append(Anomaly.END_WITHOUT_START)
        elif at < self.started_at:
            flags.append(Anomaly.ENDS_BEFORE_START)
        if self.ended_at is not None:
            flags.append(Anomaly.ENDED_TWICE)
        if report.at is None:
            flags.append(Anomaly.TIME_UNKNOWN)
        record = _copy(self.energy)
        record.take(report.samples)
        ended = Ended(
            evse_id=self.evse_id or report.evse_id or 0,
            connector_id=self.connector_id or report.connector_id or 0,
            at=at,
            reason=report.reason,
            id_token=report.id_token,
            samples=report.samples,
            flags=tuple(flags),
        )
        return [ended, *self._settle(record, ending=True)]

    def supersede(self, by: str) -> list[Fact]:
        """Another transaction took the connector; this one waits for its end or for reconciliation."""
        return [] if self.superseded or self.ended_at is not None else [Superseded(by)]

    def find_stale(self, why: Staleness) -> list[Fact]:
        """Everything says that it is over; said once."""
        return [] if self.over or self.stale_since is not None else [FoundStale(why)]

    def close_unreported(self, now: datetime, after: timedelta) -> list[Fact]:
        """Its end was waited for as long as `after`: close it with what was measured, and with nothing else."""
        if self.over or self.stale_since is None or now - self.stale_since < after:
            return []
        record = _copy(self.energy)
        at = record.register_at or self.started_at or self.stale_since
        closed = ClosedUnreported(at=at, waited_s=round((now - self.stale_since).total_seconds()))
        return [closed, self.measured(record)]

    @staticmethod
    def measured(record: EnergyRecord) -> EnergySettled:
        """What was measured between two readings; one alone measures nothing."""
        if record.register_at is None or record.register_at == record.start_at:
            why = (*record.flags, Anomaly.METER_STOP_MISSING, Anomaly.CLOSED_UNREPORTED)
            return EnergySettled(energy_wh=None, meter_start_wh=record.start(), flags=why)
        energy_wh, stop, flags = record.settle()
        why = (*flags, Anomaly.CLOSED_UNREPORTED)
        return EnergySettled(
            energy_wh=energy_wh, meter_start_wh=record.start(), meter_stop_wh=stop, flags=why
        )

    def _meter(self, report: TransactionReport, noted: Sequence[Anomaly]) -> Metered:
        record = _copy(self.energy)
        record.take(report.samples)
        flags = [*noted, *(flag for flag in record.flags if flag not in self.energy.flags)]
        if self.ended_at is not None:
            flags.append(Anomaly.AFTER_END)
        elif self.started_at is None and not self.version:
            flags.append(Anomaly.UPDATE_WITHOUT_START)
        return Metered(
            evse_id=self.evse_id or report.evse_id or 0,
            connector_id=self.connector_id or report.connector_id or 0,
            samples=report.samples,
            register_wh=record.register_wh,
            energy_wh=record.so_far_wh(),
            flags=tuple(flags),
        )

    def _settle(self, record: EnergyRecord, *, ending: bool = False) -> list[Fact]:
        energy_wh, stop, why = record.settle()
        if record.rule != AS_TOLD:
            why.append(Anomaly.ENERGY_CORRECTED)
        if not ending and self.settled and energy_wh == self.settled_wh:
            return []
        return [
            EnergySettled(
                energy_wh=energy_wh,
                meter_start_wh=record.start(),
                meter_stop_wh=stop,
                flags=tuple(why),
                signed=record.signed,
            )
        ]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        if event.told.seq_no is not None:
            self._hear(
                (_PHASES.get(type(event.fact), Phase.UPDATED), event.told.seq_no, event.told.occurred_at)
            )
        if event.told.actor == CHARGER:
            self.heard_at = event.told.recorded_at
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)
        if type(event.fact) in (Superseded, FoundStale) and self.stale_since is None:
            self.stale_since = event.told.recorded_at

    def _hear(self, message: Heard) -> None:
        if message in self.heard[-2:]:  # one message may bring several facts
            return
        self.heard.append(message)
        del self.heard[:-HEARD_LIMIT]


def _copy(record: EnergyRecord) -> EnergyRecord:
    return msgspec.structs.replace(record, flags=list(record.flags))


def _started(state: Transaction, fact: Started) -> None:
    state.evse_id, state.connector_id = fact.evse_id, fact.connector_id
    state.started_at, state.number = fact.at, fact.number
    state.id_token, state.verdict = fact.id_token, fact.verdict
    if fact.charging_state and state.charging_state_at is None:
        state.charging_state, state.charging_state_at = fact.charging_state, fact.at
    state.energy.take(fact.samples)


def _metered(state: Transaction, fact: Metered) -> None:
    state.evse_id = state.evse_id or fact.evse_id
    state.connector_id = state.connector_id or fact.connector_id
    state.last_samples = fact.samples
    state.energy.take(fact.samples)
    if not state.superseded and not state.closed:  # it speaks: it runs after all
        state.stale_since = None


def _charging_state_changed(state: Transaction, fact: ChargingStateChanged) -> None:
    if state.charging_state_at is None or fact.at >= state.charging_state_at:
        state.charging_state, state.charging_state_at = fact.state, fact.at


def _ended(state: Transaction, fact: Ended) -> None:
    state.evse_id = state.evse_id or fact.evse_id
    state.connector_id = state.connector_id or fact.connector_id
    state.ended_at, state.stale_since = fact.at, None
    state.ends.append(fact.at)
    del state.ends[:-HEARD_LIMIT]
    state.energy.take(fact.samples)


def _settled(state: Transaction, fact: EnergySettled) -> None:
    state.settled, state.settled_wh = True, fact.energy_wh
    if fact.correction is not None:
        state.energy = _copy(fact.correction.energy)


def _superseded(state: Transaction, fact: Superseded) -> None:
    state.superseded = True


def _closed_unreported(state: Transaction, fact: ClosedUnreported) -> None:
    state.closed, state.stale_since = True, None


def _token_shown(state: Transaction, fact: TokenShown) -> None:
    if state.id_token is None:
        state.id_token, state.verdict = fact.id_token, fact.verdict


_EVOLVE: dict[type[Fact], Callable[[Transaction, Any], None]] = {
    Started: _started,
    Metered: _metered,
    ChargingStateChanged: _charging_state_changed,
    Ended: _ended,
    EnergySettled: _settled,
    Superseded: _superseded,
    ClosedUnreported: _closed_unreported,
    TokenShown: _token_shown,
}
