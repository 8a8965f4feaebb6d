"""The storm: a whole fleet that connects and boots in the same moment, twice: as it arrives, and as it returns."""

import asyncio
from functools import partial

import psycopg

from application import clock
from entrypoints.bench import load
from entrypoints.bench.certificates import KINDS, make_certificate, unconcerned
from entrypoints.bench.client import Client, Tally
from entrypoints.bench.messages import boot
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import Server, free_port, provisioned, serving
from entrypoints.bench.throughput import head_of


def measure(scale: Scale, tell: Tell) -> Results:
    """Seconds until all are booted, latency of the boot's answer, refused and lost."""
    with provisioned(scale.storm) as data_dir, serving(data_dir) as server:
        return load.run(lambda: _storms(server, server.target(), "storm", scale, tell))


def measure_tls(scale: Scale, tell: Tell) -> Results:
    """The same at our own TLS listener (security profile 2), over a chain of RSA and one of ECDSA."""
    results: Results = {}
    for kind in KINDS:
        with provisioned(scale.storm, security_profile=2) as data_dir:
            port, file = free_port(), make_certificate(data_dir / f"{kind}.pem", kind)
            settings = {"ZEUS_TLS_CERTIFICATES": str(file), "ZEUS_TLS_PORT": str(port)}
            with serving(data_dir, settings) as server:
                target = load.Target(port, tls=unconcerned())
                work = partial(_storms, server, target, f"storm.{kind}", scale, tell)
                results |= load.run(work)
    return results


async def _storms(server: Server, target: load.Target, name: str, scale: Scale, tell: Tell) -> Results:
    tell(f"{scale.storm} chargers arrive at once")
    clients, arrival = await _storm(server, target, scale.storm)
    tell(f"a power cut: {scale.storm} chargers vanish and return at once")
    for client in clients:
        client.leave(abruptly=True)
    clients, returning = await _storm(server, target, scale.storm)
    for client in clients:
        client.leave()
    return {f"{name}.arrival": arrival, f"{name}.return": returning}


async def _storm(server: Server, target: load.Target, chargers: int) -> tuple[list[Client], Figures]:
    tally = Tally()
    first, before = head_of(server.database_url), server.processes().cpu()
    began = clock.monotonic()
    handshakes: list[float] = []

    async def come(number: int) -> Client | None:
        """Connect and boot; a charger that is turned away does not come again, it is counted."""
        try:
            client = await load.knock(target, number, tally)
            handshakes.append(clock.monotonic() - began)
            await load.say_once(client, boot(client.version))
        except (OSError, TimeoutError):
            return None
        return client

    came = await asyncio.gather(*(come(n) for n in range(chargers)))
    seconds = clock.monotonic() - began
    used = server.processes().cpu().since(before)
    clients = [client for client in came if client is not None]
    booted = _booted(server.database_url, first)
    return clients, {
        "chargers": chargers,
        "booted": len(clients),
        "seconds": seconds,
        **load.quantiles_ms(tally.latencies),
        "handshake_p99_ms": load.quantiles_ms(handshakes).get("p99_ms", 0.0),
        "refused": tally.refused,
        "lost": tally.lost + tally.wrong + len(clients) - booted,
        "gateway_us": used.gateway / chargers * 1e6,
        "postgres_us": used.postgres / chargers * 1e6,
    }


def _booted(url: str, after: int) -> int:
    """Boots in the log since then: who was answered must be there."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT originator_id) FROM eventstore.stored_events "
            "WHERE notification_id > %s AND topic = 'charger.booted'",
            [after],
        ).fetchone()
        return int(row[0]) if row else 0
