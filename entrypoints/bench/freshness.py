"""How soon a committed event is visible in every live read model; how long they take to catch up."""

import threading
import time
from types import TracebackType
from typing import Self

import psycopg

from application import clock
from entrypoints.bench.load import quantiles_ms
from entrypoints.bench.report import Figures

POLL_S = 0.004
"""The resolution: a row is found visible up to this much later than it was."""
_STANDING = """
    SELECT min(position), extract(epoch FROM clock_timestamp())::float8
    FROM public.zeus_read_models WHERE place = 'live' AND state = 'running'
"""
_RECORDED = """
    SELECT notification_id, extract(epoch FROM recorded_at)::float8 FROM eventstore.stored_events
    WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id
"""


class Watch:
    """Notes, in a thread, where the slowest read model stands, as long as the context lasts."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._seen: list[tuple[int, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bench-freshness", daemon=True)

    def __enter__(self) -> Self:
        settle(self._url)  # a backlog of what went before is no measure of freshness
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        settle(self._url)
        self._stop.set()
        self._thread.join(10)

    def figures(self) -> Figures:
        """Latency of each event from its commit's lock to the moment the slowest read model had passed it."""
        if len(self._seen) < 2:
            return {}
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(_RECORDED, [self._seen[0][0], self._seen[-1][0]]).fetchall()
        waits: list[float] = []
        seen = iter(self._seen)
        position, at = next(seen)
        for number, recorded_at in rows:
            while position < number:
                position, at = next(seen)
            waits.append(max(0.0, at - recorded_at))
        return {**quantiles_ms(waits), "events": len(waits)}

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.wait(POLL_S):
                row = connection.execute(_STANDING, prepare=True).fetchone()
                if row is not None and row[0] is not None and (not self._seen or row[0] > self._seen[-1][0]):
                    self._seen.append((int(row[0]), float(row[1])))


def settle(database_url: str, patience_s: float = 60.0) -> float:
    """Wait until every read model has caught up with the log; returns the seconds it took."""
    began = clock.monotonic()
    with psycopg.connect(database_url, autocommit=True) as connection:
        while clock.monotonic() - began < patience_s:
            if not _behind(connection):
                break
            time.sleep(0.05)
    return clock.monotonic() - began


def _behind(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    known = connection.execute("SELECT to_regclass('public.zeus_read_models') IS NOT NULL").fetchone()
    if known != (True,):  # the projector is still starting
        return True
    row = connection.execute(
        "SELECT min(position) < (SELECT coalesce(max(notification_id), 0) FROM eventstore.stored_events) "
        "FROM public.zeus_read_models WHERE state = 'running'"
    ).fetchone()
    return row == (True,)
