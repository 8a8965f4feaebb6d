"""The operator's books: chargers and tokens made known, passwords issued, tokens blocked."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore, VersionConflict
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.credentials import digest_of
from domain.chargers.events import Acceptance, AcceptanceDecided, CredentialIssued, Registered
from domain.event import Fact, Told, events_of
from domain.id_tokens.events import Issued
from domain.id_tokens.id_token import TokenRecord
from domain.identity import ChargerId, IdToken

ATTEMPTS = 5
PROFILES = (0, 1, 2)
"""Security profiles that can be chosen; 3 needs client certificates."""


class ChargerAlreadyRegistered(Exception):
    """A charger with this id (compared without case) is registered already; nothing was changed."""


class ChargerUnknown(Exception):
    """No charger with this id is registered; `zeus charger list` shows those that are."""


class TokenUnknown(Exception):
    """This token was never registered; add it first."""


class ProfileUnknown(ValueError):
    """Choose security profile 0 (open), 1 (password) or 2 (password over TLS)."""


class Provisioned(msgspec.Struct, frozen=True):
    """A charger that was made known."""

    cpid: str
    security_profile: int
    password: str | None
    """Shown this once, stored as a digest; None on profile 0."""


class Registry:
    """The books of one tenant."""

    def __init__(self, store: EventStore, tenant: str, actor: str) -> None:
        self._store = store
        self._tenant = tenant
        self._actor = actor

    async def add_charger(
        self, cpid: str, *, name: str = "", security_profile: int = 1, password: str | None = None
    ) -> Provisioned:
        """Register a charger; without `password` a new one is made up where the profile needs one.

        Raises InvalidChargerId, ProfileUnknown, ChargerAlreadyRegistered.
        """
        if security_profile not in PROFILES:
            raise ProfileUnknown(str(security_profile))
        charger = await self._charger(cpid)
        if charger.registered:
            raise ChargerAlreadyRegistered(charger.cpid)
        facts: list[Fact] = [Registered(cpid=cpid, security_profile=security_profile, name=name)]
        secret = None
        if security_profile:
            secret = password or clock.charger_password()
            facts.append(_credential(secret))
        try:
            await self._append(charger.stream, charger.version, facts)
        except VersionConflict as error:
            raise ChargerAlreadyRegistered(cpid) from error
        return Provisioned(cpid, security_profile, secret)

    async def new_password(self, cpid: str, password: str | None = None) -> Provisioned:
        """Replace a charger's password; the former one is refused from now on. Raises ChargerUnknown."""
        secret = password or clock.charger_password()

        def decide(charger: Charger) -> list[Fact]:
            return [_credential(secret)]

        charger = await self._change_charger(cpid, decide)
        return Provisioned(charger.cpid, charger.security_profile, secret)

    async def decide_acceptance(self, cpid: str, acceptance: Acceptance) -> None:
        """What the charger's next boot is answered. Raises ChargerUnknown."""

        def decide(charger: Charger) -> list[Fact]:
            return [] if charger.acceptance is acceptance else [AcceptanceDecided(acceptance)]

        await self._change_charger(cpid, decide)

    async def issue_token(
        self,
        id_token: IdToken,
        *,
        group: str = "",
        label: str = "",
        expires_at: datetime | None = None,
        max_active: int | None = None,
    ) -> None:
        """Make a token known, or describe it anew."""
        fact = Issued(
            id_token=id_token, group=group, label=label, expires_at=expires_at, max_active=max_active
        )
        await self._change_token(id_token, lambda record: record.issue(fact))

    async def block_token(self, id_token: IdToken, reason: str = "") -> None:
        """The token may no longer charge. Raises TokenUnknown."""
        await self._change_token(id_token, lambda record: record.block(reason), known=True)

    async def unblock_token(self, id_token: IdToken) -> None:
        """The token may charge again. Raises TokenUnknown."""
        await self._change_token(id_token, lambda record: record.unblock(), known=True)

    async def _charger(self, cpid: str) -> Charger:
        return await load_charger(self._store, ChargerId.of(self._tenant, cpid))

    async def _change_charger(self, cpid: str, decide: Callable[[Charger], list[Fact]]) -> Charger:
        for attempt in range(ATTEMPTS):
            charger = await self._charger(cpid)
            if not charger.registered:
                raise ChargerUnknown(cpid)
            try:
                await self._append(charger.stream, charger.version, decide(charger))
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            return charger
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _change_token(
        self, id_token: IdToken, decide: Callable[[TokenRecord], list[Fact]], *, known: bool = False
    ) -> None:
        for attempt in range(ATTEMPTS):
            record = TokenRecord(id_token.stream(self._tenant))
            for event in await self._store.read(record.stream):
                record.when(event)
            if known and record.id_token is None:
                raise TokenUnknown
            try:
                await self._append(record.stream, record.version, decide(record))
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            return

    async def _append(self, stream: str, version: int, facts: list[Fact]) -> None:
        if facts:
            told = Told(recorded_at=clock.now(), actor=self._actor)
            await self._store.append(events_of(stream, version, facts, told))


def _credential(password: str) -> CredentialIssued:
    salt = clock.salt()
    return CredentialIssued(salt=salt, digest=digest_of(salt, password.encode()))
