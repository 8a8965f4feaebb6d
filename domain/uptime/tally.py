"""Seconds by what a port was in, which is all that the formulas need."""

from collections.abc import Iterable

import msgspec

from domain.uptime.states import Interval, State


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of a period; together they are the period."""

    up_s: int = 0
    charging_s: int = 0
    idle_s: int = 0
    down_s: int = 0
    """Down, and no exclusion takes it."""
    offline_s: int = 0
    """Offline, unproven, and no exclusion takes it."""
    proven_s: int = 0
    """Offline, but session data prove use; no exclusion takes it."""
    down_excluded_s: int = 0
    offline_excluded_s: int = 0
    proven_excluded_s: int = 0
    absent_s: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        names = self.__struct_fields__
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def period_s(self) -> int:
        """The whole period."""
        return sum(getattr(self, name) for name in self.__struct_fields__)

    @property
    def in_service_s(self) -> int:
        """The period without what counts nowhere."""
        return self.period_s - self.absent_s

    @property
    def in_use_s(self) -> int:
        """Occupied, charging or not."""
        return self.charging_s + self.idle_s

    @property
    def excluded_s(self) -> int:
        """What exclusions take."""
        return self.down_excluded_s + self.offline_excluded_s + self.proven_excluded_s


_PLAIN = {
    State.UP: "up_s",
    State.CHARGING: "charging_s",
    State.IDLE: "idle_s",
    State.ABSENT: "absent_s",
}


def tally(intervals: Iterable[Interval]) -> Tally:
    """The seconds of intervals that were cut by what proves and what excludes."""
    seconds: dict[str, int] = {}
    for one in intervals:
        name = _field(one)
        seconds[name] = seconds.get(name, 0) + one.seconds
    return Tally(**seconds)


def _field(one: Interval) -> str:
    if one.state in _PLAIN:
        return _PLAIN[one.state]
    name = "down" if one.state is State.DOWN else "proven" if one.proven_by else "offline"
    return f"{name}_excluded_s" if one.exclusion else f"{name}_s"
