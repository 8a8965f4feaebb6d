"""Counting what passes, cheaply enough for every message: plain numbers that somebody else shows."""

from bisect import bisect_left

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of what a charger waits for."""


class Histogram:
    """How often a measured value fell between bounds; written by one thread, read by any."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Observations up to each bound and above the one before; the last is above all bounds."""
        self.total = 0.0
        """The sum of everything observed."""

    def observe(self, value: float) -> None:
        """Count one value: about 0.2 µs."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
