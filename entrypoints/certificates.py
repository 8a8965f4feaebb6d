"""Where the certificates of this installation are, as its settings say."""

import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from adapters.certificates.local_ca import CHAIN, LIST, ROOT, LocalAuthority
from adapters.certificates.tls import Tls, TlsFiles
from adapters.http.health import Probe
from application import clock
from application.renewals import kind_of
from domain.certificates.register import Register
from entrypoints.database import data_home
from entrypoints.listening import listen
from entrypoints.settings import Settings


def authority_home(settings: Settings) -> Path:
    """The directory of our own authority, made by `zeus ca init`."""
    return data_home(settings) / "ca"


def open_authority(settings: Settings) -> LocalAuthority | None:
    """Our own authority; None where nobody made it. Raises CertificateFileWrong."""
    home = authority_home(settings)
    return LocalAuthority(home, settings.public_url or "") if (home / ROOT).exists() else None


def tls_files(settings: Settings) -> TlsFiles:
    """The files that `Tls` reads."""
    own = authority_home(settings)
    return TlsFiles(
        chains=tuple(Path(name) for name in settings.tls_certificates),
        authorities=() if settings.tls_client_ca is None else (settings.tls_client_ca,),
        lists=() if settings.tls_client_crl is None else (settings.tls_client_crl,),
        own_authorities=(own / CHAIN,),
        own_lists=(own / LIST,),
    )


def open_tls(settings: Settings) -> Tls:
    """What is in force. Raises CertificateFileWrong."""
    return Tls(tls_files(settings))


def tls_host(settings: Settings) -> str:
    """The address that the TLS listener is at."""
    return settings.tls_host or settings.host


def listen_for_tls(settings: Settings) -> socket.socket | None:
    """The socket of the TLS listener; None where there is none to be."""
    return listen(tls_host(settings), settings.tls_port) if settings.tls_certificates else None


class KnownStatus:
    """What our authority tells of its certificates, by the register as this process knows it."""

    def __init__(self, authority: LocalAuthority, register: Callable[[], Register]) -> None:
        """`register` is looked at for each answer; it is a few seconds old at most."""
        self._authority = authority
        self._register = register

    def revocation_list(self) -> bytes:
        """In DER, as it was published last. Raises AuthorityFailed."""
        return self._authority.revocation_list()

    def answer(self, request: bytes) -> tuple[bytes, bool]:
        """An OCSP response, and whether it may be kept."""
        return self._authority.status(request, self._register().entries.get, clock.now())


def ours_by_end(tls: Tls) -> dict[str, tuple[str, datetime]]:
    """Each certificate of the server's chains, and our authorities: (serial number, when it ends)."""
    found = {}
    for chain in tls.chains:
        first = min(chain.certificates, key=lambda one: one.not_valid_after_utc)
        found[f"server_{chain.kind.lower()}"] = (f"{first.serial_number:x}", first.not_valid_after_utc)
    if tls.authorities:
        found["authorities"] = ("", tls.authorities.first_end)
    return found


def ending_probe(tls: Tls) -> Probe:
    """Does a certificate of ours end soon? An operator has to look, and the chargers need not be sent away."""

    async def probe() -> str:
        now = clock.now()
        ending = [
            f"{name} {end:%Y-%m-%d}" for name, (_, end) in ours_by_end(tls).items() if kind_of(end - now)
        ]
        return f"Certificates end soon: {', '.join(ending)}. See docs/tls.md." if ending else ""

    return probe


def expiries(tls: Tls, register: Register, now: datetime) -> dict[str, float]:
    """Days until each of our certificates ends, and until the first of the chargers' does."""
    ends = {f"server_{chain.kind.lower()}": chain.certificates[0].not_valid_after_utc for chain in tls.chains}
    if tls.authorities:
        ends["authorities"] = tls.authorities.first_end
    shown = register.shown()
    if shown:
        ends["chargers"] = shown[0].not_after
    return {name: (end - now).total_seconds() / 86_400 for name, end in ends.items()}
