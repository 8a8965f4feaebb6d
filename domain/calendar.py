"""Days as people count them: from midnight to midnight of a place, 23 to 25 hours long."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class ZoneUnknown(ValueError):
    """No time zone has this name; write one of the IANA database, such as Europe/London."""


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ZoneUnknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknown(name) from None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, in UTC: at the change itself, where a change of the clock skips midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The local day an instant is in."""
    return at.astimezone(zone).date()


def midnights(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every local midnight after `begin` and before `end`, in UTC."""
    day = local_day(begin, zone) + timedelta(days=1)
    while (at := midnight(day, zone)) < end:
        if at > begin:
            yield at
        day += timedelta(days=1)


def twelve_months_to(month: datetime) -> datetime:
    """The begin of the twelve months of which `month`, by its begin, is the last one."""
    if month.month == 12:
        return month.replace(month=1)
    return month.replace(year=month.year - 1, month=month.month + 1)


def month_of(year: int, month: int) -> tuple[datetime, datetime]:
    """A month of UTC, as the regulators' minutes are counted here."""
    begin = datetime(year, month, 1, tzinfo=UTC)
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return begin, after
