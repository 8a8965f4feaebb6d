"""Memory of the gateway per idle connected and booted charger, everything included."""

import asyncio

from entrypoints.bench import load
from entrypoints.bench.client import Tally
from entrypoints.bench.freshness import settle
from entrypoints.bench.report import Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, provisioned, serving

_WARM = 50
"""Chargers connected before the first reading: schemas, plans and pools are not theirs."""


def measure(scale: Scale, tell: Tell) -> Results:
    """KB a connection at each number of connections, with permessage-deflate negotiated and without."""
    results: Results = {}
    for name, deflate in (("deflate", True), ("plain", False)):
        tell(f"memory of up to {scale.idle[-1]} idle connections, {name}")
        with provisioned(scale.idle[-1] + _WARM) as data_dir, serving(data_dir) as server:
            kb = load.run(lambda server=server, deflate=deflate: _fill(server, scale, deflate=deflate))  # type: ignore[misc]
        results[f"memory.{name}"] = kb
    return results


async def _fill(server: Server, scale: Scale, *, deflate: bool) -> dict[str, float]:
    target, tally = server.target(deflate=deflate), Tally()
    figures: dict[str, float] = {}
    async with load.fleet(target, range(_WARM), tally):
        await _quiet(server)
        processes = server.processes()
        before, connected = processes.gateway_rss(), 0
        fleets = []
        for wanted in scale.idle:
            fleet = load.fleet(target, range(_WARM + connected, _WARM + wanted), tally)
            await fleet.__aenter__()
            fleets.append(fleet)
            connected = wanted
            await _quiet(server)
            figures[f"kb_at_{wanted}"] = (processes.gateway_rss() - before) / connected / 1024
        for fleet in fleets:
            await fleet.__aexit__(None, None, None)
    figures["rss_mb"] = before / 2**20
    figures["kb"] = max(value for name, value in figures.items() if name.startswith("kb_at_"))
    figures["refused"] = tally.refused
    return figures


async def _quiet(server: Server) -> None:
    """Let what the handshakes have begun come to its end."""
    settle(server.database_url)
    await asyncio.sleep(1.0)
