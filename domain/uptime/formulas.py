"""Uptime as regulators define it, each with two bounds for the time nobody knows about.

Pessimistic: what is offline is out of order. Optimistic: what is offline and was in use by later session data
was in use. Percentages are cut to four decimals, never rounded up.
"""

from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

import msgspec

from domain.uptime.tally import Tally

_FINEST = Decimal("0.0001")


class Formula(StrEnum):
    """Whose."""

    NEVI = "nevi"
    UK = "uk"


class Uptime(msgspec.Struct, frozen=True, kw_only=True):
    """Percentages; None where there is nothing to divide by."""

    optimistic_pct: Decimal | None
    pessimistic_pct: Decimal | None


DEMANDED = {Formula.NEVI: Decimal(97), Formula.UK: Decimal(99)}
"""NEVI: more than 97 % (23 CFR 680.116(b)); UK: at least 99 % of a network's average (PCPR 2023 reg. 7(2))."""


def meets(formula: Formula, pct: Decimal | None) -> bool | None:
    """Whether a percentage is what is demanded; None where there is none."""
    if pct is None:
        return None
    return pct > DEMANDED[formula] if formula is Formula.NEVI else pct >= DEMANDED[formula]


def uptime(formula: Formula, seconds: Tally) -> Uptime:
    """By either formula."""
    return nevi(seconds) if formula is Formula.NEVI else uk(seconds)


def nevi(seconds: Tally) -> Uptime:
    """23 CFR 680.116(b)(3): µ = (M - (T_outage - T_excluded)) / M.

    M is the period in service: 525,600 minutes for a port in service through a year of 365 days.
    """
    optimistic = seconds.down_s + seconds.offline_s
    whole = seconds.in_service_s
    return Uptime(
        optimistic_pct=_share(whole - optimistic, whole),
        pessimistic_pct=_share(whole - optimistic - seconds.proven_s, whole),
    )


def uk(seconds: Tally) -> Uptime:
    """PCPR 2023 reg. 7(3) and (4): R = reliable / (reliable + unreliable).

    Available, charging and reserved are reliable, inoperative and out of order are not. Unknown, blocked and
    exempt time is not measured: it leaves the fraction. The pessimistic bound calls what is offline out of order.
    """
    working = seconds.up_s + seconds.in_use_s
    used = working + seconds.proven_s + seconds.proven_excluded_s
    against = seconds.down_s + seconds.offline_s + seconds.proven_s
    return Uptime(
        optimistic_pct=_share(used, used + seconds.down_s),
        pessimistic_pct=_share(working, working + against),
    )


def _share(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part) * 100 / whole).quantize(_FINEST, ROUND_FLOOR)
