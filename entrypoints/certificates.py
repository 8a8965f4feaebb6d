"""Where the certificates of this installation are, as its settings say."""

import socket
from datetime import datetime
from pathlib import Path

from adapters.certificates.local_ca import CHAIN, LIST, ROOT, LocalAuthority
from adapters.certificates.tls import Tls, TlsFiles
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
    return LocalAuthority(home) if (home / ROOT).exists() else None


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


def expiries(tls: Tls, register: Register, now: datetime) -> dict[str, float]:
    """Days until each of our certificates ends, and until the first of the chargers' does."""
    ends = {f"server_{chain.kind.lower()}": chain.certificates[0].not_valid_after_utc for chain in tls.chains}
    if tls.authorities:
        ends["authorities"] = tls.authorities.first_end
    shown = register.shown()
    if shown:
        ends["chargers"] = shown[0].not_after
    return {name: (end - now).total_seconds() / 86_400 for name, end in ends.items()}
