"""What is heard of a charger that says how far a driver came, or that something is wrong."""

from datetime import datetime

import msgspec


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One thing heard, in the order of the log."""

    kind: str
    """A name of `domain.attempts.watch`."""
    at: datetime
    """Our clock."""
    position: int
    event: str
    """`stream@version`."""
    evse_id: int = 0
    connector_id: int = 0
    word: str = ""
    """The status, the verdict, the reason, the protocol, the kind of a security event."""
    activity: str = ""
    code: str = ""
    """The error code."""
    detail: str = ""
    subject: str = ""
    """The transaction's stream."""
    number: int = 0
    """Energy in Wh, or how often."""
    vendor: str = ""
    model: str = ""
    firmware: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt came one step further; what is None is as it was."""

    attempt: int
    """The position of the first event of the attempt, which names it."""
    position: int
    event: str
    name: str
    """A name of `STEPS`, or `closed`."""
    evse_id: int | None = None
    begun_at: datetime | None = None
    word: str | None = None
    """The verdict, or the reason of the end."""
    session: str | None = None
    proper: bool | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong."""

    kind: str
    """`status`, `security`, `callerror`, `rubbish` or `refused`."""
    code: str
    position: int
    event: str
    at: datetime
    evse_id: int = 0
    connector_id: int = 0
    detail: str = ""
    count: int = 1


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """The fault of this position is over."""

    fault: int
    position: int
    at: datetime


STEPS = ("plugged", "authorised", "refused", "started", "energised", "stopped")
"""`refused` is a way out; the others are the funnel, in this order."""

IMPROPER = frozenset(
    {
        "DeAuthorized",
        "EmergencyStop",
        "GroundFault",
        "HardReset",
        "ImmediateReset",
        "Other",
        "OvercurrentFault",
        "PowerLoss",
        "PowerQuality",
        "Reboot",
        "ReqEnergyTransferRejected",
        "SoftReset",
        "Timeout",
        "UnlockCommand",
    }
)
"""Reasons of an end that neither the driver nor the car chose; every other one is a proper end."""
