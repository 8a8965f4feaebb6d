"""The certificate a charger shows when it knocks (security profile 3)."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.identity import ChargerId


class Fault(StrEnum):
    """Why a certificate is not believed."""

    EXPIRED = "expired"
    """Or not valid yet: a box without a clock is in 1970."""
    REVOKED = "revoked"
    UNTRUSTED = "untrusted"
    """Of no authority we know, or not made for a client."""


class Presented(msgspec.Struct, frozen=True):
    """A certificate as it came: over TLS of our own, or from a proxy that is trusted."""

    der: bytes
    """Empty where the proxy sent something that is no certificate."""
    verdict: str = ""
    """The proxy's: `SUCCESS` or `FAILED:` and why; empty where the charger itself came."""


class ClientCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What it says, and whether it is to be believed. That the charger has its key, TLS has proven."""

    common_name: str
    organisation: str = ""
    serial: str
    """Of the certificate, in hex; unique below its issuer."""
    issuer: str
    """The issuer's name (RFC 4514)."""
    not_before: datetime | None = None
    """None where it could not be read."""
    not_after: datetime
    fault: Fault | None = None
    issued_to: ChargerId | None = None
    """The charger that our own authority made it for; None where another made it."""
