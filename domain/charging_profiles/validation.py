"""May this profile be sent to this charger? Twelve rules, V1 to V12, each with its breach in words.

They keep from the wire what the specification forbids a CSMS to send, and what this very charger is known to
refuse. Rules about things the charger never told of rule nothing out.

V1   the purpose fits its place: ChargingStationMaxProfile on EVSE 0 and not Relative (1.6 §3.13.1, 2.x
     K01.FR.38); ChargingStationExternalConstraints are never ours to set (K01.FR.22)
V2   a TxProfile is for an EVSE and names the transaction that runs there (K01.FR.03, FR.09, FR.16, FR.33)
V3   with a remote start: a TxProfile that names no transaction yet (1.6 §5.11, 2.x F01.FR.09, F01.FR.11)
V4   one to three schedules of at least one period, not too many, from 0 on, rising, within the cycle (K01.FR.31)
V5   the stack level exists
V6   a recurrency if, and only if, it recurs
V7   a beginning for Absolute and Recurring, none for Relative (K01.FR.40, K01.FR.41)
V8   limits are not negative, have one decimal, a unit the charger takes, and phases it can switch to
V9   there is room for one more
V10  it respects the site: not above the node's limit, not in what load management keeps to itself
V11  its time of validity is one, not over, and begins at once where it replaces another (1.6 §3.13.2)
V12  the charger does smart charging
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import msgspec

from domain.charging_profiles.limits import ProfileLimits, limits_of
from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Placed,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)

__all__ = ["Breach", "ProfileLimits", "Site", "check", "limits_of"]

SCHEDULES = 3
"""As many as a car may be offered to choose from (2.x ChargingProfileType)."""
CYCLE_S = {Recurrency.DAILY: 86_400, Recurrency.WEEKLY: 604_800}
ALL_PHASES = 3
"""A period that names none may use three (1.6 §7.14, 2.x K01.FR.49)."""


class Breach(msgspec.Struct, frozen=True):
    """A rule the profile breaks, and how."""

    rule: str
    """`V1` to `V12`."""
    words: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What V10 needs to know of the place; the default knows nothing and forbids nothing."""

    ceiling_a: Decimal | None = None
    """Amperes per phase that the node the charger hangs on can carry."""
    nominal_v: Decimal = Decimal(230)
    """Between a phase and neutral, by which a limit in watts is read as amperes (errata 3.69)."""
    reserved_ids: range = range(0)
    """Profile ids that load management keeps to itself."""
    reserved_levels: range = range(0)
    """Stack levels likewise, for every purpose."""


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that is asked about one profile."""

    profile: ChargingProfile
    evse_id: int
    limits: ProfileLimits
    open_transactions: Mapping[int, str]
    installed: Collection[Placed]
    now: datetime
    for_remote_start: bool
    site: Site

    @property
    def displaced(self) -> list[Placed]:
        """What the charger would drop in its favour."""
        new = Placed(profile=self.profile, evse_id=self.evse_id)
        return [one for one in self.installed if new.displaces(one)]


def check(
    profile: ChargingProfile,
    *,
    evse_id: int,
    limits: ProfileLimits,
    open_transactions: Mapping[int, str],
    installed: Collection[Placed],
    now: datetime,
    for_remote_start: bool = False,
    site: Site | None = None,
) -> list[Breach]:
    """Every breach, in the order of the rules; none: it may be sent.

    `open_transactions`: EVSE → the charger's own name of the transaction there. `installed`: what the charger
    holds. `for_remote_start`: it rides on the message that starts the transaction, so it cannot name it; its
    EVSE may be open (0). `site`: leave it out where the profile comes from load management itself.
    """
    case = _Case(
        profile=profile,
        evse_id=evse_id,
        limits=limits,
        open_transactions=open_transactions,
        installed=installed,
        now=now,
        for_remote_start=for_remote_start,
        site=site or Site(),
    )
    return [Breach(rule, words) for rule, find in _RULES.items() for words in find(case)]


def _place(case: _Case) -> Iterator[str]:
    purpose = case.profile.purpose
    if purpose is Purpose.EXTERNAL:
        yield f"{purpose} tells of limits others have set; it is never sent to a charger"
    if purpose is Purpose.CHARGER_MAX and case.evse_id != 0:
        yield f"{purpose} is for the whole charger (EVSE 0), not for EVSE {case.evse_id}"
    if purpose is Purpose.CHARGER_MAX and case.profile.kind is Kind.RELATIVE:
        yield f"{purpose} cannot be Relative: it belongs to no transaction it could count from"


def _transaction(case: _Case) -> Iterator[str]:
    if case.profile.purpose is not Purpose.TX or case.for_remote_start:
        return
    if case.evse_id < 1:
        yield "TxProfile is for one EVSE, from 1 on"
        return
    running = case.open_transactions.get(case.evse_id, "")
    if not running:
        yield f"no transaction runs on EVSE {case.evse_id}"
    elif case.profile.transaction != running:
        named = case.profile.transaction or "none"
        yield f"transaction {running} runs on EVSE {case.evse_id}; the profile names {named}"


def _remote_start(case: _Case) -> Iterator[str]:
    if not case.for_remote_start:
        return
    if case.profile.purpose is not Purpose.TX:
        yield f"a remote start may carry a TxProfile, not a {case.profile.purpose}"
    if case.profile.transaction:
        yield "a profile with a remote start names no transaction: there is none yet"


def _periods(case: _Case) -> Iterator[str]:
    count = len(case.profile.schedules)
    if not 1 <= count <= SCHEDULES:
        yield f"a profile has one to {SCHEDULES} schedules, not {count}"
    for schedule in case.profile.schedules:
        yield from _periods_of(schedule, case)


def _periods_of(schedule: Schedule, case: _Case) -> Iterator[str]:
    starts = [period.start_s for period in schedule.periods]
    most = case.limits.max_periods
    if not starts:
        yield "a schedule needs a period"
        return
    if most is not None and len(starts) > most:
        yield f"the charger takes {most} periods, not {len(starts)}"
    if starts[0] != 0:
        yield f"the first period starts at 0, not at {starts[0]}"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "the starts of periods rise"
    cycle_s = CYCLE_S.get(case.profile.recurrency) if case.profile.recurrency else None
    if cycle_s is not None and max(starts) >= cycle_s:
        recurrency = case.profile.recurrency
        yield f"a {recurrency} schedule begins anew after {cycle_s} s: no period starts at {max(starts)}"


def _level(case: _Case) -> Iterator[str]:
    level, most = case.profile.stack_level, case.limits.max_stack_level
    if level < 0:
        yield f"stack levels count from 0, not {level}"
    elif most is not None and level > most:
        yield f"the charger's highest stack level is {most}, not {level}"


def _recurrency(case: _Case) -> Iterator[str]:
    recurs = case.profile.kind is Kind.RECURRING
    if recurs and case.profile.recurrency is None:
        yield "a Recurring profile says how often: Daily or Weekly"
    if not recurs and case.profile.recurrency is not None:
        yield f"{case.profile.recurrency} is for Recurring profiles, not for {case.profile.kind}"


def _beginning(case: _Case) -> Iterator[str]:
    kind = case.profile.kind
    for schedule in case.profile.schedules:
        if kind in (Kind.ABSOLUTE, Kind.RECURRING) and schedule.start_at is None:
            yield f"a schedule of kind {kind} needs its start"
        if kind is Kind.RELATIVE and schedule.start_at is not None:
            yield "a Relative profile starts with its transaction and cannot name a start"


def _figures(case: _Case) -> Iterator[str]:
    for schedule in case.profile.schedules:
        units = case.limits.units
        if units is not None and schedule.unit not in units:
            taken = " and ".join(sorted(units))
            yield f"the charger takes limits in {taken}, not in {schedule.unit}"
        figures = [period.limit for period in schedule.periods]
        if schedule.min_rate is not None:
            figures.append(schedule.min_rate)
        yield from (words for figure in figures for words in _figure(figure))
        yield from _phases(schedule, case.limits)


def _figure(figure: Decimal) -> Iterator[str]:
    if not figure.is_finite():
        yield f"{figure} is no limit"
    elif figure < 0:
        yield f"a limit is not negative: {figure}"
    elif figure * 10 % 1:
        yield f"a limit has one decimal at most: {figure}"


def _phases(schedule: Schedule, limits: ProfileLimits) -> Iterator[str]:
    counts = {ALL_PHASES if period.phases is None else period.phases for period in schedule.periods}
    if not counts <= {1, 2, 3}:
        yield "a period uses 1, 2 or 3 phases"
    elif len(counts) > 1 and limits.switches_phases is False:
        yield "the charger cannot switch its number of phases while it charges"
    if any(period.phase_to_use is not None and period.phases != 1 for period in schedule.periods):
        yield "which phase to use can be said where one phase is used"


def _room(case: _Case) -> Iterator[str]:
    most = case.limits.max_installed
    kept = len(case.installed) - len(case.displaced)
    if most is not None and kept + 1 > most:
        yield f"the charger holds {most} profiles and has {len(case.installed)}: clear one first"


def _site(case: _Case) -> Iterator[str]:
    site, profile = case.site, case.profile
    if profile.profile_id in site.reserved_ids:
        yield f"profile id {profile.profile_id} belongs to load management"
    if profile.stack_level in site.reserved_levels:
        yield f"stack level {profile.stack_level} belongs to load management"
    if site.ceiling_a is None:
        return
    highest = max((_highest_a(one, site.nominal_v) for one in profile.schedules), default=Decimal(0))
    if highest > site.ceiling_a:
        yield f"{highest:.1f} A per phase are more than the {site.ceiling_a} A this place can carry"


def _highest_a(schedule: Schedule, nominal_v: Decimal) -> Decimal:
    """The highest current per phase that the schedule allows."""
    found = Decimal(0)
    for period in schedule.periods:
        if not period.limit.is_finite():
            continue
        spread = nominal_v * max(1, ALL_PHASES if period.phases is None else period.phases)
        found = max(found, period.limit if schedule.unit is Unit.A else period.limit / spread)
    return found


def _validity(case: _Case) -> Iterator[str]:
    starts, ends = case.profile.valid_from, case.profile.valid_to
    if starts is not None and ends is not None and starts >= ends:
        yield "validity ends after it begins"
    if ends is not None and ends <= case.now:
        yield "its validity is over"
    if starts is not None and starts > case.now and case.displaced:
        yield "it replaces another profile and would leave a gap until its validity begins"


def _ability(case: _Case) -> Iterator[str]:
    if case.limits.smart_charging is False:
        yield "the charger does no smart charging"


_RULES: Mapping[str, Callable[[_Case], Iterator[str]]] = {
    "V1": _place,
    "V2": _transaction,
    "V3": _remote_start,
    "V4": _periods,
    "V5": _level,
    "V6": _recurrency,
    "V7": _beginning,
    "V8": _figures,
    "V9": _room,
    "V10": _site,
    "V11": _validity,
    "V12": _ability,
}
