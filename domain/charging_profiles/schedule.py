"""The composite schedule: what several profiles together allow, as a pure function.

The rules, as the specifications give them (1.6 §3.13, 2.x K.3 and K01, K08):

* Within a purpose the highest stack level that says anything at an instant prevails. A profile says nothing
  outside its validity, before its schedule begins and after its duration; then the next lower level does.
  That is also how a TxProfile that has run out gives way to the TxDefaultProfile below it.
* A TxProfile counts for its transaction alone and overrules the TxDefaultProfile. While priority charging is
  on, a PriorityCharging profile is used in place of both (2.1 K21).
* A TxDefaultProfile on EVSE 0 is for each EVSE, save one that has its own at the same level, valid or not: that
  one replaced it there (1.6 §3.13.1, §3.13.2).
* ChargingStationMaxProfile and ChargingStationExternalConstraints cap what is left; the lowest of all counts.
  What LocalGeneration brings comes on top (2.1 K27). Without a limit there is none to add to.
* A limit in watts is for all phases together and is read as amperes by its own number of phases, none named:
  three (errata 3.69, 2.x K01.FR.49, K01.FR.50). A limit in amperes holds for each phase in use, as it stands
  (errata 3.34), and is read as watts by the phases all periods leave to use (2.x K01.FR.140).
* For EVSE 0 the answer is what caps the charger as a whole. Sums over its EVSEs are not made here.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from operator import attrgetter

import msgspec

from domain.charging_profiles.profile import Period, Placed, Purpose, Unit
from domain.charging_profiles.timeline import OF_TRANSACTIONS, Layer, Running, Span, lay_out

__all__ = ["Composite", "Running", "Stretch", "composite", "merged"]

ALL_PHASES = 3
_EXACT = Context(prec=28)
_CAPS = (Purpose.CHARGER_MAX, Purpose.EXTERNAL)
"""Those of the charger and those of an EVSE hold side by side."""
_SESSION = (Purpose.PRIORITY, Purpose.TX, Purpose.TX_DEFAULT)
"""The purposes that take each other's place: the first that says anything."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One limit, from `start_s` on until the next stretch or the end."""

    start_s: int
    limit: Decimal | None
    """None: no profile limits it."""
    phases: int | None = None
    """How many phases may be used; None with no limit, or not told."""


class Composite(msgspec.Struct, frozen=True, kw_only=True):
    """Limits from `start_at` for `duration_s`; the first stretch starts at 0, neighbours differ."""

    start_at: datetime
    duration_s: int
    unit: Unit
    periods: tuple[Stretch, ...]
    evse_id: int = 0


def composite(
    profiles_in_force: Collection[Placed],
    *,
    evse_id: int,
    start: datetime,
    duration_s: int,
    unit: Unit,
    transaction: Running | None = None,
    nominal_v: Decimal = Decimal(230),
    phases: int = ALL_PHASES,
    choice: int = 0,
) -> Composite:
    """The limits of an EVSE from `start` on, second by second, written as the stretches where they stay the same.

    `phases`: how many the EVSE has. `choice`: which of a profile's schedules the car took (15118); the last one
    where a profile has fewer. With no transaction a Relative profile counts from `start`, as if a car came then;
    a Relative or Dynamic profile of no transaction from when the charger took it (`Placed.since`), not known:
    from `start`. A duration of 0 asks for the very instant.
    """
    horizon_s = max(1, duration_s)
    layers = [
        lay_out(placed, start, horizon_s, transaction, choice)
        for placed in _applying(profiles_in_force, evse_id, transaction)
    ]
    stack = _Stack(layers, evse_id, transaction is not None and transaction.priority)
    conversion = _Conversion(unit, nominal_v, phases)
    edges = {0} | {edge for layer in layers for span in layer.spans for edge in (span.start_s, span.end_s)}
    stretches = (
        conversion.stretch(second, stack.caps(second), stack.on_top(second))
        for second in sorted(edges)
        if second < horizon_s
    )
    return Composite(
        start_at=start, duration_s=duration_s, unit=unit, periods=merged(stretches), evse_id=evse_id
    )


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Equal neighbours become one."""
    found: list[Stretch] = []
    for one in stretches:
        if not found or (found[-1].limit, found[-1].phases) != (one.limit, one.phases):
            found.append(one)
    return tuple(found)


def _applying(placed: Iterable[Placed], evse_id: int, transaction: Running | None) -> list[Placed]:
    """The profiles that concern the EVSE, with those of EVSE 0 that its own ones replaced left out."""
    near = [one for one in placed if one.evse_id in (0, evse_id) and _is_for(one, evse_id, transaction)]
    own = {one.slot for one in near if one.evse_id and one.profile.purpose not in _CAPS}
    return [one for one in near if one.evse_id or (*one.slot[:2], evse_id) not in own]


def _is_for(placed: Placed, evse_id: int, transaction: Running | None) -> bool:
    profile = placed.profile
    if profile.purpose not in OF_TRANSACTIONS:
        return True
    if evse_id == 0:
        return False
    if profile.purpose is not Purpose.TX:
        return True
    if transaction is None or placed.evse_id == 0:
        return False
    return profile.transaction in ("", transaction.reference)


class _Stack:
    """The layers in groups, each with its highest level first; of a group one prevails."""

    def __init__(self, layers: Sequence[Layer], evse_id: int, priority: bool) -> None:
        def group(purpose: Purpose, *places: int) -> list[Layer]:
            mine = (
                one
                for one in layers
                if one.placed.profile.purpose is purpose and one.placed.evse_id in places
            )
            return sorted(mine, key=attrgetter("rank"), reverse=True)

        places = {0, evse_id}
        ceilings = [group(purpose, place) for purpose in _CAPS for place in places]
        session = [
            group(purpose, *places) for purpose in _SESSION if priority or purpose is not Purpose.PRIORITY
        ]
        self._groups = [*ceilings, [layer for one in session for layer in one]]
        self._on_top = group(Purpose.LOCAL_GENERATION, *places)

    def caps(self, second: int) -> list[Span]:
        """One span of each group that says anything."""
        return [span for group in self._groups if (span := _prevailing(group, second)) is not None]

    def on_top(self, second: int) -> Span | None:
        """What local generation adds."""
        return _prevailing(self._on_top, second)


def _prevailing(group: Iterable[Layer], second: int) -> Span | None:
    return next((span for layer in group if (span := layer.at(second)) is not None), None)


class _Conversion:
    """From the unit of each period to the one asked for."""

    def __init__(self, unit: Unit, nominal_v: Decimal, phases: int) -> None:
        self._unit, self._volts, self._phases = unit, Fraction(nominal_v), phases

    def stretch(self, second: int, caps: Sequence[Span], on_top: Span | None) -> Stretch:
        """The lowest of the caps, with what comes on top."""
        if not caps:
            return Stretch(start_s=second, limit=None)
        phases = min(self._phases, *(_phases_of(span.period) for span in caps))
        lowest = min(self._figure(span, phases) for span in caps)
        total = lowest + (self._figure(on_top, phases) if on_top is not None else 0)
        limit = _EXACT.divide(Decimal(total.numerator), Decimal(total.denominator))
        return Stretch(start_s=second, limit=limit, phases=phases)

    def _figure(self, span: Span, phases: int) -> Fraction:
        limit = Fraction(span.period.limit)
        if span.unit is self._unit:
            return limit
        if self._unit is Unit.A:
            return limit / (self._volts * _phases_of(span.period))
        return limit * self._volts * phases


def _phases_of(period: Period) -> int:
    return max(1, ALL_PHASES if period.phases is None else period.phases)
