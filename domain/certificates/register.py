"""The register of an installation's certificates: which are in force, whose they are, when they end."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.certificates.events import Issued, Revoked
from domain.event import Event, Fact
from domain.identity import ChargerId

MOST_A_DAY = 10
"""A charger that asks for more is broken, or is somebody's tool."""
DAY = timedelta(days=1)


class CertificateUnknown(Exception):
    """No certificate with this serial number was issued; `zeus ca list --all` shows those that were."""


class CertificateRevokedAlready(Exception):
    """This certificate was revoked before; nothing was changed."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate."""

    serial: str
    tenant: str
    charger: str
    common_name: str
    issuer: str
    issued_at: datetime
    not_after: datetime
    fingerprint: str
    revoked_at: datetime | None = None
    version: int = 0
    """Of the event in the register."""

    @property
    def owner(self) -> ChargerId:
        """The charger it was made for."""
        return ChargerId(self.tenant, self.charger)

    def in_force(self, now: datetime) -> bool:
        """Neither over nor taken back."""
        return self.revoked_at is None and now < self.not_after


class Register(msgspec.Struct):
    """State of the register; the only way to change it is `when`."""

    stream: str
    version: int = 0
    entries: dict[str, Entry] = msgspec.field(default_factory=dict)
    """By serial number, oldest first."""
    newest: dict[ChargerId, Issued] = msgspec.field(default_factory=dict)
    """Charger → what was issued to it last."""

    def repeated(self, charger: ChargerId, csr_sha256: str, now: datetime) -> Issued | None:
        """The certificate that answers this request already: it is sent again, not made again."""
        last = self.newest.get(charger)
        if last is None or last.csr_sha256 != csr_sha256 or not self.entries[last.serial].in_force(now):
            return None
        return last

    def exhausted(self, charger: ChargerId, now: datetime) -> bool:
        """Did the charger get as many as a day allows?"""
        lately = [one for one in self.entries.values() if one.owner == charger and one.issued_at > now - DAY]
        return len(lately) >= MOST_A_DAY

    def revoking(self, serial: str, reason: str) -> list[Fact]:
        """Take a certificate back. Raises CertificateUnknown, CertificateRevokedAlready."""
        entry = self.entries.get(serial)
        if entry is None:
            raise CertificateUnknown(serial)
        if entry.revoked_at is not None:
            raise CertificateRevokedAlready(serial)
        return [Revoked(serial=serial, reason=reason)]

    def revoked(self) -> list[Entry]:
        """Those that were taken back."""
        return [one for one in self.entries.values() if one.revoked_at is not None]

    def shown(self) -> list[Entry]:
        """The certificate that each charger is to show, by when they end: those it replaced are of no interest."""
        current = [self.entries[last.serial] for last in self.newest.values()]
        return sorted((one for one in current if one.revoked_at is None), key=lambda one: one.not_after)

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        at = event.told.recorded_at
        match event.fact:
            case Issued() as fact:
                self.newest[ChargerId(fact.tenant, fact.charger)] = fact
                self.entries[fact.serial] = Entry(
                    serial=fact.serial,
                    tenant=fact.tenant,
                    charger=fact.charger,
                    common_name=fact.common_name,
                    issuer=fact.issuer,
                    issued_at=at,
                    not_after=fact.not_after,
                    fingerprint=fact.fingerprint,
                    version=event.originator_version,
                )
            case Revoked() as fact if fact.serial in self.entries:
                taken = msgspec.structs.replace(self.entries[fact.serial], revoked_at=at)
                self.entries[fact.serial] = taken
            case _:
                pass


def register_stream(tenant: str) -> str:
    """The stream of an installation's certificates, under the tenant of its settings."""
    return f"certificates/{tenant}/register"
