"""The operator's books: chargers and tokens made known, passwords issued, tokens blocked."""

from collections.abc import Callable, Collection
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore, VersionConflict
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.credentials import LENGTH, Credential, digest_of
from domain.chargers.events import Acceptance, AcceptanceDecided, CredentialIssued, Registered
from domain.chargers.networks import NetworksNeeded
from domain.chargers.particulars import (
    NOTHING_SAID,
    PROFILES,
    WITH_PASSWORD,
    ChargerRetired,
    Particulars,
    ProfileUnknown,
    adopt,
    describe,
    hold_until,
    offer,
    withdraw,
)
from domain.chargers.provisioning import Standing
from domain.event import Event, Fact, Told, events_of
from domain.id_tokens.events import Issued
from domain.id_tokens.id_token import TokenRecord
from domain.identity import ChargerId, IdToken

ATTEMPTS = 5


class ChargerAlreadyRegistered(Exception):
    """A charger with this id (compared without case) is registered already; nothing was changed."""


class ChargerUnknown(Exception):
    """No charger with this id is registered; `zeus charger list` shows those that are."""


class TokenUnknown(Exception):
    """This token was never registered; add it first."""


class RevisionPassed(Exception):
    """Somebody changed the charger since you looked: look again, then decide."""


class Provisioned(msgspec.Struct, frozen=True):
    """A charger that was made known."""

    cpid: str
    security_profile: int
    password: str | None
    """Shown this once, stored as a digest; None on profiles 0 and 3."""
    credential_id: str = ""


class Offered(msgspec.Struct, frozen=True):
    """A new password that is to be sent to the charger over OCPP, and to be settled by what it answers."""

    cpid: str
    credential_id: str
    password: str
    """Never stored, never logged: it goes into the one message and is forgotten."""


