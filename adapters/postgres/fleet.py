"""All that gateways need to work as one, on Postgres."""

from adapters.postgres.idempotency import PostgresIdempotencyKeys
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.link import CONNECTIONS, PATIENCE_S, PostgresLink
from adapters.postgres.post import PostgresPost
from adapters.postgres.rate_limits import PostgresRateLimits
from adapters.postgres.socket_registry import PostgresSocketRegistry
from adapters.postgres.waits import PostgresWaits
from application.fleet import Fleet


def open_fleet(dsn: str, *, connections: int = CONNECTIONS, patience_s: float = PATIENCE_S) -> Fleet:
    """The fleet's ports at `dsn`, whose tables exist (`fleet_schema.create`). Connects at the first use.

    At most `connections` connections, and one more while the post is open. Use it on one event loop and
    `await close()` it there.
    """
    link = PostgresLink(dsn, connections=connections, patience_s=patience_s)
    return Fleet(
        sockets=PostgresSocketRegistry(link),
        post=PostgresPost(link),
        keys=PostgresIdempotencyKeys(link),
        limits=PostgresRateLimits(link),
        waits=PostgresWaits(link),
        leases=PostgresLeases(link),
        let_go=link.close,
    )
