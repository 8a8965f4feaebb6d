"""How quickly all read models are made anew from the log, beside the live ones, and swapped in."""

import psycopg

from application import clock
from entrypoints.bench import load
from entrypoints.bench.freshness import settle
from entrypoints.bench.lists import make_history
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import provisioned, serving
from entrypoints.bench.throughput import head_of
from entrypoints.database import opened_database
from entrypoints.settings import Settings
from entrypoints.wiring import open_engine

_UNDONE = """
    SELECT name, place, state, position, error FROM public.zeus_read_models WHERE place <> 'live' OR position < %s
"""
_OLDER = "UPDATE public.zeus_read_models SET version = version - 1, position = least(position, %s)"


def measure(scale: Scale, tell: Tell) -> Results:
    """Events a second through all read models together: build, catch up, swap."""
    with provisioned(scale.chargers) as data_dir:
        tell(f"{scale.history:.0f} s of the mix, to have a log")
        with serving(data_dir) as server:
            load.run(lambda: make_history(server, scale))
            caught_up_s = settle(server.database_url)
        tell("rebuilding every read model from it")
        with opened_database(Settings(data_dir=data_dir, database_url=None)) as url:
            figures = built_anew(url)
    return {"rebuild": {**figures, "lag_s": caught_up_s}}


def built_anew(url: str) -> Figures:
    """Build every read model as if what is live were of an older version; nobody else may work there."""
    events = head_of(url)
    with psycopg.connect(url) as connection:
        connection.execute(_OLDER, [events])
    engine = open_engine(url)
    began = clock.monotonic()
    engine.catch_up()
    seconds = clock.monotonic() - began
    engine.close()
    with psycopg.connect(url) as connection:
        behind = connection.execute(_UNDONE, [events]).fetchall()
    if behind:  # a figure of half the work would be a lie
        raise AssertionError(f"these read models were not built: {behind}")
    return {"events": events, "seconds": seconds, "per_s": events / seconds}