class Registry:
    """The books of one tenant."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._actor = actor
        self._cause = cause

    async def add_charger(
        self,
        cpid: str,
        *,
        name: str = "",
        security_profile: int = 1,
        password: str | None = None,
        particulars: Particulars = NOTHING_SAID,
        hold: bool = False,
        auto_accept_until: datetime | None = None,
    ) -> Provisioned:
        """Register a charger, or anew one that was retired; without `password` one is made up where needed.

        With `hold` its boots are answered Pending until an operator accepts it; with `auto_accept_until` a
        boot up to then is Accepted and settles it. Raises InvalidChargerId, ProfileUnknown, NetworksNeeded,
        NetworkInvalid, ChargerAlreadyRegistered.
        """
        if security_profile not in PROFILES:
            raise ProfileUnknown(str(security_profile))
        if security_profile == 0 and not particulars.networks:
            raise NetworksNeeded(cpid)
        charger = await self._charger(cpid)
        if charger.registered and charger.standing is not Standing.RETIRED:
            raise ChargerAlreadyRegistered(charger.cpid)
        facts: list[Fact] = [Registered(cpid=cpid, security_profile=security_profile, name=name)]
        secret, credential_id = None, ""
        if security_profile in WITH_PASSWORD:
            secret = password or clock.charger_password()
            issued = new_credential(secret.encode())
            credential_id = issued.id
            facts.append(issued_as(issued))
        facts += describe(Charger(charger.id, name=name, security_profile=security_profile), particulars)
        if auto_accept_until is not None:
            facts.append(hold_until(auto_accept_until))
        elif hold:
            facts.append(AcceptanceDecided(Acceptance.PENDING))
        try:
            await self._append(charger.stream, charger.version, facts)
        except VersionConflict as error:
            raise ChargerAlreadyRegistered(cpid) from error
        return Provisioned(cpid, security_profile, secret, credential_id)

    async def describe_charger(
        self, cpid: str, wanted: Particulars, expected: Collection[int] | None = None
    ) -> Charger:
        """Change what operators say of a charger; the charger as it stands then, its `revision` included.

        `expected` are the revisions that whoever asks has seen; None: he did not look.
        Raises ChargerUnknown, ChargerRetired, RevisionPassed, ProfileUnknown, DowngradeWithoutReason,
        PasswordNeeded, NetworksNeeded, NetworkInvalid. A charger that is connected when it is disabled or retired
        has to be disconnected by whoever owns its socket (`Presence.turn_out`).
        """

        def decide(charger: Charger) -> list[Fact]:
            if expected is not None and charger.revision not in expected:
                raise RevisionPassed(str(charger.revision))
            return describe(charger, wanted)

        return await self.change_charger(cpid, decide)

    async def disable_charger(self, cpid: str, reason: str = "") -> Charger:
        """Refuse the charger until it is enabled. Raises ChargerUnknown, ChargerRetired."""
        return await self.describe_charger(cpid, Particulars(standing=Standing.DISABLED, reason=reason))

    async def enable_charger(self, cpid: str) -> Charger:
        """Let the charger come again. Raises ChargerUnknown, ChargerRetired."""
        return await self.describe_charger(cpid, Particulars(standing=Standing.ACTIVE))

    async def retire_charger(self, cpid: str, reason: str = "") -> Charger:
        """The charger is gone for good; its history stays. Raises ChargerUnknown."""
        return await self.describe_charger(cpid, Particulars(standing=Standing.RETIRED, reason=reason))

    async def new_password(
        self, cpid: str, password: str | None = None, *, length: int = LENGTH
    ) -> Provisioned:
        """Replace a charger's password by hand; every former one is refused from now on.

        Raises ChargerUnknown, ChargerRetired.
        """
        secret = password or clock.charger_password(length)
        issued = new_credential(secret.encode())

        def decide(charger: Charger) -> list[Fact]:
            if charger.standing is Standing.RETIRED:
                raise ChargerRetired(charger.cpid)
            return [issued_as(issued)]

        charger = await self.change_charger(cpid, decide)
        return Provisioned(charger.cpid, charger.security_profile, secret, issued.id)

    async def offer_password(self, cpid: str, *, length: int = LENGTH, credential_id: str = "") -> Offered:
        """A new password to be sent over OCPP; the former one stays valid until the outcome is known.

        `credential_id` names it; made up where none is given.

        Raises ChargerUnknown, ChargerRetired, CredentialOffersUnsettled.
        """
        secret = clock.charger_password(length)
        credential = new_credential(secret.encode(), credential_id)
        charger = await self.change_charger(cpid, lambda charger: offer(charger, credential))
        return Offered(charger.cpid, credential.id, secret)

    async def adopt_password(self, cpid: str, credential_id: str) -> None:
        """The charger said Accepted to the offered password (A01.FR.03). Raises ChargerUnknown."""
        await self.change_charger(cpid, lambda charger: adopt(charger, credential_id))

    async def withdraw_password(self, cpid: str, credential_id: str, reason: str) -> None:
        """The charger refused the offered password, or it was never sent (A01.FR.04). Raises ChargerUnknown.

        Not for a time-out: a charger that did not answer may use the password all the same.
        """
        await self.change_charger(cpid, lambda charger: withdraw(charger, credential_id, reason))

    async def begin_guidance(self, cpid: str) -> None:
        """Something lasting is wanted of the charger: it is led there from now on. Raises ChargerUnknown."""
        await self.change_charger(cpid, lambda charger: charger.begin_guidance())

    async def decide_acceptance(self, cpid: str, acceptance: Acceptance) -> None:
        """What the charger's next boot is answered. Raises ChargerUnknown."""

        def decide(charger: Charger) -> list[Fact]:
            settled = charger.acceptance is acceptance and charger.auto_accept_until is None
            return [] if settled else [AcceptanceDecided(acceptance)]

        await self.change_charger(cpid, decide)

    async def auto_accept_until(self, cpid: str, until: datetime) -> None:
        """A boot up to then is answered Accepted, a later one Pending. Raises ChargerUnknown."""
        await self.change_charger(cpid, lambda charger: [hold_until(until)])

    async def change_charger(self, cpid: str, decide: Callable[[Charger], list[Fact]]) -> Charger:
        """What a pure rule makes of the charger; the charger then.

        Raises ChargerUnknown, and what `decide` raises.
        """
        for attempt in range(ATTEMPTS):
            charger = await self._charger(cpid)
            if not charger.registered:
                raise ChargerUnknown(cpid)
            try:
                events = await self._append(charger.stream, charger.version, decide(charger))
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            for event in events:
                charger.when(event)
            return charger
        raise AssertionError("unreachable: the last attempt returns or raises")

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

    async def _append(self, stream: str, version: int, facts: list[Fact]) -> list[Event[Fact]]:
        told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
        events = events_of(stream, version, facts, told)
        if events:
            await self._store.append(events)
        return events


def new_credential(password: bytes, name: str = "") -> Credential:
    """A salted digest of the password, under a name of its own."""
    salt = clock.salt()
    return Credential(salt, digest_of(salt, password), name or clock.time_ordered_id())


def issued_as(credential: Credential, *, first_use: bool = False) -> CredentialIssued:
    """The fact that this password is valid."""
    return CredentialIssued(credential.salt, credential.digest, credential.id, first_use)
