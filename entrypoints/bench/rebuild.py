"""How quickly all read models are made anew from the log, beside the live ones, and swapped in."""

import copy

from application import clock
from entrypoints.bench import load
from entrypoints.bench.client import Tally
from entrypoints.bench.freshness import settle
from entrypoints.bench.report import Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, provisioned, serving
from entrypoints.bench.throughput import head_of
from entrypoints.database import opened_database
from entrypoints.settings import Settings
from entrypoints.wiring import open_engine
from projections.catalogue import READ_MODELS
from projections.read_model import ReadModel


def measure(scale: Scale, tell: Tell) -> Results:
    """Events a second through all read models together: build, catch up, swap."""
    with provisioned(scale.chargers) as data_dir:
        tell(f"{scale.history:.0f} s of the mix, to have a log")
        with serving(data_dir) as server:
            load.run(lambda: _make_history(server, scale))
            caught_up_s = settle(server.database_url)
        tell("rebuilding every read model from it")
        with opened_database(Settings(data_dir=data_dir, database_url=None)) as url:
            events = head_of(url)
            engine = open_engine(url, [_next_version(model) for model in READ_MODELS])
            began = clock.monotonic()
            engine.catch_up()
            seconds = clock.monotonic() - began
            engine.close()
    figures = {"events": events, "seconds": seconds, "per_s": events / seconds, "lag_s": caught_up_s}
    return {"rebuild": figures}


async def _make_history(server: Server, scale: Scale) -> None:
    async with load.fleet(server.target(), range(scale.chargers), Tally()) as clients:
        await load.closed_loop(clients, "mix", scale.history)


def _next_version(model: ReadModel) -> ReadModel:
    newer = copy.copy(model)
    newer.version += 1
    return newer
