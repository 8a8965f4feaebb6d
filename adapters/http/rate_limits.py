"""How often one may ask: the port that counts, its adapter for one process, and the limits there are."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from application import clock

MOST = 50_000
"""Names that one process remembers."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests a second, and how many at once after a pause."""

    token_per_s: float = 20
    token_burst: int = 60
    command_per_s: float = 2
    """To one charger, whoever asks."""
    command_burst: int = 10


class _Bucket(msgspec.Struct):
    tokens: float
    filled_at: float


class RateLimitsInMemory:
    """Token buckets, for an installation of one process."""

    def __init__(self, most: int = MOST, now: Callable[[], float] = clock.monotonic) -> None:
        self._most = most
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def take(self, name: str, *, per_s: float, burst: int, cost: int = 1) -> float:
        """See the port."""
        now = self._now()
        bucket = self._buckets.setdefault(name, _Bucket(burst, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * per_s)
        bucket.filled_at = now
        if bucket.tokens < cost:
            return (cost - bucket.tokens) / per_s
        bucket.tokens -= cost
        return 0.0
