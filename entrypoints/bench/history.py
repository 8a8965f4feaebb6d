"""A long log: its size, how quickly everything is made of it, sealed, verified and exported, and how quick the past is.

The log is grown from some seconds of real traffic (`multiplied`); one charger has a tenth of all events.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import psycopg

from adapters.audit.audited_log import at_rest
from adapters.audit.sealer import Sealer, connected
from adapters.audit.verification import Verification
from adapters.eventstore.past import Past
from adapters.exports import parquet
from adapters.exports.datasets import DATASETS
from adapters.exports.parquet import Span
from adapters.exports.tokens import Pseudonyms
from adapters.privacy.opening import decoding
from application import clock
from domain.catalogue import FACTS
from domain.identity import ChargerId
from entrypoints.bench import load
from entrypoints.bench.freshness import settle
from entrypoints.bench.lists import PATHS, make_history, read
from entrypoints.bench.multiplied import BIG, Grown, grow
from entrypoints.bench.rebuild import built_anew
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import TENANT, provisioned, serving
from entrypoints.database import opened_database
from entrypoints.privacy import key_ring, subjects_of
from entrypoints.settings import Settings

CHARGERS = 200
"""Of the traffic that is multiplied."""
BYTES_EACH = 4_500
"""Room for an event: the log, its indexes, the rows that come of it twice while they are built anew, and the export."""
_SIZES = """
    SELECT pg_relation_size(c.oid), pg_indexes_size(c.oid) + coalesce(pg_relation_size(c.reltoastrelid), 0)
    FROM pg_class c WHERE c.oid = 'eventstore.stored_events'::regclass
"""
_WHOLE = "SELECT pg_database_size(current_database())"
_TABLES = """
    SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(pg_total_relation_size(oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'ocpp\\_%'
    GROUP BY 1 ORDER BY 2 DESC LIMIT 8
"""
"""The largest tables of read models; a partitioned one is its partitions."""


class NoRoom(RuntimeError):
    """There is not enough room on the disk for a log of that size; the message says how much is needed."""


def measure(scale: Scale, tell: Tell) -> Results:
    """All figures of a log of `scale.multiplied` events. Raises NoRoom."""
    with provisioned(CHARGERS) as data_dir:
        _check_room(data_dir, scale.multiplied)
        tell(f"{scale.history:.0f} s of the mix, to be multiplied")
        with serving(data_dir) as server:
            load.run(lambda: make_history(server, msgspec.structs.replace(scale, chargers=CHARGERS)))
            settle(server.database_url)
        settings = Settings(data_dir=data_dir, database_url=None)
        with opened_database(settings) as url:
            grown, results = _grown(url, scale.multiplied, tell)
            tell("every read model made anew of it")
            results["history.rebuild"] = built_anew(url, settings)
            results |= _sealed(url, tell)
            results["history.moments"] = _moments(url, tell)
            results["history.export"] = _exported(url, settings, data_dir / "export", tell)
            with psycopg.connect(url) as connection:
                (whole,) = connection.execute(_WHOLE).fetchone() or (0,)
                tables = connection.execute(_TABLES).fetchall()
            results["history.size"]["database_gb"] = whole / 2**30
            results["history.tables_gb"] = {name: float(size) / 2**30 for name, size in tables}
        with serving(data_dir) as server:
            settle(server.database_url)
            for name, paths in _asked(grown, scale.pages).items():
                tell(f"{scale.pages} × {name}")
                results[f"history.{name}"] = read(server, paths)
        return results


def _check_room(data_dir: Path, events: int) -> None:
    needed, free = events * BYTES_EACH, shutil.disk_usage(data_dir).free
    if free < needed:
        raise NoRoom(
            f"A log of {events:,} events needs about {needed / 2**30:.0f} GB in {data_dir.parent}, and "
            f"{free / 2**30:.0f} GB are free: say fewer with --events, or set TMPDIR."
        )


def _grown(url: str, events: int, tell: Tell) -> tuple[Grown, Results]:
    began = clock.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        grown = grow(connection, events, lambda done: tell(f"{done:,} of {events:,} events written"))
        heap, rest = connection.execute(_SIZES).fetchone() or (0, 0)
    seconds = clock.monotonic() - began
    of_log: Figures = {
        "events": grown.events,
        "of_the_oldest": grown.of_the_oldest,
        "chargers": grown.chargers,
        "grown_s": seconds,
    }
    size: Figures = {
        "log_bytes_per_event": heap / grown.events,
        "indexes_bytes_per_event": rest / grown.events,
        "log_gb": (heap + rest) / 2**30,
    }
    return grown, {"history.log": of_log, "history.size": size}


def _sealed(url: str, tell: Tell) -> Results:
    tell("sealing the log")
    began = clock.monotonic()
    with connected(url) as connection:
        events = Sealer(connection).catch_up()
    sealing = clock.monotonic() - began
    tell("verifying it")
    with at_rest(url) as connection:
        verdict = Verification(connection, [], []).run()
    if not verdict.intact:
        raise AssertionError(f"a log that nobody changed is called changed: {verdict.findings}")
    verified: Figures = {"events": verdict.events, "per_s": verdict.events / verdict.seconds}
    return {
        "history.sealing": {"events": events, "per_s": events / sealing},
        "history.verification": verified,
    }


def _moments(url: str, tell: Tell) -> Figures:
    """What the job `moments` does for the charger with the most events."""
    tell("keeping moments of the charger with the most events")
    began = clock.monotonic()
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE zeus_engine; SET timezone = 'UTC'")
        made = Past(connection, decoding(FACTS)).keep_moments(_oldest())
    return {"made": made, "seconds": clock.monotonic() - began}


def _exported(url: str, settings: Settings, out: Path, tell: Tell) -> Figures:
    """Rows of all datasets a second."""
    tell("exporting every dataset as Parquet")
    subjects = subjects_of(url, settings)
    began = clock.monotonic()
    try:
        pseudonyms = Pseudonyms(key_ring(settings), subjects)
        span = Span(None, clock.now() + timedelta(days=1), TENANT)
        manifest, _ = parquet.export(url, out, DATASETS, span, pseudonyms, "bench", lambda at: None)
    finally:
        subjects.close()
    seconds = clock.monotonic() - began
    rows = sum(one.rows for one in manifest.datasets)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    shutil.rmtree(out)
    return {"rows": rows, "seconds": seconds, "rows_per_s": rows / seconds, "mb": size / 2**20}


def _asked(grown: Grown, times: int) -> dict[str, Sequence[str]]:
    """What is asked over HTTP, by the name of the figure: pages of lists, and instants all over the log."""
    chance = Random(1)  # noqa: S311 - the same instants each time
    span = grown.end - grown.begin

    def instant() -> str:
        at: datetime = grown.begin + span * chance.random()
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    oldest = _oldest().key
    asked: dict[str, Sequence[str]] = {f"lists.{name}": [path] * times for name, path in PATHS.items()}
    asked["lists.messages_of_the_oldest"] = [f"/api/ocpp/chargers/{oldest}/messages?limit=100"] * times
    asked["past.oldest"] = [f"/api/ocpp/chargers/{oldest}?at={instant()}" for _ in range(times)]
    return asked


def _oldest() -> ChargerId:
    return ChargerId.of(TENANT, BIG.rpartition("/")[2])
