"""TLS as this server speaks it: its chains, its suites, the authorities of its clients; read anew when they change."""

import logging
import ssl
from pathlib import Path

import msgspec
from cryptography import x509

from adapters.certificates.authorities import Authorities
from adapters.certificates.pem import CertificateFileWrong, Chain, certificates_of, chain_of, lists_of

log = logging.getLogger("zeus.tls")

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
"""Of TLS 1.2, in our order. The last two are for chargers that know no key exchange but RSA's (A00.FR.318)."""
WITHOUT_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: validity is ours to judge, so that whoever shows an expired certificate is told so.

OpenSSL would end the handshake, and nobody would learn which charger it was."""

CHAINS, AUTHORITIES, LISTS = "ZEUS_TLS_CERTIFICATES", "ZEUS_TLS_CLIENT_CA", "ZEUS_TLS_CLIENT_CRL"

Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where the certificates are."""

    chains: tuple[Path, ...] = ()
    """Each with its key; none: no TLS of our own."""
    authorities: tuple[Path, ...] = ()
    lists: tuple[Path, ...] = ()
    own_authorities: tuple[Path, ...] = ()
    """Of our own authority: not there until somebody makes it."""
    own_lists: tuple[Path, ...] = ()


class Tls:
    """What is in force. New connections take it as it is then, those that are open are not touched."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises CertificateFileWrong."""
        self._files = files
        self._stamp = _stamp(files)
        self.chains: tuple[Chain, ...] = ()
        self.authorities = Authorities()
        self.context: ssl.SSLContext | None = None
        self._read()

    def refresh(self, *, force: bool = False) -> bool:
        """Read the files anew where one of them changed; True when they are in force. Blocks for some milliseconds.

        A file that cannot be used is logged, and everything stays as it was: the next look tries again when
        it changed.
        """
        stamp = _stamp(self._files)
        if stamp == self._stamp and not force:
            return False
        self._stamp = stamp
        try:
            self._read()
        except CertificateFileWrong as error:
            log.error("the former certificates stay in force: %s", error)
            return False
        log.info("certificates were read anew")
        return True

    def _read(self) -> None:
        files = self._files
        authorities = Authorities(
            [one for path in _given(files.authorities, files.own_authorities) for one in _signers(path)],
            [one for path in _given(files.lists, files.own_lists) for one in lists_of(path, LISTS)],
        )
        chains = read_chains(files.chains)
        context = context_of(chains, authorities) if chains else None
        self.chains, self.authorities, self.context = chains, authorities, context


def read_chains(paths: tuple[Path, ...]) -> tuple[Chain, ...]:
    """The chains, of different kinds. Raises CertificateFileWrong."""
    chains = tuple(chain_of(path, CHAINS) for path in paths)
    for number, chain in enumerate(chains):
        twin = next((one for one in chains[:number] if one.kind == chain.kind), None)
        if twin is not None:
            raise CertificateFileWrong(
                f"{twin.path} and {chain.path} of {CHAINS} both have {chain.kind} keys, and only one could be "
                "shown: give one of RSA and one of ECDSA."
            )
    return chains


def context_of(chains: tuple[Chain, ...], authorities: Authorities) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 without compression and renegotiation. Raises CertificateFileWrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES))
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    for chain in chains:
        try:
            context.load_cert_chain(chain.path)
        except (ssl.SSLError, OSError) as error:
            raise CertificateFileWrong(f"TLS cannot use {chain.path} of {CHAINS}: {error}.") from error
    if authorities:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=authorities.pem)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | WITHOUT_TIME)
    return context


def _signers(path: Path) -> tuple[x509.Certificate, ...]:
    return certificates_of(path, AUTHORITIES)


def _given(chosen: tuple[Path, ...], own: tuple[Path, ...]) -> list[Path]:
    return [*chosen, *(path for path in own if _mark(path) is not None)]


def _stamp(files: TlsFiles) -> Stamp:
    """Tells when a file was replaced or written to, or came or went."""
    every = (*files.chains, *files.authorities, *files.lists, *files.own_authorities, *files.own_lists)
    return tuple(_mark(path) for path in every)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
