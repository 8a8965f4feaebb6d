"""May this socket be opened? The rule of security profiles and passwords, as a pure function."""

from datetime import datetime

import msgspec

from domain.chargers.charger import Charger
from domain.chargers.client_certificate import ClientCertificate
from domain.chargers.credentials import Credential
from domain.chargers.networks import within
from domain.chargers.particulars import WITH_PASSWORD
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
    at: datetime | None = None
    """When it knocks, by our clock; None: no upgrade of the profile counts."""


class Admission(msgspec.Struct, frozen=True):
    """The verdict: `refused` names the reason, `flags` what is worth correcting."""

    refused: str = ""
    flags: tuple[str, ...] = ()
    shown: Credential | None = None
    """The password it came with; None where none was asked for."""
    certificate: ClientCertificate | None = None
    """The certificate it came with, where that was asked for."""
    security_profile: int = 0
    """The one it was judged by: its own, or the higher one that it is being led to."""


def admit(charger: Charger, knock: Knock, organisation: str = "") -> Admission:
    """Judge a knock: profile 0 needs a listed network, 1 a password, 2 a password over TLS, 3 a certificate.

    A charger on a lower profile than its own is refused (A00.FR.002); profile 1 over TLS is the better
    protected and is let in, flagged. One that is disabled or retired is refused whatever it shows.
    `organisation` is the operator's name, where certificates have to bear it (A00.FR.404).

    While a higher profile is on its way to the charger it is judged by that one if it shows what that one asks for,
    and else by its own.
    """
    if charger.standing is not Standing.ACTIVE:
        return Admission("charger_disabled")
    wanted = _shown(charger, knock)
    if wanted != charger.security_profile:
        found = _judge(charger, knock, organisation, wanted)
        # A password that is wrong for one profile is for the other: it is not hashed twice.
        if not found.refused or (wanted in WITH_PASSWORD and charger.security_profile in WITH_PASSWORD):
            return found
    return _judge(charger, knock, organisation, charger.security_profile)


def wants_certificate(charger: Charger, at: datetime) -> bool:
    """Is a certificate that it shows to be looked at?"""
    upgrade = charger.upgrade
    led = upgrade is not None and upgrade.under_way(at) and upgrade.security_profile == 3
    return charger.security_profile == 3 or led


def _shown(charger: Charger, knock: Knock) -> int:
    """The higher profile that it is being led to, if it comes with what that one asks for; else its own."""
    upgrade, own = charger.upgrade, charger.security_profile
    if upgrade is None or knock.at is None or not upgrade.under_way(knock.at):
        return own
    match upgrade.security_profile:
        case 3:
            comes = knock.secure and knock.certificate is not None
        case 2:
            comes = knock.secure and knock.password is not None
        case _:
            comes = knock.password is not None
    return upgrade.security_profile if comes else own


def _judge(charger: Charger, knock: Knock, organisation: str, profile: int) -> Admission:
    """Judge by one profile."""
    flags = [] if charger.cpid == knock.cpid else ["id_case"]
    if profile == 0:
        if not within(knock.remote, charger.networks):
            return Admission("network_not_allowed")
        return Admission(flags=tuple(flags), security_profile=profile)
    if profile == 3:
        refused = _judge_certificate(charger, knock, organisation)
        if refused:
            return Admission(refused)
        return Admission(flags=tuple(flags), certificate=knock.certificate, security_profile=profile)
    if profile == 2 and not knock.secure:
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
    if profile == 1 and knock.secure:
        flags.append("profile_mismatch")
    return Admission(flags=tuple(flags), shown=shown, security_profile=profile)


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
