"""Repairs: the energy of a transaction as another interpretation rule has it, and the fact that corrects it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.event import Event
from domain.transactions.anomalies import Anomaly
from domain.transactions.energy import EnergyRecord
from domain.transactions.events import (
    ClosedUnreported,
    Correction,
    Ended,
    EnergySettled,
    Metered,
    Started,
)
from domain.transactions.interpretation import EDITION, Interpretation
from domain.transactions.transaction import Transaction


class NotToBeRepaired(Exception):
    """This transaction is left as it is; see the kinds."""


class StillRuns(NotToBeRepaired):
    """Its end was neither reported nor given up: there is no figure to correct yet."""


class HasSignedValues(NotToBeRepaired):
    """Its register was signed by the meter: what was signed is read as it was signed, by whatever rule."""


class Reading(msgspec.Struct, frozen=True):
    """A transaction read by a rule."""

    before_wh: int | None
    """What stands in the books."""
    settled: EnergySettled
    """What the rule comes to."""
    energy: EnergyRecord

    @property
    def differs(self) -> bool:
        """Is there anything to correct?"""
        return self.settled.energy_wh != self.before_wh


def read_by(events: Sequence[Event[Any]], rule: Interpretation) -> Reading:
    """The energy of a transaction's events, all of them, by `rule`; earlier corrections count for nothing.

    By `AS_TOLD` it comes to what the charger's own reports came to. Raises StillRuns, HasSignedValues.
    """
    energy = EnergyRecord(rule=rule)
    ended = closed = late = False
    before: EnergySettled | None = None
    for event in events:
        fact = event.fact
        if isinstance(fact, Started | Metered | Ended):
            energy.take(fact.samples)
            late = late or (closed and (bool(fact.samples) or isinstance(fact, Started)))
            ended = ended or isinstance(fact, Ended)
        elif isinstance(fact, ClosedUnreported):
            closed = True
        elif isinstance(fact, EnergySettled):
            before = fact
    if before is None or not (ended or closed):
        raise StillRuns
    if energy.signed:
        raise HasSignedValues
    return Reading(before.energy_wh, _settled(energy, measured=not (ended or late)), energy)


def correction(reading: Reading, rule: Interpretation, repair: str, reason: str) -> EnergySettled:
    """The fact that puts the figure of `reading` in the place of the one that stands there."""
    flags = () if rule.as_told else (Anomaly.ENERGY_CORRECTED,)
    return msgspec.structs.replace(
        reading.settled,
        flags=(*reading.settled.flags, *flags),
        correction=Correction(
            repair=repair,
            reason=reason,
            before_wh=reading.before_wh,
            rule=rule,
            edition=EDITION,
            energy=reading.energy,
        ),
    )


def _settled(energy: EnergyRecord, *, measured: bool) -> EnergySettled:
    if measured:
        return Transaction.measured(energy)
    energy_wh, stop, flags = energy.settle()
    return EnergySettled(
        energy_wh=energy_wh, meter_start_wh=energy.start(), meter_stop_wh=stop, flags=tuple(flags)
    )
