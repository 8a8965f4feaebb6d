"""Every rule from V1 to V12: a profile that keeps it, and what is said of one that does not."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charging_profiles.limits import ProfileLimits
from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Placed,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)
from domain.charging_profiles.validation import Site, check
from tests.domain.charging_profiles.worlds import NOON, profiles

NOWHERE = ProfileLimits()
TOLD = ProfileLimits(
    max_stack_level=3,
    units=frozenset({Unit.A}),
    max_periods=2,
    max_installed=2,
    switches_phases=False,
    smart_charging=True,
)


def of(
    *periods: Period,
    unit: Unit = Unit.A,
    started: bool = True,
    min_rate: Decimal | None = None,
    **changes: Any,
) -> ChargingProfile:
    """A TxDefaultProfile that breaks no rule, and what is to be different about it."""
    schedule = Schedule(
        unit=unit,
        periods=periods or (Period(start_s=0, limit=Decimal(16)),),
        start_at=NOON if started else None,
        min_rate=min_rate,
    )
    plain = ChargingProfile(
        profile_id=7, stack_level=1, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, schedules=(schedule,)
    )
    return msgspec.structs.replace(plain, **changes)


def at(start_s: int, limit: str = "16", phases: int | None = None, phase_to_use: int | None = None) -> Period:
    return Period(start_s=start_s, limit=Decimal(limit), phases=phases, phase_to_use=phase_to_use)


def broken(
    profile: ChargingProfile,
    *,
    evse_id: int = 1,
    limits: ProfileLimits = TOLD,
    installed: Sequence[Placed] = (),
    remote: bool = False,
    site: Site | None = None,
) -> list[str]:
    """The rules it breaks, where transaction 42 runs on EVSE 1."""
    found = check(
        profile,
        evse_id=evse_id,
        limits=limits,
        open_transactions={1: "42"},
        installed=installed,
        now=NOON,
        for_remote_start=remote,
        site=site,
    )
    assert all(breach.words for breach in found)
    return [breach.rule for breach in found]


def tx(transaction: str = "42", **changes: Any) -> ChargingProfile:
    return of(purpose=Purpose.TX, transaction=transaction, **changes)


def held(number: int, level: int, evse_id: int = 1) -> Placed:
    return Placed(profile=of(profile_id=number, stack_level=level), evse_id=evse_id)


SOON, PAST = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
DAILY: dict[str, Any] = {"kind": Kind.RECURRING, "recurrency": Recurrency.DAILY}
WEEKLY: dict[str, Any] = {"kind": Kind.RECURRING, "recurrency": Recurrency.WEEKLY}
KEPT: list[tuple[ChargingProfile, dict[str, Any]]] = [
    (of(), {}),
    (of(), {"evse_id": 0}),
    (of(purpose=Purpose.CHARGER_MAX), {"evse_id": 0}),
    (tx(), {}),
    (tx(started=False, kind=Kind.RELATIVE), {}),
    (tx(""), {"remote": True, "evse_id": 0}),
    (of(at(0), at(86_399), **DAILY), {}),
    (of(at(0), at(86_400), **WEEKLY), {}),
    (of(at(0), at(900_000)), {}),
    (of(at(0), at(9), at(99)), {"limits": NOWHERE}),
    (of(stack_level=3), {}),
    (of(stack_level=99), {"limits": NOWHERE}),
    (of(at(0, "0")), {}),
    (of(at(0, "6.5"), min_rate=Decimal("6.5")), {}),
    (of(at(0, "6.50")), {}),
    (of(unit=Unit.W), {"limits": NOWHERE}),
    (of(at(0, phases=3), at(9)), {}),
    (of(at(0, phases=1), at(9)), {"limits": NOWHERE}),
    (of(at(0, phases=1, phase_to_use=2)), {}),
    (of(), {"installed": [held(1, 2)]}),
    (of(), {"installed": [held(7, 2), held(8, 1)]}),
    (of(), {"installed": [held(n, n) for n in range(3)], "limits": NOWHERE}),
    (of(), {"site": Site(ceiling_a=Decimal(16), reserved_ids=range(8, 9), reserved_levels=range(2, 9))}),
    (of(at(0, "11040"), unit=Unit.W), {"limits": NOWHERE, "site": Site(ceiling_a=Decimal(16))}),
    (of(valid_from=SOON), {"installed": [held(8, 2)]}),
    (of(valid_from=PAST, valid_to=SOON), {"installed": [held(8, 1)]}),
]
BROKEN: list[tuple[str, ChargingProfile, dict[str, Any]]] = [
    ("V1", of(purpose=Purpose.CHARGER_MAX), {"evse_id": 1}),
    (
        "V1",
        of(purpose=Purpose.CHARGER_MAX, kind=Kind.RELATIVE, schedules=of(started=False).schedules),
        {"evse_id": 0},
    ),
    ("V1", of(purpose=Purpose.EXTERNAL), {"evse_id": 0}),
    ("V2", tx(), {"evse_id": 0}),
    ("V2", tx(), {"evse_id": 2}),
    ("V2", tx("43"), {}),
    ("V2", tx(""), {}),
    ("V3", of(), {"remote": True}),
    ("V3", tx("42"), {"remote": True}),
    ("V4", of(schedules=()), {}),
    ("V4", of(schedules=of().schedules * 4), {}),
    ("V4", of(schedules=(Schedule(unit=Unit.A, periods=(), start_at=NOON),)), {}),
    ("V4", of(at(0), at(9), at(99)), {}),
    ("V4", of(at(1)), {}),
    ("V4", of(at(0), at(0)), {}),
    ("V4", of(at(0), at(86_400), **DAILY), {}),
    ("V4", of(at(0), at(604_800), **WEEKLY), {}),
    ("V5", of(stack_level=4), {}),
    ("V5", of(stack_level=-1), {"limits": NOWHERE}),
    ("V6", of(kind=Kind.RECURRING), {}),
    ("V6", of(recurrency=Recurrency.DAILY), {}),
    ("V7", of(started=False), {}),
    ("V7", of(started=False, **DAILY), {}),
    ("V7", tx(kind=Kind.RELATIVE), {}),
    ("V8", of(at(0, "-1")), {}),
    ("V8", of(at(0, "6.25")), {}),
    ("V8", of(at(0, "NaN")), {}),
    ("V8", of(min_rate=Decimal("0.05")), {}),
    ("V8", of(unit=Unit.W), {}),
    ("V8", of(at(0, phases=4)), {}),
    ("V8", of(at(0, phases=1), at(9)), {}),
    ("V8", of(at(0, phases=3, phase_to_use=1)), {}),
    ("V9", of(), {"installed": [held(1, 2), held(2, 3)]}),
    ("V9", of(), {"installed": [held(1, 1, evse_id=2), held(2, 3)]}),
    ("V10", of(), {"site": Site(reserved_ids=range(7, 8))}),
    ("V10", of(), {"site": Site(reserved_levels=range(1, 2))}),
    ("V10", of(at(0, "6"), at(9, "16.1")), {"site": Site(ceiling_a=Decimal(16))}),
    ("V10", of(at(0, "11041"), unit=Unit.W), {"limits": NOWHERE, "site": Site(ceiling_a=Decimal(16))}),
    ("V10", of(at(0, "3681", 1), unit=Unit.W), {"limits": NOWHERE, "site": Site(ceiling_a=Decimal(16))}),
    ("V11", of(valid_from=SOON, valid_to=SOON), {}),
    ("V11", of(valid_to=NOON), {}),
    ("V11", of(valid_from=SOON), {"installed": [held(8, 1)]}),
    ("V11", of(valid_from=SOON), {"installed": [held(7, 2, evse_id=2)]}),
    ("V12", of(), {"limits": ProfileLimits(smart_charging=False)}),
]


@pytest.mark.parametrize(("profile", "circumstances"), KEPT)
def test_what_keeps_the_rules_is_sent(profile: ChargingProfile, circumstances: dict[str, Any]) -> None:
    assert broken(profile, **circumstances) == []


@pytest.mark.parametrize(("rule", "profile", "circumstances"), BROKEN)
def test_what_breaks_a_rule_is_told_so(
    rule: str, profile: ChargingProfile, circumstances: dict[str, Any]
) -> None:
    assert broken(profile, **circumstances) == [rule]


def test_every_rule_has_its_case() -> None:
    assert {rule for rule, _, _ in BROKEN} == {f"V{n}" for n in range(1, 13)}


def test_all_breaches_are_told_at_once_in_order() -> None:
    wrong = of(at(1, "-0.55"), purpose=Purpose.EXTERNAL, stack_level=9, recurrency=Recurrency.DAILY)
    assert broken(wrong) == ["V1", "V4", "V5", "V6", "V8"]


@settings(max_examples=200, deadline=None)
@given(profiles(1), st.integers(0, 2), st.booleans())
def test_the_less_a_charger_told_the_less_is_ruled_out(
    profile: ChargingProfile, evse_id: int, remote: bool
) -> None:
    unknown = broken(profile, evse_id=evse_id, limits=NOWHERE, remote=remote)
    assert set(unknown) <= set(broken(profile, evse_id=evse_id, remote=remote))
