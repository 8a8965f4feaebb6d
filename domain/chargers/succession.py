"""Of two connections of one charger, which may stay: what each was opened with, and which of the two is stronger."""

from datetime import datetime

import msgspec

from domain.chargers.credentials import Keyring


class ConnectedAlready(Exception):
    """The charger has a connection that nobody found dead, and the newcomer shows nothing stronger."""


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a connection was opened with."""

    security_profile: int = 0
    """The charger's at that time; everything it asks for was shown."""
    credential: str = ""
    """The name of the password; empty where none was asked for, and in events older than this field."""
    certificate: str = ""
    """The serial number of the client certificate."""
    certificate_from: datetime | None = None
    """When that certificate begins: of two, the newer one is in use and the older one may be lost."""


def outranks(newcomer: Proof, first: Proof, keyring: Keyring) -> bool:
    """May the newcomer take the place of a first connection that is alive?

    Yes where it shows what the first one had not: a higher profile (a certificate where there was a password, a
    password where there was nothing), a newer certificate, a newer password. Who shows the same has to wait for
    the first one's silence, and so has whoever shows less; who shows nothing never takes anybody's place (SEC-08).
    """
    if newcomer.security_profile != first.security_profile:
        return newcomer.security_profile > first.security_profile
    if newcomer.certificate_from is not None and first.certificate_from is not None:
        return newcomer.certificate_from > first.certificate_from
    if not newcomer.credential or not first.credential:
        return False
    return keyring.age_of(newcomer.credential) > keyring.age_of(first.credential)
