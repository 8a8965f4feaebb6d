"""The simulated time: real time stretched by a factor. Nothing else here looks at a clock."""

import asyncio
from datetime import UTC, datetime


class VirtualClock:
    """Simulated seconds since 1970, running `lapse` times as fast as real ones."""

    __slots__ = ("_born_s", "_loop", "_origin_s", "lapse")

    def __init__(self, lapse: float = 1.0, start: datetime | None = None) -> None:
        if lapse <= 0:
            raise ValueError(f"time_lapse must be above 0 (1 is real time), not {lapse}")
        # The chargers are other machines: their clock is not the server's, so it is read here and not there.
        start = start or datetime.now(UTC)  # noqa: TID251
        self.lapse = lapse
        self._loop = asyncio.get_running_loop()
        self._origin_s = self._loop.time()
        self._born_s = start.timestamp()

    def now_s(self) -> float:
        """Simulated seconds since 1970."""
        return self._born_s + (self._loop.time() - self._origin_s) * self.lapse

    def real_s(self, simulated_s: float) -> float:
        """How long a simulated span takes."""
        return simulated_s / self.lapse
