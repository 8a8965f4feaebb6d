"""The verdict on a certificate that a charger showed, to us or to a proxy."""

import msgspec

from adapters.certificates.authorities import CertificateUnreadable
from adapters.certificates.tls import Tls
from application import clock
from application.certificates import CertificateBook
from domain.chargers.client_certificate import ClientCertificate, Fault, Presented


class Judge:
    """Judges by what is in force at the moment."""

    def __init__(self, tls: Tls, book: CertificateBook | None = None) -> None:
        """`book` is the register of our own authority."""
        self._tls = tls
        self._book = book

    async def __call__(self, presented: Presented) -> ClientCertificate:
        """What the certificate says and whether it is to be believed. Raises StoreUnavailable."""
        now = clock.now()
        try:
            found = self._tls.authorities.judge(presented.der, now)
        except CertificateUnreadable:
            return ClientCertificate(
                common_name="", serial="", issuer="", not_after=now, fault=Fault.UNTRUSTED
            )
        if presented.verdict and not self._tls.authorities:
            return msgspec.structs.replace(found, fault=fault_of(presented.verdict))
        return found if self._book is None else await self._looked_up(found, self._book)

    async def _looked_up(self, found: ClientCertificate, book: CertificateBook) -> ClientCertificate:
        """With whom our authority made it for; the register knows of a revocation before any list does."""
        entry = await book.find(found.serial, found.issuer)
        if entry is None:
            return found
        fault = Fault.REVOKED if entry.revoked_at is not None else found.fault
        return msgspec.structs.replace(found, issued_to=entry.owner, fault=fault)


def fault_of(verdict: str) -> Fault | None:
    """What nginx says in `$ssl_client_verify`: `SUCCESS`, or `FAILED:` and OpenSSL's words."""
    if verdict == "SUCCESS":
        return None
    if "revoked" in verdict:
        return Fault.REVOKED
    expired = "expired" in verdict or "not yet valid" in verdict
    return Fault.EXPIRED if expired else Fault.UNTRUSTED
