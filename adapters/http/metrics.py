"""What Prometheus reads at `/metrics`: plain numbers kept elsewhere, turned into metrics at a scrape.

No charger is ever a label: per-charger figures live in the read models.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from adapters.eventstore.counted import StoreCounters
from adapters.http.guarded_protocol import GuardedHttp
from adapters.http.traffic import Traffic
from adapters.ocpp.counters import Counters
from application.jobs import JobRecord
from application.tally import Histogram
from projections.positions import Lag

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]
L = TypeVar("L", bound=Labels)


class Connected(Protocol):
    """Who knows which chargers are connected."""

    def versions(self) -> dict[str, int]:
        """Connected chargers by OCPP version."""
        ...


class Metrics:
    """All metrics of this process in a registry of its own."""

    def __init__(
        self,
        *,
        version: str,
        ocpp: Counters,
        connected: Connected,
        store: StoreCounters,
        traffic: Traffic,
        engine: Engine,
        expiries: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        """`expiries`: days until certificates end, by what they are for."""
        self._expiries = expiries
        self._version = version
        self._ocpp = ocpp
        self._connected = connected
        self._store = store
        self._traffic = traffic
        self._engine = engine
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)

    def exposition(
        self, lags: Sequence[Lag] | None, loop_lag_s: float, jobs: Sequence[JobRecord] = ()
    ) -> bytes:
        """The text format. `lags` None: the database did not answer, and `csms_database_up` is 0."""
        registry = CollectorRegistry(auto_describe=False)
        families = [*self._families(), *_reading_families(lags), *_job_families(jobs), _loop(loop_lag_s)]
        registry.register(_Once(families))
        return generate_latest(registry) + generate_latest(self._process)

    def _families(self) -> Iterator[Metric]:
        yield _gauge("csms_build_info", "The version that runs.", ("version",), {(self._version,): 1})
        yield from _gateway_families(self._ocpp, self._connected)
        yield from _store_families(self._store)
        yield from _traffic_families(self._traffic)
        days = {(name,): left for name, left in self._expiries().items()}
        yield _gauge("csms_cert_expiry_days", "Until a certificate ends.", ("certificate",), days)
        pool = self._engine.pool
        if isinstance(pool, QueuePool):
            by_state = {("in_use",): pool.checkedout(), ("idle",): pool.checkedin()}
            yield _gauge("csms_db_pool_connections", "Connections of the API's pool.", ("state",), by_state)


class _Once(Collector):
    """Metrics already collected, for a registry that wants to collect."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _gateway_families(counters: Counters, connected: Connected) -> Iterator[Metric]:
    yield _gauge(
        "csms_connected_chargers",
        "Chargers connected to this process.",
        ("version",),
        {(version,): count for version, count in connected.versions().items()},
    )
    yield _counter(
        "csms_handshake", "Handshakes by outcome.", ("result", "reason", "profile"), counters.handshakes
    )
    yield _counter(
        "csms_close",
        "Ended connections by WebSocket close code; 0 for codes beyond 1000-1015.",
        ("code",),
        {(str(code),): count for code, count in counters.closed.items()},
    )
    yield _counter("csms_frames", "OCPP frames.", ("dir", "type", "action"), counters.frames)
    yield _counter("csms_invalid_frames", "Frames not taken, by kind.", ("kind",), _single(counters.invalid))
    yield _counter(
        "csms_repaired_frames", "Frames taken after a repair.", ("rule",), _single(counters.repaired)
    )
    sent = {("out", code): count for code, count in counters.errors_sent.items()}
    yield _counter("csms_callerrors", "CALLERRORs by code.", ("dir", "code"), sent)
    yield _histogram(
        "csms_inbound_seconds",
        "From a call read to its answer written, the durable commit included.",
        ("action",),
        {(action,): histogram for action, histogram in counters.inbound.items()},
    )


def _store_families(counters: StoreCounters) -> Iterator[Metric]:
    yield _histogram("csms_event_append_seconds", "Until an append was durable.", (), {(): counters.seconds})
    yield _counter("csms_events_appended", "Events appended and durable.", (), {(): counters.events})
    yield _counter("csms_append_conflicts", "Units another writer preceded.", (), {(): counters.conflicts})
    failures = {("unavailable",): counters.unavailable, ("refused",): counters.refused}
    yield _counter("csms_append_failures", "Units that were not confirmed.", ("kind",), failures)


def _traffic_families(traffic: Traffic) -> Iterator[Metric]:
    yield _counter(
        "csms_http_cut",
        "Connections cut: a head too large or too slow, or silence.",
        ("why",),
        _single(GuardedHttp.cut),
    )
    yield _counter(
        "csms_http_requests", "HTTP requests answered.", ("method", "route", "status"), traffic.requests
    )
    yield _histogram(
        "csms_http_seconds",
        "Until an HTTP answer was complete.",
        ("route",),
        {(route,): histogram for route, histogram in traffic.seconds.items()},
    )


def _reading_families(lags: Sequence[Lag] | None) -> Iterator[Metric]:
    up = 0 if lags is None else 1
    yield _gauge("csms_database_up", "Whether the database answered this scrape.", (), {(): up})
    rows = lags or ()
    labels = ("projection", "place")
    behind = {(lag.name, lag.place): lag.behind for lag in rows}
    yield _gauge("csms_projection_lag_events", "Places of the log not yet in the rows.", labels, behind)
    seconds = {(lag.name, lag.place): lag.behind_s for lag in rows}
    yield _gauge("csms_projection_lag_seconds", "Age of the oldest event not in the rows.", labels, seconds)
    stopped = {(lag.name, lag.place): float(lag.state == "stopped") for lag in rows}
    yield _gauge("csms_projection_stopped", "1 where a read model stopped at an event.", labels, stopped)


def _job_families(jobs: Sequence[JobRecord]) -> Iterator[Metric]:
    runs = {(job.name, "success"): job.runs - job.failures for job in jobs}
    runs |= {(job.name, "failure"): job.failures for job in jobs}
    yield _counter("csms_job_runs", "Runs of scheduled jobs, of all processes.", ("job", "result"), runs)
    succeeded = {(job.name,): at.timestamp() for job in jobs if (at := job.last_success_at) is not None}
    yield _gauge("csms_job_last_success_timestamp", "When a job last succeeded.", ("job",), succeeded)


def _loop(seconds: float) -> Metric:
    return _gauge("csms_loop_lag_seconds", "One turn of the event loop, at this scrape.", (), {(): seconds})


def _single(counts: Mapping[str, int]) -> dict[tuple[str], int]:
    return {(key,): count for key, count in counts.items()}


def _counter(name: str, words: str, labels: Labels, values: Mapping[L, float]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _gauge(name: str, words: str, labels: Labels, values: Mapping[L, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _histogram(name: str, words: str, labels: Labels, values: Mapping[L, Histogram]) -> Metric:
    family = HistogramMetricFamily(name, words, labels=labels)
    for key, histogram in sorted(values.items()):
        upto, buckets = 0, []
        for bound, count in zip((*histogram.bounds, float("inf")), list(histogram.counts), strict=True):
            upto += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), upto))
        family.add_metric(key, buckets, histogram.total)
    return family
