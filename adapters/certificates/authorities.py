"""The authorities whose client certificates are believed, and the verdict on a certificate. Pure."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.chargers.client_certificate import ClientCertificate, Fault

log = logging.getLogger("zeus.tls")

DEPTH = 6
"""More authorities above each other than this are a circle."""


class CertificateUnreadable(ValueError):
    """What was shown as a certificate is none."""


class Authorities:
    """Those of our files. What is not below one of them is not believed, whatever a charger sends along."""

    def __init__(
        self,
        authorities: Sequence[x509.Certificate] = (),
        lists: Sequence[x509.CertificateRevocationList] = (),
    ) -> None:
        self._authorities = tuple(one for one in authorities if _may_sign(one))
        self._lists = tuple(lists)

    def __bool__(self) -> bool:
        return bool(self._authorities)

    @property
    def pem(self) -> str:
        """All of them, as TLS is to know them."""
        return "".join(one.public_bytes(Encoding.PEM).decode() for one in self._authorities)

    @property
    def first_end(self) -> datetime:
        """When the first of them ends; call it where there is one."""
        return min(one.not_valid_after_utc for one in self._authorities)

    def judge(self, der: bytes, now: datetime) -> ClientCertificate:
        """What the certificate says, with its fault if it has one. Raises CertificateUnreadable."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            told = facts_of(certificate)
        except ValueError as error:
            raise CertificateUnreadable(str(error)) from error
        return ClientCertificate(
            common_name=told.common_name,
            organisation=told.organisation,
            serial=told.serial,
            issuer=told.issuer,
            not_before=told.not_before,
            not_after=told.not_after,
            fault=self._fault(certificate, now),
        )

    def _fault(self, certificate: x509.Certificate, now: datetime) -> Fault | None:
        """Untrusted before anything else: what a stranger's certificate says of its time is worth nothing."""
        above = list(self._above(certificate))
        if not above or not _is_for_clients(certificate):
            return Fault.UNTRUSTED
        chain = [certificate, *above]
        if any(self._is_revoked(one, issuer) for one, issuer in zip(chain, above, strict=False)):
            return Fault.REVOKED
        if not all(one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in chain):
            return Fault.EXPIRED
        return None

    def _above(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        """The authorities over it, as far up as our files go."""
        for _ in range(DEPTH):
            issuer = next((one for one in self._authorities if _signed(certificate, one)), None)
            if issuer is None:
                return
            yield issuer
            if issuer.subject == issuer.issuer:
                return
            certificate = issuer

    def _is_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        serial = certificate.serial_number
        return any(
            one.get_revoked_certificate_by_serial_number(serial) is not None
            for one in self._lists
            if one.issuer == issuer.subject and _signed_list(one, issuer)
        )


def facts_of(certificate: x509.Certificate) -> ClientCertificate:
    """What the certificate says, unjudged. Raises ValueError where it is malformed."""
    return ClientCertificate(
        common_name=name_part(certificate.subject, NameOID.COMMON_NAME),
        organisation=name_part(certificate.subject, NameOID.ORGANIZATION_NAME),
        serial=f"{certificate.serial_number:x}",
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def name_part(name: x509.Name, part: x509.ObjectIdentifier) -> str:
    """The one value of this kind; empty for none, and for several: nobody could say which counts."""
    values = [str(one.value) for one in name.get_attributes_for_oid(part)]
    return values[0] if len(values) == 1 else ""


def _may_sign(authority: x509.Certificate) -> bool:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        is_authority = constraints.ca
    except (x509.ExtensionNotFound, ValueError):
        is_authority = False
    if not is_authority:
        log.warning("%s is no certificate authority and is left aside", authority.subject.rfc4514_string())
    return is_authority


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in uses


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signed_list(one: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and one.is_signature_valid(key)
