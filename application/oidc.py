"""Signing in by a tenant's provider: the way there and back, and what its word means here."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from application import clock
from application.lockouts import Failure, origin_of
from application.ports import EventStore, VersionConflict
from application.proofs import Keyring, SealBroken
from application.registry import ATTEMPTS
from application.sign_in import Admitted, FrontDesk, SignInFailed, Visit
from application.tenants import NOBODY, Directory
from domain.event import Fact, Told, events_of
from domain.people.provider import (
    GroupRole,
    Provider,
    ProviderChosen,
    ProviderUnknown,
    provider_stream,
)
from domain.people.user import LONGEST_LOGIN, LONGEST_NAME, User
from domain.tenants.tenant import is_slug

log = logging.getLogger("zeus.people")

PATIENCE = timedelta(minutes=10)
"""For the way to the provider and back."""


class ProviderAway(Exception):
    """The provider does not answer, or not as a provider does; the message says what."""


class WordRefused(Exception):
    """What the provider is said to have said is not believed; the message says why, for the log alone."""


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What has to come back as it was sent; it is with the browser meanwhile, sealed."""

    tenant: str
    issuer: str
    state: str
    nonce: str
    verifier: str
    """PKCE (RFC 7636): who has the code alone cannot redeem it."""
    until: datetime

    def __repr__(self) -> str:
        """Never the secrets."""
        return f"Errand(tenant={self.tenant!r})"

    __str__ = __repr__


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody, checked."""

    issuer: str
    subject: str
    login: str
    name: str
    groups: tuple[str, ...]


class Client(NamedTuple):
    """A provider, and how we are known to it."""

    chosen: ProviderChosen
    secret: str


class IdentityProviders(Protocol):
    """Speaks with providers."""

    async def address(self, client: Client, errand: Errand, back: str) -> str:
        """Where the browser goes; it returns to `back`. Raises ProviderAway."""
        ...

    async def redeem(self, client: Client, errand: Errand, code: str, back: str, now: datetime) -> Word:
        """What the code stands for, checked. Raises ProviderAway, WordRefused."""
        ...


class ProviderBook:
    """The provider of one tenant, for whoever runs the installation."""

    def __init__(self, store: EventStore, keys: Keyring, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._keys = keys
        self._tenant = tenant
        self._actor, self._cause = actor, cause

    async def choose(
        self,
        issuer: str,
        client_id: str,
        secret: str,
        roles: Sequence[GroupRole],
        *,
        groups_claim: str = "groups",
        scopes: Sequence[str] = (),
        plain: bool = False,
    ) -> None:
        """Raises ProviderImpossible."""
        sealed = self._keys.seal(_purpose(self._tenant), secret.encode()) if secret else ""
        wanted = ProviderChosen(
            issuer=issuer,
            client_id=client_id,
            secret=sealed,
            groups_claim=groups_claim,
            roles=tuple(roles),
            scopes=tuple(dict.fromkeys(("openid", *(scopes or ("profile", "email"))))),
        )
        await self._change(lambda provider: provider.choose(wanted, plain=plain))

    async def drop(self, reason: str = "") -> None:
        """Nobody signs in by it any more; sessions go on. Raises ProviderUnknown."""
        await self._change(lambda provider: provider.drop(reason))

    async def load(self) -> Provider:
        """As it stands."""
        return await load_provider(self._store, self._tenant)

    async def _change(self, decide: Callable[[Provider], list[Fact]]) -> None:
        for _ in range(ATTEMPTS):
            provider = await self.load()
            told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
            events = events_of(provider.stream, provider.version, decide(provider), told)
            try:
                await self._store.append(events)
            except VersionConflict:
                continue
            return
        raise VersionConflict(provider_stream(self._tenant))


class OidcDesk:
    """The part of the front desk that takes a provider's word."""

    def __init__(self, desk: FrontDesk, directory: Directory, providers: IdentityProviders) -> None:
        self._desk = desk
        self._directory = directory
        self._providers = providers

    async def begin(self, tenant: str, back: str) -> tuple[str, str]:
        """(where the browser goes, what it is to bring back sealed). Raises ProviderUnknown, ProviderAway."""
        client = await self._client(tenant)
        errand = Errand(
            tenant=tenant,
            issuer=client.chosen.issuer,
            state=clock.api_secret(),
            nonce=clock.api_secret(),
            verifier=clock.api_secret() + clock.api_secret(),
            until=self._desk.now() + PATIENCE,
        )
        address = await self._providers.address(client, errand, back)
        return address, self._desk.book.keys.seal(ERRAND, msgspec.json.encode(errand))

    async def finish(
        self, sealed: str, state: str, code: str, issuer: str, back: str, visit: Visit
    ) -> Admitted:
        """The browser came back. Raises SignInFailed, ProviderAway, StoreUnavailable, FleetUnavailable."""
        try:
            errand = self._errand(sealed, state, issuer)
            client = await self._client(errand.tenant)
            if client.chosen.issuer != errand.issuer:
                raise WordRefused("the provider was changed meanwhile")
            word = await self._providers.redeem(client, errand, code, back, self._desk.now())
        except (WordRefused, ProviderUnknown) as error:
            log.warning("request %s: nobody signs in by this: %s", visit.cause, error)
            await self._desk.failed(origin_of(visit.remote), Failure.OTHER)
            raise SignInFailed from error
        return await self._admit(
            errand.tenant, await load_provider(self._desk.book.store, errand.tenant), word, visit
        )

    async def _admit(self, tenant: str, provider: Provider, word: Word, visit: Visit) -> Admitted:
        """Whoever this is: added when he comes first, changed as the groups say, let go when they name none."""
        role = provider.role_of(word.groups)
        subject = self._desk.book.keys.pseudonym(f"subject\0{tenant}\0{word.issuer}\0{word.subject}")
        told = Told(recorded_at=self._desk.now(), actor="zeus", cause=visit.cause)
        person = await self._desk.book.change(
            tenant,
            subject,
            lambda one: one.vouched_for(role, word.login, word.name, word.issuer),
            told,
        )
        if role is None or not person.may_come_in:
            if person.role is not None:
                await self._desk.sessions.end_all(tenant, subject)
                self._desk.put_on_record(tenant, person, "disabled", visit)
            log.warning("request %s: no group of user %s has a role here", visit.cause, subject)
            raise SignInFailed
        return await self._desk.come_in(tenant, subject, "oidc", visit, _still_in)

    def _errand(self, sealed: str, state: str, issuer: str) -> Errand:
        """Raises WordRefused."""
        try:
            errand = msgspec.json.decode(self._desk.book.keys.open(ERRAND, sealed), type=Errand)
        except (SealBroken, msgspec.DecodeError) as error:
            raise WordRefused("the browser brings nothing of ours back") from error
        if state != errand.state or self._desk.now() >= errand.until:
            raise WordRefused("the state is another's, or too old")
        if issuer and issuer != errand.issuer:
            raise WordRefused("another provider answers (RFC 9207)")
        return errand

    async def _client(self, tenant: str) -> Client:
        """Raises ProviderUnknown, also for a tenant that is not served."""
        tenant = tenant if is_slug(tenant) else NOBODY
        provider = await load_provider(self._desk.book.store, tenant)
        if provider.chosen is None or not await self._directory.serves(tenant):
            raise ProviderUnknown(tenant)
        secret = ""
        if provider.chosen.secret:
            secret = self._desk.book.keys.open(_purpose(tenant), provider.chosen.secret).decode()
        return Client(provider.chosen, secret)


ERRAND = "errand to a provider"


def _still_in(person: User) -> list[Fact]:
    """Somebody may have disabled him in this very moment."""
    if not person.may_come_in:
        raise SignInFailed
    return []


def word_of(issuer: str, subject: str, names: Sequence[str], name: str, groups: Sequence[str]) -> Word:
    """With names as people of ours have them: the first of `names` that can be one, else the subject."""
    fitting = [one for one in names if one and one.isprintable() and not any(map(str.isspace, one))]
    login = (fitting or ["".join(sign for sign in subject if sign.isprintable() and not sign.isspace())])[0]
    shown = "".join(sign for sign in name if sign.isprintable())
    return Word(
        issuer=issuer,
        subject=subject,
        login=login[:LONGEST_LOGIN] or "-",
        name=shown[:LONGEST_NAME],
        groups=tuple(groups),
    )


async def load_provider(store: EventStore, tenant: str) -> Provider:
    """The tenant's provider as it stands."""
    provider = Provider(provider_stream(tenant))
    for event in await store.read(provider.stream):
        provider.when(event)
    return provider


def _purpose(tenant: str) -> str:
    return f"secret of {provider_stream(tenant)}"
