"""Who may listen, and for how long: tickets in place of tokens in addresses, and credentials looked at again."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from adapters.http.access import Caller
from adapters.http.sealed import LinkUnreadable, Sealer
from application import clock
from application.fleet import Begun, IdempotencyKeys
from application.tenants import Directory
from domain.tenants.roles import Right, Role

TICKET_S = 30
"""A ticket is good for so long, and once."""
_SCOPE = "stream-ticket"


class Ticket(msgspec.Struct, frozen=True):
    """What is sealed in one: whoever bought it, by name; never his token."""

    id: str
    tenant: str
    name: str
    role: str
    rights: tuple[Right, ...]
    label: str
    expires_at: datetime | None


class Tickets:
    """Browsers cannot send headers with a WebSocket, and a token has no place in a URL (SEC-27)."""

    def __init__(self, secret: bytes, keys: IdempotencyKeys) -> None:
        """`secret` is the same for all processes; `keys` let a ticket in once, whichever process it comes to."""
        self._sealer = Sealer(secret, "stream ticket")
        self._keys = keys

    def sell(self, caller: Caller, now: datetime) -> tuple[str, datetime]:
        """A ticket and its end."""
        ticket = Ticket(
            clock.time_ordered_id(),
            caller.tenant,
            caller.name,
            caller.role,
            tuple(sorted(caller.rights)),
            caller.label,
            caller.expires_at,
        )
        until = now + timedelta(seconds=TICKET_S)
        return self._sealer.seal(ticket, until), until

    async def caller(self, text: str, now: datetime) -> Caller | None:
        """Whoever bought it; None for a second time, too late, or what is none. Raises FleetUnavailable."""
        try:
            ticket = self._sealer.open(text, Ticket, now)
        except LinkUnreadable:
            return None
        begun = await self._keys.begin(_SCOPE, ticket.id, "", ttl_s=2 * TICKET_S, lease_s=2 * TICKET_S)
        if not isinstance(begun, Begun):
            return None
        return Caller(
            ticket.tenant,
            ticket.name,
            frozenset(ticket.rights),
            ticket.role,
            ticket.label,
            ticket.expires_at,
        )


class Standing(Protocol):
    """Looks again at a credential that was good when a stream was opened."""

    async def standing(self, caller: Caller, now: datetime) -> Caller | None:
        """The caller with the rights of today; None: the credential opens nothing any more.

        Raises StoreUnavailable where nobody can tell.
        """
        ...


class StandingOf:
    """Of API tokens, by the log. `others` judge callers of other names, such as people who logged in."""

    def __init__(
        self,
        role_of: Callable[[str, str, datetime], Awaitable[Role | None]],
        directory: Directory,
        others: Standing | None = None,
    ) -> None:
        """`role_of(tenant, token id, now)` is what a token that holds makes of its holder."""
        self._role_of = role_of
        self._directory = directory
        self._others = others

    async def standing(self, caller: Caller, now: datetime) -> Caller | None:
        """See the port."""
        if caller.expires_at is not None and now >= caller.expires_at:
            return None
        if not await self._directory.serves(caller.tenant):
            return None
        kind, _, name = caller.name.partition(":")
        if caller.name == "key:settings":
            return caller
        if kind != "key":
            return caller if self._others is None else await self._others.standing(caller, now)
        role = await self._role_of(caller.tenant, name, now)
        return None if role is None else msgspec.structs.replace(caller, rights=role.rights, role=role)
