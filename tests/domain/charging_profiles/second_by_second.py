"""The composite schedule from first principles: for every second, ask every profile what it says, and decide.

Slow and plain on purpose, and made of nothing but the profile's own shape: what the fast one is measured by.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from domain.charging_profiles.profile import Period, Placed, Schedule
from domain.charging_profiles.timeline import Running

EXTERNAL = "ChargingStationExternalConstraints"
CEILINGS = ("ChargingStationMaxProfile", EXTERNAL)
TRANSACTIONAL = ("TxProfile", "TxDefaultProfile", "PriorityCharging")


class Asked(NamedTuple):
    """The question."""

    evse_id: int
    start: datetime
    unit: str
    transaction: Running | None
    nominal_v: int
    phases: int


class Word(NamedTuple):
    """What a profile says at an instant."""

    limit: Decimal
    unit: str
    phases: int


def limit_at(world: Sequence[Placed], asked: Asked, second: int) -> tuple[Fraction | None, int | None]:
    """(limit, phases) at a second; (None, None) where nothing limits."""
    now = asked.start + timedelta(seconds=second)

    def loudest(purpose: str, *places: int) -> Word | None:
        """Of one purpose: the word of the highest level that has one."""
        best: tuple[int, int] | None = None
        word = None
        for placed in world:
            profile = placed.profile
            if profile.purpose != purpose or placed.evse_id not in places:
                continue
            if purpose == "TxProfile" and not about(placed, asked.transaction):
                continue
            if purpose not in CEILINGS and any(overrides(other, placed, asked) for other in world):
                continue
            said = word_of(placed, now, asked)
            rank = (profile.stack_level, profile.profile_id)
            if said is not None and (best is None or rank > best):
                best, word = rank, said
        return word

    here = asked.evse_id
    words = [loudest("ChargingStationMaxProfile", 0), loudest(EXTERNAL, 0)]
    if here:
        words += [loudest("ChargingStationMaxProfile", here), loudest(EXTERNAL, here)]
        session = None
        if asked.transaction is not None:
            if asked.transaction.priority:
                session = loudest("PriorityCharging", 0, here)
            session = session or loudest("TxProfile", here)
        words.append(session or loudest("TxDefaultProfile", 0, here))
    caps = [word for word in words if word is not None]
    if not caps:
        return None, None
    usable = min([asked.phases] + [word.phases for word in caps])
    limit = min(read(word, asked, usable) for word in caps)
    added = loudest("LocalGeneration", 0, here)
    if added is not None:
        limit += read(added, asked, usable)
    return limit, usable


def about(placed: Placed, transaction: Running | None) -> bool:
    """Is a TxProfile for the transaction that runs?"""
    return transaction is not None and placed.profile.transaction in ("", transaction.reference)


def overrides(other: Placed, station_wide: Placed, asked: Asked) -> bool:
    """Has the EVSE a profile of its own of the same purpose and level?"""
    return (
        station_wide.evse_id == 0
        and other.evse_id == asked.evse_id != 0
        and other.profile.purpose == station_wide.profile.purpose
        and other.profile.stack_level == station_wide.profile.stack_level
    )


def read(word: Word, asked: Asked, usable: int) -> Fraction:
    """The limit in the unit asked for."""
    limit = Fraction(word.limit)
    if word.unit == asked.unit:
        return limit
    if asked.unit == "A":
        return limit / (asked.nominal_v * word.phases)
    return limit * asked.nominal_v * usable


def word_of(placed: Placed, now: datetime, asked: Asked) -> Word | None:
    """What one profile says now."""
    profile = placed.profile
    if profile.valid_from is not None and now < profile.valid_from:
        return None
    if profile.valid_to is not None and now >= profile.valid_to:
        return None
    schedule = profile.schedules[0]
    elapsed = (now - began(placed, schedule, asked)).total_seconds()
    if elapsed < 0:
        return None
    if profile.kind == "Recurring":
        elapsed %= {"Daily": 24 * 3600, "Weekly": 7 * 24 * 3600}[str(profile.recurrency)]
    if schedule.duration_s is not None and elapsed >= schedule.duration_s:
        return None
    current: Period | None = None
    for period in schedule.periods:
        if period.start_s <= elapsed:
            current = period
    if current is None:
        return None
    return Word(current.limit, schedule.unit, current.phases or 3)


def began(placed: Placed, schedule: Schedule, asked: Asked) -> datetime:
    """Second 0 of the schedule."""
    if placed.profile.kind in ("Absolute", "Recurring") and schedule.start_at is not None:
        return schedule.start_at
    if placed.profile.purpose in TRANSACTIONAL:
        return asked.transaction.started_at if asked.transaction else asked.start
    return placed.since or asked.start
