"""Charger timestamps: what chargers write as a time → an aware UTC datetime, and what was odd about it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

EARLIEST_YEAR = 2010
LATEST_YEAR = 2099
"""OCPP 1.5 is of 2010. A clock that was never set says 1970, 2000 or 2106 and gets `implausible_year`."""


class Instant(msgspec.Struct, frozen=True, gc=False):
    """A time as read. `at` is None where no instant can be made of it."""

    at: datetime | None
    flags: tuple[str, ...] = ()
    """`no_zone`, `implausible_year`, `leap_second`, `epoch`, `unreadable`."""


UNREADABLE = Instant(None, ("unreadable",))


def read_timestamp(value: object) -> Instant:
    """Read RFC 3339 and its neighbours: no zone (taken as UTC), `+0200`, any fraction, epoch seconds or ms.

    A local time labelled `Z` cannot be seen here: that takes our own clock (see the charger's clock skew).
    Under 1 µs for the two spellings that nearly every charger uses.
    """
    if type(value) is str and len(value) >= 20 and value[10] == "T" and value[-1] == "Z":
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return _read_slowly(value)
        if EARLIEST_YEAR <= at.year <= LATEST_YEAR:
            return Instant(at)
    return _read_slowly(value)


_EPOCH = re.compile(r"[0-9]{9,13}(\.[0-9]{1,9})?", re.ASCII)
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:[0-9]{2}):60", re.ASCII)
_CLOCK_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", re.ASCII)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
"""Seconds reach this in the year 5138, milliseconds reached it in 1973."""


def _read_slowly(value: object) -> Instant:
    if isinstance(value, bool):
        return UNREADABLE
    if isinstance(value, int | float | Decimal):
        return _read_epoch(repr(value) if isinstance(value, float) else str(value))
    if not isinstance(value, str) or len(value) > 64:
        return UNREADABLE
    text = value.strip().upper()
    if _EPOCH.fullmatch(text):
        return _read_epoch(text)
    return _read_text(text)


def _read_epoch(digits: str) -> Instant:
    if not _EPOCH.fullmatch(digits):
        return UNREADABLE
    seconds = Decimal(digits)
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000
    at = _START + timedelta(microseconds=int(seconds * 1_000_000))
    return Instant(at, _plausible(at, ("epoch",)))


def _read_text(text: str) -> Instant:
    flags: tuple[str, ...] = ()
    if text[10:11] == " ":
        text = f"{text[:10]}T{text[11:]}"
    if not _CLOCK_TIME.match(text):  # a date alone, or a week, is no instant
        return UNREADABLE
    text = re.sub(r" ?(UTC|GMT)$", "Z", text).replace(" ", "")
    extra = timedelta()
    if _LEAP_SECOND.search(text):
        text, extra, flags = _LEAP_SECOND.sub(r"\1:59", text), timedelta(seconds=1), ("leap_second",)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at, flags = at.replace(tzinfo=UTC), (*flags, "no_zone")
        at = at.astimezone(UTC) + extra
    except (ValueError, OverflowError):
        return UNREADABLE
    return Instant(at, _plausible(at, flags))


def _plausible(at: datetime, flags: tuple[str, ...]) -> tuple[str, ...]:
    return flags if EARLIEST_YEAR <= at.year <= LATEST_YEAR else (*flags, "implausible_year")


def write_timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`, the one spelling that every charger seen so far reads."""
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
