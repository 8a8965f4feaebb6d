"""An event loop whose time moves by hand, so that a time-out of half a minute takes no time."""

import asyncio


class HandWoundLoop(asyncio.SelectorEventLoop):
    """`wind(seconds)` moves its time on; timers that are due then run at the next turn."""

    def __init__(self) -> None:
        super().__init__()
        self._wound_s = 0.0

    def time(self) -> float:
        """What timers count by."""
        return super().time() + self._wound_s

    def wind(self, seconds: float) -> None:
        """Let so much time pass."""
        self._wound_s += seconds
