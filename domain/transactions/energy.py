"""The energy rules: which register readings count, and what a transaction's energy is."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.metering import BEGIN, END, Sample, registers, whole_wh
from domain.signed_values.ocmf import found_in
from domain.transactions.anomalies import Anomaly
from domain.transactions.interpretation import AS_TOLD, Interpretation

METER_STEP_WH = Decimal(2_000)
"""Coarse meters count whole kWh and clocks whole seconds: a step of two is no sign of anything."""
ROUNDING_WH = Decimal(10)
"""Chargers tell the same register as whole Wh and as kWh with two decimals (Huawei): no sign of anything."""
ZERO = Decimal(0)


class EnergyRecord(msgspec.Struct):
    """What is known of a transaction's register so far; changed by readings alone."""

    start_wh: Decimal | None = None
    start_at: datetime | None = None
    start_is_sample: bool = False
    """The start is the first later reading, for want of one at the start."""
    register_wh: Decimal | None = None
    register_at: datetime | None = None
    highest_wh: Decimal | None = None
    stop_wh: Decimal | None = None
    told_wh: int | None = None
    """The most energy told so far: a later, higher start reading does not take any of it back."""
    signed: bool = False
    """There were signed meter values among the readings."""
    flags: list[Anomaly] = msgspec.field(default_factory=list)
    rule: Interpretation = AS_TOLD
    """How the register is read."""

    def flag(self, anomaly: Anomaly) -> None:
        """Remember an anomaly once."""
        if anomaly not in self.flags:
            self.flags.append(anomaly)

    def take(self, samples: Sequence[Sample]) -> None:
        """Follow the register through `samples`, in time order."""
        self.signed = self.signed or bool(found_in(samples))
        for at, context, wh in registers(samples):
            before = self.start_wh if self.register_wh is None else self.register_wh
            read = self.rule.read(context, wh, before)
            if read is not None:
                self._take(at, context, read)
        if self.start_wh is not None and self.highest_wh is not None:
            so_far = whole_wh(max(ZERO, self.highest_wh - self.start_wh))
            self.told_wh = max(so_far, self.told_wh or 0)

    def _take(self, at: datetime, context: str, wh: Decimal) -> None:
        if wh < 0:
            self.flag(Anomaly.NEGATIVE_METER)
            return
        if context == BEGIN:
            self._take_begin(at, wh)
        elif context == END:
            self._take_end(at, wh)
        else:
            self._follow(at, wh)

    def _take_begin(self, at: datetime, wh: Decimal) -> None:
        if self.start_wh is None or self.start_is_sample:
            self.start_wh, self.start_at, self.start_is_sample = wh, at, False
        if self.register_at is None:
            self._trust(at, wh)

    def _take_end(self, at: datetime, wh: Decimal) -> None:
        reference = self.start_wh if self.register_wh is None else self.register_wh
        if reference is not None and wh < reference - ROUNDING_WH:
            self.flag(Anomaly.METER_WENT_BACK)
        if self._jumps(at, wh):
            self.flag(Anomaly.IMPLAUSIBLE_METER)
        # The end is told twice (meterStop and transactionData), in any order: the higher one is the finer.
        self.stop_wh = wh if self.stop_wh is None else max(wh, self.stop_wh)
        self._trust(at, wh)

    def _follow(self, at: datetime, wh: Decimal) -> None:
        if self.register_at is not None and at < self.register_at:
            self._take_late(at, wh)
            return
        if self._jumps(at, wh):
            self.flag(Anomaly.IMPLAUSIBLE_METER)
            return
        if self.register_wh is not None and wh < self.register_wh - ROUNDING_WH:
            self.flag(Anomaly.METER_WENT_BACK)
        if self.start_wh is None:
            self.start_wh, self.start_at, self.start_is_sample = wh, at, True
        self._trust(at, wh)

    def _take_late(self, at: datetime, wh: Decimal) -> None:
        """An older reading, told late: the register does not go back for it, but it may be the earliest."""
        if self.start_wh is None or (
            self.start_is_sample and self.start_at is not None and at < self.start_at
        ):
            self.start_wh, self.start_at, self.start_is_sample = wh, at, True

    def _jumps(self, at: datetime, wh: Decimal) -> bool:
        if self.register_wh is None or self.register_at is None or at < self.register_at:
            return False  # nothing to measure the rise by
        hours = Decimal(max(0, round((at - self.register_at).total_seconds()))) / 3600
        return wh - self.register_wh > self.rule.fastest_w * hours + METER_STEP_WH

    def _trust(self, at: datetime, wh: Decimal) -> None:
        if self.register_at is None or at > self.register_at:
            self.register_wh, self.register_at = wh, at
        elif at == self.register_at:  # clocks count whole seconds: of two readings the higher is the later
            self.register_wh = wh if self.register_wh is None else max(wh, self.register_wh)
        if self.highest_wh is None or wh > self.highest_wh:
            self.highest_wh = wh

    def so_far_wh(self) -> int | None:
        """Energy since the start, in whole Wh; never decreases while the transaction runs."""
        return self.told_wh

    def settle(self) -> tuple[int | None, Decimal | None, list[Anomaly]]:
        """(energy in Wh or None, stop register, why it is not simply stop minus start)."""
        why = list(self.flags)
        stop = self.stop_wh
        if stop is None and self.register_wh is not None:
            stop = self.register_wh
            why.append(Anomaly.METER_STOP_FROM_SAMPLE)
        start = self.start()
        if start is None:
            why.append(Anomaly.METER_START_MISSING)
        if stop is None:
            why.append(Anomaly.METER_STOP_MISSING)
        if start is None or stop is None:
            return None, stop, why
        if self.start_is_sample:
            why.append(Anomaly.METER_START_FROM_SAMPLE)
        if stop >= start:
            return whole_wh(stop - start), stop, why
        # The register restarted: only what was measured before it did is proven.
        proven = self.highest_wh - start if self.highest_wh is not None else ZERO
        return whole_wh(max(ZERO, proven)), stop, why

    def start(self) -> Decimal | None:
        """The start register; a sample stands in for it only if something was read after it."""
        alone = self.start_is_sample and self.start_at == self.register_at
        return None if alone else self.start_wh
