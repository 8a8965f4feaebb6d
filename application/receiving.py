"""What every post does with what arrives: a parcel once and in time, a ring to those who asked for it."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from application.fleet import Heard, Parcel, Take

logger = logging.getLogger("zeus.fleet")

_REMEMBERED = 1000
"""Ids kept before the past ones are thrown out."""
_SLACK = timedelta(seconds=10)
"""A parcel read twice may be dated a little later the second time, by the time it took to read it."""


class Inbox:
    """Hands each parcel to its taker once: a parcel comes again where its removal was not confirmed."""

    def __init__(self, take: Take, now: Callable[[], datetime]) -> None:
        """Nothing has come yet."""
        self._take = take
        self._now = now
        self._taken: dict[str, datetime] = {}
        self._sweep_at = _REMEMBERED

    def deliver(self, parcel: Parcel) -> None:
        """Late ones and known ones are dropped."""
        now = self._now()
        if parcel.until <= now or parcel.id in self._taken:
            return
        self._remember(parcel, now)
        try:
            self._take(parcel)
        except Exception:
            # The border of a job: one parcel nobody understands must not stop the post for all others.
            logger.exception(
                "parcel %s (%s) for %s was not understood", parcel.id, parcel.kind, parcel.subject
            )

    def _remember(self, parcel: Parcel, now: datetime) -> None:
        """Until its time is up; then the broker does not deliver it again."""
        self._taken[parcel.id] = parcel.until
        if len(self._taken) >= self._sweep_at:
            self._taken = {known: until for known, until in self._taken.items() if until + _SLACK > now}
            self._sweep_at = max(_REMEMBERED, 2 * len(self._taken))


class Rings:
    """Who wants to hear what."""

    def __init__(self) -> None:
        """Nobody, nothing."""
        self._heard: dict[str, list[Heard]] = {}

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Returns what ends it; harmless when called twice."""
        self._heard.setdefault(topic, []).append(heard)

        def stop() -> None:
            hearers = self._heard.get(topic, [])
            if heard in hearers:
                hearers.remove(heard)
            if not hearers:
                self._heard.pop(topic, None)

        return stop

    def deliver(self, topic: str, payload: str) -> None:
        """To all who want it, in the order they asked."""
        for heard in tuple(self._heard.get(topic, ())):
            try:
                heard(payload)
            except Exception:
                # As above: one hearer's fault is not the others'.
                logger.exception("a ring about %s was not understood: %s", topic, payload)
