"""Certificates of chargers: signed when they ask, written into the register, delivered, taken back.

The process that has the charger's socket does it: it holds the request, which is in the log as part of a frame only,
and where it dies in between nothing is owed to anybody, for a charger that got no certificate asks again
(A02.FR.17). A follower of the log would have to take frames apart, and would sign again what was delivered long ago.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from application import clock
from application.command_refusals import ChargerNotAccepted, ChargerNotConnected, NotPossible
from application.commands import Commands, Wish
from application.desk import Desk
from application.fleet import FleetUnavailable
from application.ports import EventStore, EventStoreError, VersionConflict
from application.registry import ChargerUnknown
from application.reports import Decision
from application.rules import Rules
from domain.certificates.events import Issued
from domain.certificates.register import Entry, Register, register_stream
from domain.certificates.signing import SignatureQuestion, SignatureVerdict, objection
from domain.commands.certificates import CertificateSigned
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

log = logging.getLogger("zeus.certificates")

ACTOR = "job:certificates"
ATTEMPTS = 20
"""Of writers in several processes."""
CRL_PATH, OCSP_PATH = "/ca/crl.der", "/ca/ocsp"
"""Below the public address: where others learn whether a certificate counts."""
NOT_DELIVERED = (ChargerNotConnected, ChargerNotAccepted, ChargerUnknown, NotPossible)


class AuthorityFailed(Exception):
    """The certificate authority did not sign or publish; the message says why."""


class SignedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority gives back."""

    serial: str
    common_name: str
    issuer: str
    not_after: datetime
    fingerprint: str
    chain: str
    """The certificate and those above it but the root, PEM."""


class CertificateAuthority(Protocol):
    """Who signs: our own, or one elsewhere."""

    async def sign(self, csr: str, now: datetime) -> SignedCertificate:
        """A certificate for the key of this request, by its CN and O. Raises AuthorityFailed."""
        ...

    async def publish(self, revoked: Sequence[Entry], now: datetime) -> None:
        """Say to whoever asks the authority which certificates count no more. Raises AuthorityFailed."""
        ...


async def decide_signature(desk: Desk, question: SignatureQuestion, told: Told, rules: Rules) -> Decision:
    """SignCertificate: whether it will be signed; that is done when the charger has its answer (A02.FR.02)."""
    objected = objection(desk.charger, question, rules.organisation) if rules.signs else NO_AUTHORITY
    fact = msgspec.structs.replace(question.requested, objection=objected)
    return Decision(SignatureVerdict(objected), [(desk.charger, [fact])])


NO_AUTHORITY = "this CSMS signs no certificates"


class CertificateBook:
    """The register, kept in memory and caught up with the log: what every gateway knows of certificates."""

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store = store
        self._register = Register(register_stream(tenant))
        self._turn = asyncio.Lock()
        """One writer at a time: a fleet that renews would only meet on the register's stream and try again."""

    @property
    def known(self) -> Register:
        """As of the last look."""
        return self._register

    async def current(self) -> Register:
        """As it stands in the log. Raises StoreUnavailable."""
        for event in await self._store.read(self._register.stream, self._register.version):
            if event.originator_version > self._register.version:  # others read meanwhile
                self._register.when(event)
        return self._register

    async def find(self, serial: str, issuer: str) -> Entry | None:
        """The certificate if our authority made it; the log is asked each time: it may have been revoked just now.

        Raises StoreUnavailable.
        """
        entry = (await self.current()).entries.get(serial)
        return entry if entry is not None and entry.issuer == issuer else None

    async def change(self, decide: Callable[[Register], list[Fact]], actor: str, cause: str = "") -> Register:
        """Write what `decide` makes of it; raises what that raises, and EventStoreError."""
        async with self._turn:
            for _ in range(ATTEMPTS):
                register = await self.current()
                told = Told(recorded_at=clock.now(), actor=actor, cause=cause)
                events = events_of(register.stream, register.version, decide(register), told)
                if not events:
                    return register
                try:
                    await self._store.append(events)
                except VersionConflict:
                    continue
                return await self.current()
        raise VersionConflict(self._register.stream)


class Certificates:
    """Signs and takes back. Without an authority it does neither."""

    def __init__(
        self,
        book: CertificateBook,
        authority: CertificateAuthority | None,
        commands: Commands,
        revoked: Callable[[ChargerId], Awaitable[None]],
    ) -> None:
        """`revoked` tells whoever has the charger's socket that its certificate counts no more."""
        self.book = book
        self._authority = authority
        self._commands = commands
        self._revoked = revoked
        self._signing: dict[ChargerId, asyncio.Task[None]] = {}

    def begin(self, charger: ChargerId, question: SignatureQuestion) -> None:
        """Sign and deliver, beside the charger's session. Returns at once; one at a time for each charger."""
        if charger in self._signing:
            log.info("%s: asks again while its certificate is being made", charger.stream)
            return
        task = asyncio.create_task(self._answer(charger, question))
        self._signing[charger] = task
        task.add_done_callback(lambda _: self._signing.pop(charger, None))

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._signing.values(), return_exceptions=True)

    async def revoke(self, serial: str, reason: str, actor: str, cause: str = "") -> Entry:
        """Take a certificate back, publish it, and close the door to whoever came in by it.

        Raises CertificateUnknown, CertificateRevokedAlready, AuthorityFailed, EventStoreError.
        """
        register = await self.book.change(lambda one: one.revoking(serial, reason), actor, cause)
        entry = register.entries[serial]
        await self.publish()
        await self._revoked(entry.owner)
        return entry

    async def publish(self) -> None:
        """Publish what was revoked, anew: lists grow old. Raises AuthorityFailed, StoreUnavailable."""
        if self._authority is not None:
            register = await self.book.current()
            await self._authority.publish(register.revoked(), clock.now())

    async def _answer(self, charger: ChargerId, question: SignatureQuestion) -> None:
        try:
            issued = await self._issued(charger, question)
            if issued is None:
                log.warning("%s: asks for too many certificates, it gets no more today", charger.stream)
                return
            intent = CertificateSigned(
                chain=issued.certificate,
                purpose=question.requested.purpose,
                request_id=question.requested.request_id,
            )
            wish = Wish(intent=intent, actor=ACTOR, cause=f"csr {issued.csr_sha256[:16]}")
            await self._commands.request(charger, wish)
        except NOT_DELIVERED as error:
            log.warning("%s: its certificate was not delivered, it will ask again: %r", charger.stream, error)
        except (AuthorityFailed, EventStoreError, FleetUnavailable) as error:
            log.error("%s: no certificate for it, it will ask again: %s", charger.stream, error)

    async def _issued(self, charger: ChargerId, question: SignatureQuestion) -> Issued | None:
        now, digest = clock.now(), question.requested.csr_sha256
        register = await self.book.current()
        if found := register.repeated(charger, digest, now):
            return found
        if self._authority is None or register.exhausted(charger, now):
            return None
        signed = await self._authority.sign(question.csr, now)
        fact = Issued(
            serial=signed.serial,
            tenant=charger.tenant,
            charger=charger.key,
            common_name=signed.common_name,
            issuer=signed.issuer,
            not_after=signed.not_after,
            fingerprint=signed.fingerprint,
            csr_sha256=digest,
            certificate=signed.chain,
        )
        await self.book.change(lambda _: [fact], ACTOR, f"csr {digest[:16]}")
        return fact
