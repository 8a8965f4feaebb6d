"""A boot: what the charger says of itself, and what it is told."""

import zlib
from datetime import datetime

import msgspec

from domain.chargers.events import Acceptance, Booted

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


def answer(
    report: BootReport, acceptance: Acceptance, key: str, now: datetime, heartbeat_s: int, *, repeated: bool
) -> tuple[BootAnswer, Booted]:
    """Answer by the operator's decision; the interval is spread so that storms thin out."""
    wanted = heartbeat_s if acceptance is Acceptance.ACCEPTED else PENDING_RETRY_S
    interval_s = spread(wanted, key)
    fact = Booted(
        vendor=report.vendor,
        model=report.model,
        answered=acceptance,
        interval_s=interval_s,
        serial=report.serial,
        box_serial=report.box_serial,
        firmware=report.firmware,
        iccid=report.iccid,
        imsi=report.imsi,
        meter_type=report.meter_type,
        meter_serial=report.meter_serial,
        reason=report.reason,
        repeated=repeated,
    )
    return BootAnswer(acceptance, interval_s, now), fact


def spread(interval_s: int, key: str) -> int:
    """`interval_s` ± 10 %, always the same for one charger: neighbours do not beat in step."""
    share = zlib.crc32(key.encode()) % 2001 - 1000
    return max(1, interval_s + round(interval_s * share / 10_000))
