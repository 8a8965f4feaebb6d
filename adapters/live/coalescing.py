"""Readings of a connector at most once a second: the first at once, what follows gathered until the second is over."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from adapters.live.places import END, Place
from adapters.live.prepared import Envelope, Prepared
from domain.metering import Sample
from projections.live.message import Message
from projections.live.meters import METER_SAMPLE, written

PERIOD = timedelta(seconds=1)
_FIRST_PART = 0x8000
"""Parts from here on are of messages made between events; those of an event never come so far."""


class _Quiet:
    """A connector that told its readings within the last second."""

    __slots__ = ("held", "latest", "until")

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.held: dict[tuple[str, str, str], Sample] = {}
        """Series → its newest reading, alone in its sample."""
        self.latest: Prepared | None = None


class Coalescer:
    """One tenant's readings, made fewer. Time is that of the log, and of whoever calls `due` where nothing comes."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        self._quiet: dict[tuple[str, int | None, str | None], _Quiet] = {}
        self._reached = 0
        self._made = 0

    @property
    def next_due(self) -> datetime | None:
        """When something held is to be told; None: nothing is held."""
        return next((one.until for one in self._quiet.values() if one.held), None)

    def feed(self, messages: Iterable[Prepared], upto: int) -> list[Prepared]:
        """What is to be told of these, in order of place, and of what was held before and is due by now."""
        told: list[Prepared] = []
        for message in messages:
            told += self.due(message.at)
            self._reach(message.place.position)
            if message.type != METER_SAMPLE or not self._hold(message):
                told.append(message)
        self._reach(upto)
        return told

    def flush(self) -> list[Prepared]:
        """All that is held, whether it is due or not."""
        quiet, self._quiet = self._quiet, {}
        return [
            self._gathered(one, one.latest) for one in quiet.values() if one.held and one.latest is not None
        ]

    def due(self, now: datetime) -> list[Prepared]:
        """What was held and is to be told now; it gets a place after everything told before."""
        told = []
        while self._quiet:
            key = next(iter(self._quiet))  # the order of entering is that of becoming due
            one = self._quiet[key]
            if one.until > now:
                break
            del self._quiet[key]
            if one.held and one.latest is not None:
                told.append(self._gathered(one, one.latest))
                self._quiet[key] = _Quiet(now + PERIOD)
        return told

    def _hold(self, message: Prepared) -> bool:
        key = message.charger, message.connector, message.session
        quiet = self._quiet.get(key)
        if quiet is None:
            self._quiet[key] = _Quiet(message.at + PERIOD)
            return False
        for sample in message.samples:
            for reading in sample.readings:
                series = reading.measurand, reading.phase, reading.location
                quiet.held[series] = Sample(sample.at, sample.context, (reading,))
        quiet.latest = message
        return True

    def _gathered(self, one: _Quiet, latest: Prepared) -> Prepared:
        place = Place(self._reached, min(_FIRST_PART + self._made, END - 1))
        self._made += 1
        message = Message(
            type=METER_SAMPLE,
            charger=latest.charger,
            connector=latest.connector,
            session=latest.session,
            data={"samples": written(_joined(one.held.values())), "coalesced": True},
        )
        return self._envelope(place, latest.tenant, latest.at, message)

    def _reach(self, position: int) -> None:
        if position > self._reached:
            self._reached, self._made = position, 0


def _joined(samples: Iterable[Sample]) -> list[Sample]:
    """Readings of one instant and context stand together again, in order of time."""
    groups: dict[tuple[datetime, str], Sample] = {}
    for one in samples:
        key = one.at, one.context
        former = groups.get(key)
        groups[key] = one if former is None else Sample(*key, (*former.readings, *one.readings))
    return [groups[key] for key in sorted(groups)]
