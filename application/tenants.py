"""Tenants and their API tokens: founded, issued, revoked by people; looked up for every request and handshake."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore, StoreUnavailable, VersionConflict
from application.registry import ATTEMPTS
from application.remembered import Remembered
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from domain.tenants.api_token import (
    ApiToken,
    ApiTokenUnknown,
    digest_of,
    is_token_id,
    taken_apart,
    token_stream,
    written,
)
from domain.tenants.events import TokenIssued
from domain.tenants.roles import Right, Role
from domain.tenants.tenant import Tenant, TenantUnknown, is_slug, tenant_stream

log = logging.getLogger("zeus.tenants")

NOBODY = "-"
"""A tenant that cannot be: what is looked for there costs the same and is never found."""
RETRY_S = 60.0
"""Where a use could not be recorded, so long until the next try."""


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was just made."""

    id: str
    name: str
    role: Role
    expires_at: datetime | None
    token: str
    """Shown this once, kept as a digest."""

    def __repr__(self) -> str:
        """Never the token."""
        return f"IssuedToken(id={self.id!r}, name={self.name!r}, role={self.role!r})"

    __str__ = __repr__


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever presented a good token."""

    tenant: str
    token_id: str
    name: str
    role: Role
    expires_at: datetime | None
    rights: frozenset[Right]
    chargers: frozenset[str]
    """The keys of the only ones; empty: all."""


class Tenants:
    """The tenants of an installation, for whoever runs it."""

    def __init__(self, store: EventStore, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._actor = actor
        self._cause = cause

    async def found(self, slug: str, name: str = "") -> None:
        """Raises SlugUnusable, TenantExists."""
        await self._change(slug, lambda tenant: tenant.found(slug, name))

    async def suspend(self, slug: str, reason: str = "", *, implied: str = "") -> None:
        """Nobody acts for it and no charger of it is let in; `implied` exists without having been founded.

        Raises TenantUnknown.
        """
        await self._change(slug, lambda tenant: _existing(tenant, slug, implied).suspend(reason))

    async def resume(self, slug: str, *, implied: str = "") -> None:
        """It is served again. Raises TenantUnknown."""
        await self._change(slug, lambda tenant: _existing(tenant, slug, implied).resume())

    async def _change(self, slug: str, decide: Callable[[Tenant], list[Fact]]) -> None:
        stream = tenant_stream(slug if is_slug(slug) else NOBODY)
        for _ in range(ATTEMPTS):
            tenant = Tenant(stream)
            for event in await self._store.read(stream):
                tenant.when(event)
            if await _append(self._store, tenant, decide(tenant), self._actor, cause=self._cause):
                return
        raise VersionConflict(stream)


class ApiTokens:
    """The tokens of one tenant."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._actor = actor
        self._cause = cause

    async def issue(
        self,
        name: str,
        role: Role,
        *,
        expires_at: datetime | None = None,
        token_id: str = "",
        rights: Collection[Right] = (),
        chargers: Collection[str] = (),
    ) -> IssuedToken:
        """A new token, of this id where one is given, narrowed to some rights and chargers where they are named.

        Raises TokenImpossible, ScopeImpossible, InvalidChargerId, ApiTokenExists.
        """
        keys = {ChargerId.of(self._tenant, cpid).key for cpid in chargers}
        token_id = token_id or clock.time_ordered_id()
        stream, secret = token_stream(self._tenant, token_id), clock.api_secret()
        fact = TokenIssued(
            token_id=token_id,
            name=name,
            role=role,
            digest=digest_of(stream, secret),
            expires_at=expires_at,
            rights=tuple(right for right in Right if right in rights),
            chargers=tuple(sorted(keys)),
        )
        await self._change(token_id, lambda token: token.issue(fact, clock.now()))
        text = written(self._tenant, token_id, secret)
        return IssuedToken(id=token_id, name=name, role=role, expires_at=expires_at, token=text)

    async def revoke(self, token_id: str, reason: str = "") -> None:
        """It opens nothing any more: at once here, within `remembered.FRESH_S` in other processes.

        Raises ApiTokenUnknown.
        """
        if not is_token_id(token_id):
            raise ApiTokenUnknown(token_id[:40])
        await self._change(token_id, lambda token: token.revoke(reason))

    async def _change(self, token_id: str, decide: Callable[[ApiToken], list[Fact]]) -> None:
        stream = token_stream(self._tenant, token_id)
        for _ in range(ATTEMPTS):
            token = ApiToken(stream)
            for event in await self._store.read(stream):
                token.when(event)
            if await _append(self._store, token, decide(token), self._actor, cause=self._cause):
                return
        raise VersionConflict(stream)


