"""How quickly all read models are made anew from the log, beside the live ones, and swapped in."""

from application import clock
from entrypoints.bench import load
from entrypoints.bench.freshness import settle
from entrypoints.bench.lists import make_history
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import provisioned, serving
from entrypoints.bench.throughput import head_of
from entrypoints.database import opened_database
from entrypoints.rebuilding import processes, rebuild_divided
from entrypoints.settings import Settings
from projections.catalogue import READ_MODELS


def measure(scale: Scale, tell: Tell) -> Results:
    """Events a second through all read models together: build, catch up, swap."""
    with provisioned(scale.chargers) as data_dir:
        tell(f"{scale.history:.0f} s of the mix, to have a log")
        with serving(data_dir) as server:
            load.run(lambda: make_history(server, scale))
            caught_up_s = settle(server.database_url)
        tell("rebuilding every read model from it")
        settings = Settings(data_dir=data_dir, database_url=None)
        with opened_database(settings) as url:
            figures = built_anew(url, settings)
    return {"rebuild": {**figures, "lag_s": caught_up_s}}


def built_anew(url: str, settings: Settings) -> Figures:
    """Build every read model as `zeus rebuild --all` does, beside the live one; nobody else may work there."""
    events, number = head_of(url), processes()
    began = clock.monotonic()
    built = rebuild_divided(url, settings, READ_MODELS, number, lambda at: None)
    seconds = clock.monotonic() - began
    if behind := [name for name, one in built.items() if one.position < events]:
        raise AssertionError(f"these read models were not built: {behind}")
    return {"events": events, "seconds": seconds, "per_s": events / seconds, "processes": number}
