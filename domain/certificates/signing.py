"""May this request of a charger be signed? A pure rule."""

import msgspec

from domain.chargers.charger import Charger
from domain.chargers.provisioning import Standing
from domain.chargers.security import SignatureRequested

OURS = ("", "ChargingStationCertificate")
"""What our authority signs: how a charger shows itself to us; none for ISO 15118."""


class SigningRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a PKCS#10 request says."""

    common_name: str
    organisation: str = ""
    key: str
    """Such as `RSA 2048` or `ECDSA 256`."""
    strong: bool
    """RSA of at least 2048 bits, or a curve of at least 224 (A00.FR.501, A00.FR.502)."""
    genuine: bool
    """Signed with the very key it asks a certificate for."""


class SignatureQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A charger asks to have a certificate signed."""

    requested: SignatureRequested
    csr: str
    """The request itself, PEM."""
    request: SigningRequest | None
    """What it says; None where it cannot be read."""


class SignatureVerdict(msgspec.Struct, frozen=True):
    """What the charger is told: an objection, or that a certificate will follow."""

    objection: str = ""


def objection(charger: Charger, question: SignatureQuestion, organisation: str = "") -> str:
    """Why it is not signed, as a sentence of at most 50 letters or so; empty where it is.

    `organisation` is the operator's name where certificates have to bear it (A00.FR.404).
    """
    request = question.request
    if question.requested.purpose not in OURS:
        return "no certificates for ISO 15118 are signed here"
    if not charger.registered or charger.standing is not Standing.ACTIVE:
        return "the charger is not in use"
    if charger.security_profile < 2:
        return "the charger is on a profile without TLS"
    if request is None:
        return "the request is no PKCS#10 in PEM"
    if not request.strong:
        return f"the key is too weak ({request.key})"
    if not request.genuine:
        return "the signature of the request is wrong"
    if not charger.is_named(request.common_name):
        return "CN is neither its id nor its serial number"
    if organisation and request.organisation != organisation:
        return "O is not the operator's name"
    return ""
