"""May this socket be opened? The rule of security profiles and passwords, as a pure function."""

import msgspec

from domain.chargers.charger import Charger
from domain.chargers.client_certificate import ClientCertificate
from domain.chargers.credentials import Credential
from domain.chargers.networks import within
from domain.chargers.provisioning import Standing


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger shows when it knocks."""

    cpid: str
    user: bytes | None = None
    password: bytes | None = None
    remote: str = ""
    """The address it comes from, as configured proxies tell it."""
    secure: bool = False
    """Over TLS, as seen by the charger."""
    certificate: ClientCertificate | None = None


class Admission(msgspec.Struct, frozen=True):
    """The verdict: `refused` names the reason, `flags` what is worth correcting."""

    refused: str = ""
    flags: tuple[str, ...] = ()
    shown: Credential | None = None
    """The password it came with; None where none was asked for."""
    certificate: ClientCertificate | None = None
    """The certificate it came with, where that was asked for."""


def admit(charger: Charger, knock: Knock, organisation: str = "") -> Admission:
    """Judge a knock: profile 0 needs a listed network, 1 a password, 2 a password over TLS, 3 a certificate.

    A charger on a lower profile than its own is refused (A00.FR.002); profile 1 over TLS is the better
    protected and is let in, flagged. One that is disabled or retired is refused whatever it shows.
    `organisation` is the operator's name, where certificates have to bear it (A00.FR.404).
    """
    if charger.standing is not Standing.ACTIVE:
        return Admission("charger_disabled")
    flags = [] if charger.cpid == knock.cpid else ["id_case"]
    if charger.security_profile == 0:
        if not within(knock.remote, charger.networks):
            return Admission("network_not_allowed")
        return Admission(flags=tuple(flags))
    if charger.security_profile == 3:
        refused = _judge_certificate(charger, knock, organisation)
        return Admission(refused) if refused else Admission(flags=tuple(flags), certificate=knock.certificate)
    if charger.security_profile == 2 and not knock.secure:
        return Admission("profile_mismatch")
    if knock.password is None or knock.user is None:
        return Admission("auth_missing")
    shown, form = charger.keyring.find(knock.password)
    if shown is None:
        return Admission("auth_password")
    # Not bytes.upper(), which leaves umlauts alone; a surrogate stands for no UTF-8 and is in no id.
    if knock.user.decode(errors="surrogateescape").upper() != charger.cpid.upper():
        return Admission("auth_user_mismatch")
    if form == "hex":
        flags.append("auth_hex_form")
    if charger.security_profile == 1 and knock.secure:
        flags.append("profile_mismatch")
    return Admission(flags=tuple(flags), shown=shown)


def _judge_certificate(charger: Charger, knock: Knock, organisation: str) -> str:
    """Why the certificate does not open this door; empty where it does.

    Its name is the charger's id or a serial number it told (A00.FR.404, A00.FR.405). One that our own authority made
    opens the door of the charger it was made for and no other: makers are known to repeat serial numbers.
    """
    certificate = knock.certificate
    if certificate is None or not knock.secure:
        return "client_cert_missing"
    if certificate.fault is not None:
        return f"client_cert_{certificate.fault}"
    if certificate.issued_to not in (None, charger.id):
        return "client_cert_cn"
    if not charger.is_named(certificate.common_name):
        return "client_cert_cn"
    return "client_cert_o" if organisation and certificate.organisation != organisation else ""
