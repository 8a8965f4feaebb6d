"""What the endpoints stand on, given once when the application is built."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from adapters.http.cursors import Cursors
from adapters.http.database import Database
from adapters.http.doorman import Doorman
from adapters.http.idempotency import KeysInMemory
from adapters.http.naming import PLAIN, Naming
from adapters.http.problems import rate_limited
from adapters.http.rate_limits import Limits, RateLimitsInMemory
from adapters.http.remote import remote_of
from adapters.http.session_access import SessionAccess
from application.fleet import FleetUnavailable, IdempotencyKeys, RateLimits
from application.sign_in import Visit

log = logging.getLogger("zeus.http")


@dataclass(frozen=True, slots=True)
class Backing:
    """What every endpoint needs."""

    doorman: Doorman
    database: Database
    cursors: Cursors
    services: Any = None
    """Handed to the handlers of actions, which know its type."""
    keys: IdempotencyKeys = field(default_factory=KeysInMemory)
    rates: RateLimits = field(default_factory=RateLimitsInMemory)
    limits: Limits = field(default_factory=Limits)
    naming: Naming = PLAIN
    public_url: str = ""
    """`https://host` as clients see it; empty: taken from each request."""
    sessions: SessionAccess | None = None
    """Knows cookies of people; None: there are only tokens."""
    trusted_proxies: Collection[str] = ()

    def visit(self, request: Request) -> Visit:
        """From where a request comes, behind the proxies that are trusted."""
        remote = remote_of(request, self.trusted_proxies)
        agent = request.headers.get("user-agent", "")
        return Visit(remote=remote, agent=agent, cause=request.scope["zeus.request_id"])

    async def spare(self, name: str, *, per_s: float, burst: int) -> None:
        """Raises a 429 Problem for one who asks too often. Where nobody can count, nobody is turned away."""
        try:
            wait_s = await self.rates.take(name, per_s=per_s, burst=burst)
        except FleetUnavailable as error:
            log.warning("requests are not counted now: %r", error)
            return
        if wait_s > 0:
            raise rate_limited(wait_s)

    def origin(self, request: Request) -> str:
        """`https://host[:port]` as this client sees it."""
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"
