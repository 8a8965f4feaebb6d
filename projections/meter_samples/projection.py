"""Events → wide samples. Messages that speak of the same instant merge into one row."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.chargers import events as charger
from domain.event import Fact, Recorded
from domain.metering import Sample
from domain.transactions import events as transaction
from projections.bounds import key_text, number, plausible
from projections.measurands import widen
from projections.meter_samples import rollup, storage
from projections.meter_samples.tables import CONTEXTS, METADATA, SAMPLES
from projections.partitions import WEEK, ensure_partitions
from projections.read_model import Link, ReadModel
from projections.streams import session_id, subject_of
from projections.writes import Merge, Write

METERED: tuple[type[Fact], ...] = (
    transaction.Started,
    transaction.Metered,
    transaction.Ended,
    charger.Metered,
)
_OTHER = len(CONTEXTS) - 1
_CONTEXT = {word: n for n, word in enumerate(CONTEXTS)}
_ONE_MESSAGE = timedelta(days=7)


class MeterSamples(ReadModel):
    """Every reading a charger sent."""

    name, version = "meter_samples", 1
    tables = METADATA
    topics = frozenset(fact.TOPIC for fact in METERED)

    def __init__(self, *, step: timedelta = WEEK) -> None:
        """`step`: what a partition spans; one day where more than two million rows come a day."""
        self._step = step

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A row a sample."""
        event = recorded.event
        fact: Any = event.fact
        samples: tuple[Sample, ...] = fact.samples
        if not samples:
            return ()
        stream, told_at = event.originator_id, event.told.recorded_at
        tenant, key = subject_of(stream)
        session = None if type(fact) is charger.Metered else session_id(stream)
        where = (tenant, key, number(fact.evse_id), number(fact.connector_id))
        times = instants(samples, told_at)
        return [_row(sample, ts, where, told_at, session) for sample, ts in zip(samples, times, strict=True)]

    def create(self, connection: Link) -> None:
        """Plain or with TimescaleDB, whichever the database has."""
        storage.create(connection, storage.tier(connection))

    def prepare(self, connection: Link, writes: Sequence[Write]) -> None:
        """The partitions that the rows need; a hypertable makes its own."""
        if storage.partitioned(connection):
            moments = {write.key[4] for write in writes if isinstance(write, Merge)}
            ensure_partitions(connection, SAMPLES.name, moments, step=self._step)

    def finish(self, connection: Link, writes: Sequence[Write]) -> None:
        """The rollup, up to the window that the newest row has left behind."""
        rollup.advance(connection, [write for write in writes if isinstance(write, Merge)])


def instants(samples: Sequence[Sample], told_at: datetime) -> list[datetime]:
    """When the samples were taken: by the charger's clock, or by ours where that one is not sane.

    A clock that says 1970 still runs: samples of one message keep their distances, the newest is now.
    """
    wrong = [sample.at for sample in samples if not plausible(sample.at, told_at)]
    if not wrong:
        return [sample.at for sample in samples]
    newest = max(wrong)
    return [
        sample.at if plausible(sample.at, told_at) else told_at - min(newest - sample.at, _ONE_MESSAGE)
        for sample in samples
    ]


def _row(
    sample: Sample, ts: datetime, where: tuple[str, str, int, int], told_at: datetime, session: str | None
) -> Merge:
    columns, extra = widen(sample)
    context = _CONTEXT.get(sample.context, _OTHER)
    if context == _OTHER and sample.context != CONTEXTS[_OTHER]:
        extra["context"] = key_text(sample.context)
    if ts is not sample.at:
        extra["told_at"] = sample.at.isoformat()
    columns["received_at"] = told_at
    columns["session"] = session
    if extra:
        columns["extra"] = extra
    return Merge(SAMPLES, (*where, ts, context), columns)
