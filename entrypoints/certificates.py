"""Where the certificates of this installation are, as its settings say."""

import socket
from pathlib import Path

from adapters.certificates.tls import Tls, TlsFiles
from entrypoints.database import data_home
from entrypoints.listening import listen
from entrypoints.settings import Settings


def authority_home(settings: Settings) -> Path:
    """The directory of our own authority, made by `zeus ca init`."""
    return data_home(settings) / "ca"


def tls_files(settings: Settings) -> TlsFiles:
    """The files that `Tls` reads."""
    own = authority_home(settings)
    return TlsFiles(
        chains=tuple(Path(name) for name in settings.tls_certificates),
        authorities=() if settings.tls_client_ca is None else (settings.tls_client_ca,),
        lists=() if settings.tls_client_crl is None else (settings.tls_client_crl,),
        own_authorities=(own / "chain.pem",),
        own_lists=(own / "crl.pem",),
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