class Directory:
    """Which tenants are served, from memory: a handshake costs no reading for a tenant that is known."""

    def __init__(
        self, store: EventStore, default: str, monotonic: Callable[[], float] = clock.monotonic
    ) -> None:
        """`default` is served without having been founded: it is the one of the settings."""
        self.default = default
        self._tenants: Remembered[Tenant] = Remembered(
            store, Tenant, monotonic=monotonic, kept=(tenant_stream(default),)
        )

    async def serves(self, slug: str) -> bool:
        """Is there a tenant of this slug, and not suspended? Raises StoreUnavailable."""
        tenant = await self._tenants.state(tenant_stream(slug if is_slug(slug) else NOBODY))
        return (tenant.founded or slug == self.default) and not tenant.suspended

    async def look_in_vain(self) -> None:
        """What it costs to find that there is no such tenant: for refusals that must not be told from it."""
        await self.serves(NOBODY)


class TokenDoor:
    """Who presented a token: its state is in memory, a moment old at most."""

    def __init__(
        self, store: EventStore, directory: Directory, monotonic: Callable[[], float] = clock.monotonic
    ) -> None:
        self._store = store
        self._directory = directory
        self._monotonic = monotonic
        self._tokens: Remembered[ApiToken] = Remembered(store, ApiToken, monotonic=monotonic)
        self._tried: dict[str, float] = {}
        """When the use of a token was last to be recorded."""

    async def holder(self, text: str, now: datetime) -> Holder | None:
        """The holder of a good token, whose use is recorded; None for any other. Raises StoreUnavailable.

        A token that was never issued, a revoked one, a wrong secret and another tenant's cost the same.
        """
        presented = taken_apart(text)
        if presented is None:
            return None
        token = await self._tokens.state(token_stream(presented.tenant, presented.id))
        if not token.opens(presented.secret, now) or token.issued is None:
            if token.version:  # where there is no token, the log was asked
                await self._tokens.catch_up(token)
            return None
        if not await self._directory.serves(presented.tenant):
            return None
        await self._note_use(token, now)
        return Holder(
            tenant=presented.tenant,
            token_id=presented.id,
            name=token.issued.name,
            role=token.role,
            expires_at=token.issued.expires_at,
            rights=token.rights,
            chargers=frozenset(token.issued.chargers),
        )

    async def role_of(self, tenant: str, token_id: str, now: datetime) -> Role | None:
        """What a token that holds makes of whoever showed it before; None for any other. Raises StoreUnavailable."""
        token = await self._tokens.state(token_stream(tenant, token_id))
        return token.role if token.holds(now) else None

    async def _note_use(self, token: ApiToken, now: datetime) -> None:
        """That it was used is good to know, and no reason to refuse it where the log does not confirm."""
        facts = token.see(now)
        tried = self._tried.get(token.stream)
        if not facts or (tried is not None and self._monotonic() - tried < RETRY_S):
            return
        self._tried[token.stream] = self._monotonic()
        try:
            stored = await _append(self._store, token, facts, "zeus", now)
        except StoreUnavailable as error:
            log.warning("%s: its use could not be recorded: %r", token.stream, error)
            return
        if stored:
            self._tried.pop(token.stream, None)
        else:  # another process was first, with the same or with news: look again the next time
            self._tokens.forget(token.stream)


def _existing(tenant: Tenant, slug: str, implied: str) -> Tenant:
    if not tenant.founded and slug != implied:
        raise TenantUnknown(slug)
    return tenant


async def _append(
    store: EventStore,
    state: Tenant | ApiToken,
    facts: list[Fact],
    actor: str,
    now: datetime | None = None,
    cause: str = "",
) -> bool:
    """Store and take in what was decided; False where somebody else wrote first."""
    told = Told(recorded_at=now or clock.now(), actor=actor, cause=cause)
    events = events_of(state.stream, state.version, facts, told)
    try:
        if events:
            await store.append(events)
    except VersionConflict:
        return False
    for event in events:
        state.when(event)
    return True
