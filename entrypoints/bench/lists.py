"""How long a list of the API takes at this many chargers."""

import http.client
import json
from collections.abc import Sequence

from application import clock
from entrypoints.bench import load
from entrypoints.bench.client import Tally
from entrypoints.bench.freshness import settle
from entrypoints.bench.load import quantiles_ms
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, provisioned, serving

PATHS = {
    "chargers": "/api/ocpp/chargers?limit=100",
    "sessions": "/api/ocpp/sessions?limit=100",
    "messages": "/api/ocpp/messages?limit=100",
    "id_tags": "/api/ocpp/id-tags?limit=100",
}


def measure(scale: Scale, tell: Tell) -> Results:
    """p50 to max of pages of 100, one after the other, after some seconds of the mix."""
    with provisioned(scale.storm) as data_dir, serving(data_dir) as server:
        tell(f"{scale.history:.0f} s of the mix, to have something to list")
        load.run(lambda: make_history(server, scale))
        settle(server.database_url)
        results: Results = {}
        for name, path in PATHS.items():
            tell(f"{scale.pages} × GET {path}")
            results[f"lists.{name}"] = read(server, [path] * scale.pages)
        return results


async def make_history(server: Server, scale: Scale) -> None:
    """Chargers in closed loop with the mix, for `scale.history` seconds."""
    async with load.fleet(server.target(), range(scale.chargers), Tally()) as clients:
        await load.closed_loop(clients, "mix", scale.history)


def read(server: Server, paths: Sequence[str]) -> Figures:
    """How long each answer took, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    waits: list[float] = []
    failed = size = 0
    for path in paths:
        began = clock.monotonic()
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        response = connection.getresponse()
        body = response.read()
        waits.append(clock.monotonic() - began)
        failed += response.status != 200 or not isinstance(json.loads(body), dict | list)
        size = len(body)
    connection.close()
    if failed:  # how quickly a refusal comes says nothing
        return {"failed": failed}
    return {**quantiles_ms(waits), "failed": 0, "kb": size / 1024}
