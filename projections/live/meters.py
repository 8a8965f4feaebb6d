"""Readings → `meter.sample`."""

from collections.abc import Iterable
from typing import Any

from domain.event import Event
from domain.metering import Reading, Sample
from projections.live.message import Data, Message, present
from projections.streams import session_id, subject_of

METER_SAMPLE = "meter.sample"


def samples_of(event: Event[Any], connector: int | None, samples: tuple[Sample, ...]) -> list[Message]:
    """One message for all readings of an event; none where there are none."""
    if not samples:
        return []
    stream = event.originator_id
    _, charger = subject_of(stream)
    session = session_id(stream) if stream.startswith("transaction/") else None
    data = {"samples": written(samples)}
    return [
        Message(
            type=METER_SAMPLE,
            charger=charger,
            connector=connector,
            session=session,
            data=data,
            samples=samples,
        )
    ]


def written(samples: Iterable[Sample]) -> list[Data]:
    """Samples as a message shows them; values are exact, hence texts."""
    return [
        {"at": one.at, "context": one.context, "values": [_value(reading) for reading in one.readings]}
        for one in samples
    ]


def _value(reading: Reading) -> Data:
    return present(
        measurand=reading.measurand,
        value=reading.value,
        unit=reading.unit,
        phase=reading.phase,
        location=reading.location,
        text=reading.text,
    )
