"""What wakes a listener: one who waits, woken by news or by the time, without a timer for each turn."""

import asyncio


class Bell:
    """For one who waits. The alarm that is set for one wait serves those after it, as long as it rings in time."""

    __slots__ = ("_alarm", "_alarm_at", "_rung", "_waiter")

    def __init__(self) -> None:
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0

    def ring(self) -> None:
        """There is news; heard by whoever waits now, or next."""
        self._rung = True
        self._wake()

    def silence(self) -> None:
        """What rang before is known."""
        self._rung = False

    async def heard(self, until: float) -> bool:
        """True once it rings; False at `until`, in seconds of `loop.time()`."""
        loop = asyncio.get_running_loop()
        while not self._rung:
            if loop.time() >= until:
                return False
            if self._alarm is None or self._alarm_at > until:
                self.mute()
                self._alarm, self._alarm_at = loop.call_at(until, self._sound), until
            self._waiter = loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return True

    def mute(self) -> None:
        """No alarm any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _sound(self) -> None:
        self._alarm = None
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
