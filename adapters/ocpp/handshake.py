"""The opening handshake: from an ASGI scope to what the charger asked for, and the version to speak. Pure."""

import re
import ssl
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from adapters.ocpp.refusals import Reason
from adapters.ocpp.versions import Version
from domain.chargers.client_certificate import Presented
from domain.identity import CPID_LIMIT
from domain.tenants.tenant import is_slug


class Credentials(msgspec.Struct, frozen=True):
    """HTTP Basic credentials, split at the first `:` (RFC 7617). Bytes: passwords need not be UTF-8."""

    user: bytes
    password: bytes

    def __repr__(self) -> str:
        """Never the password."""
        return f"Credentials(user={self.user!r}, password=…)"


class Address(msgspec.Struct, frozen=True):
    """What the path says. `cpid` is None where a refusal is among the problems."""

    version: Version | None = None
    """The only version spoken at this address; None for `/ocpp/<id>`, where the subprotocol decides."""
    cpid: str | None = None
    problems: tuple[Reason, ...] = ()
    slug: str = ""
    """The tenant it names; empty for the default one. Whether there is one, only the books know."""
    doubled: bool = False
    """The tenant and the id are one word: where there is no such tenant, the box appended the id by itself."""


class Request(msgspec.Struct, frozen=True):
    """A connection attempt as it arrived."""

    path: str
    """As received, still percent-encoded."""
    address: Address
    subprotocols: tuple[str, ...]
    """As offered, in the charger's order of preference."""
    credentials: Credentials | None
    problems: tuple[Reason, ...]
    """Of the path and of the Authorization header; flags among them, see `refusals.VERDICTS`."""
    remote_address: str
    user_agent: str
    scheme: str
    """`ws` or `wss`, as seen by the charger."""
    certificate: Presented | None = None
    """The charger's own, where it showed one."""
    tls: str = ""
    """The TLS version and suite, as OpenSSL or a trusted proxy names them."""
    cipher: str = ""


class Negotiated(msgspec.Struct, frozen=True):
    """The version to speak, and the subprotocol to send back in the charger's own spelling."""

    version: Version
    subprotocol: str


def read_request(scope: Mapping[str, Any], trusted_proxies: Collection[str] = ()) -> Request:
    """Read the scope of a WebSocket handshake. Only a trusted proxy may speak for the charger.

    A proxy's own connection says nothing of the charger: its scheme and certificate are in headers, and the
    same headers from anybody else are not looked at (SEC-11).
    """
    headers = _Headers(scope["headers"])
    raw_path: bytes = scope.get("raw_path") or b""
    address = read_path(raw_path)
    credentials, problem = read_credentials(headers.first(b"authorization"))
    peer = scope["client"][0] if scope.get("client") else ""
    scheme: str = scope.get("scheme", "ws")
    certificate = shown_over_tls(scope)
    secured = scope.get("extensions", {}).get("tls", {})
    tls, cipher = secured.get("zeus.version", ""), secured.get("zeus.cipher", "")
    if peer in trusted_proxies:
        peer = forwarded_for(headers.all(b"x-forwarded-for"), trusted_proxies) or peer
        scheme = _SCHEMES.get(headers.first(b"x-forwarded-proto").strip().lower(), scheme)
        certificate = shown_to_proxy(headers.first(VERIFY_HEADER), headers.first(CERTIFICATE_HEADER))
        tls, cipher = (headers.first(name).decode("latin-1")[:40] for name in (TLS_HEADER, CIPHER_HEADER))
    return Request(
        path=raw_path.decode("latin-1"),
        address=address,
        subprotocols=tuple(name for name in scope.get("subprotocols", ()) if name),
        credentials=credentials,
        problems=address.problems if problem is None else (*address.problems, problem),
        remote_address=peer,
        user_agent=headers.first(b"user-agent").decode("latin-1")[:255],
        scheme=scheme,
        certificate=certificate,
        tls=tls,
        cipher=cipher,
    )


def shown_over_tls(scope: Mapping[str, Any]) -> Presented | None:
    """The client's certificate by the TLS extension of ASGI."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    return Presented(_der(chain[0])) if chain else None


def shown_to_proxy(verify: bytes, certificate: bytes) -> Presented | None:
    """nginx: `$ssl_client_verify` and `$ssl_client_escaped_cert`. The certificate, not its names: those are
    for people, and several spellings of them mean the same.
    """
    verdict = verify.decode("latin-1").strip()
    if verdict in ("", "NONE"):
        return None
    return Presented(_der(unquote(certificate.decode("latin-1"))), verdict)


def _der(pem: str) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(pem)
    except ValueError:
        return b""


def read_path(raw_path: bytes) -> Address:
    """`/ocpp/{cpid}`, with a version, a tenant's slug or both before the id, as `/ocpp/1.6/acme/CP1`.

    The id is decoded once (OCPP-J §3.1.1); a slug has no sign that would have to be.
    """
    parts = raw_path.split(b"/")
    flags: list[Reason] = []
    if len(parts) > 2 and not parts[-1]:
        parts.pop()
        flags.append(Reason.ID_TRAILING_SLASH)
    segments = [part for part in parts if part]
    if len(parts) - len(segments) > 1:
        flags.append(Reason.PATH_DOUBLE_SLASH)
    if not segments or segments[0] != b"ocpp":
        return Address(problems=(Reason.PATH_MALFORMED,))
    return _read_segments(segments[1:], flags)


def read_credentials(header: bytes) -> tuple[Credentials | None, Reason | None]:
    """The credentials of an Authorization header; (None, None) where there is none."""
    if not header.strip():
        return None, None
    scheme, _, token = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None, Reason.AUTH_MALFORMED
    token = token.strip()
    try:
        plain = a2b_base64(token + b"=" * (-len(token) % 4), strict_mode=True)
    except NotBase64:
        return None, Reason.AUTH_MALFORMED
    user, colon, password = plain.partition(b":")
    return (Credentials(user, password), None) if colon else (None, Reason.AUTH_MALFORMED)


def negotiate(
    offered: Sequence[str], path_version: Version | None, enabled: Collection[Version]
) -> Negotiated | Reason:
    """Choose the first offered version that the path and the configuration allow, or say why there is none.

    The charger's order counts (RFC 6455 §4.1). Names are compared without case, and echoed as offered. An
    address with a version speaks that one alone: an operator pins a charger to it. `/ocpp/<id>` is the address
    that outlives a change of version (2.1 part 4 §3.1.2).
    """
    if not offered:
        return Reason.SUBPROTOCOL_MISSING
    switched_off = False
    for name in offered:
        version = _SUBPROTOCOLS.get(name.lower())
        if version is None or path_version not in (None, version):
            continue
        if version in enabled:
            return Negotiated(version, name)
        switched_off = True
    return Reason.VERSION_DISABLED if switched_off else Reason.SUBPROTOCOL_UNSUPPORTED


VERIFY_HEADER = b"x-ssl-client-verify"
CERTIFICATE_HEADER = b"x-ssl-client-cert"
TLS_HEADER = b"x-ssl-protocol"
CIPHER_HEADER = b"x-ssl-cipher"
_SUBPROTOCOLS = {version.subprotocol: version for version in Version}
_PATH_VERSIONS = {version.value.encode(): version for version in Version}
_SCHEMES = {b"https": "wss", b"wss": "wss", b"http": "ws", b"ws": "ws"}
_LIKE_A_VERSION = re.compile(rb"(ocpp)?[0-9]\.[0-9](\.[0-9])?j?", re.IGNORECASE)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def _read_segments(segments: list[bytes], flags: list[Reason]) -> Address:
    version = _PATH_VERSIONS.get(segments[0]) if segments else None
    if version is not None:
        segments = segments[1:]
    elif segments and _LIKE_A_VERSION.fullmatch(segments[0]):
        return Address(problems=(Reason.PATH_VERSION_UNKNOWN,))
    if not segments:
        return Address(version, problems=(Reason.ID_MISSING,))
    if len(segments) == 2 and is_slug(segments[0].decode("latin-1")):
        slug = segments[0].decode()
        address = _read_id(segments[1], version, flags)
        return msgspec.structs.replace(address, slug=slug, doubled=segments[0] == segments[1])
    if len(segments) == 2 and segments[0] == segments[1]:
        return Address(version, problems=(Reason.ID_DOUBLED,))
    if len(segments) > 1:
        return Address(version, problems=(Reason.PATH_MALFORMED,))
    return _read_id(segments[0], version, flags)


def _read_id(segment: bytes, version: Version | None, flags: list[Reason]) -> Address:
    text = segment.rstrip(b"%")
    if text != segment:
        flags.append(Reason.ID_TRAILING_PERCENT)
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return Address(version, problems=(Reason.ID_INVALID,))
    cpid = decoded.strip()
    if not cpid:
        return Address(version, problems=(Reason.ID_MISSING,))
    if cpid != decoded:
        flags.append(Reason.ID_TRAILING_SPACE)
    if _ENCODED.search(cpid):
        flags.append(Reason.ID_ENCODED_TWICE)
    unusable = len(cpid) > CPID_LIMIT or not cpid.isprintable() or "/" in cpid or ":" in cpid
    if unusable or _BAD_ESCAPE.search(text):
        return Address(version, problems=(Reason.ID_INVALID,))
    return Address(version, cpid, tuple(flags))


def forwarded_for(values: list[bytes], trusted: Collection[str]) -> str:
    """The last address that no trusted proxy has: what stands before it may be invented by the client."""
    hops = [hop.strip() for value in values for hop in value.decode("latin-1").split(",")]
    return next((hop for hop in reversed(hops) if hop and hop not in trusted), "")


class _Headers:
    """The headers of a scope, by lower-case name."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._pairs if key.lower() == name]

    def first(self, name: bytes) -> bytes:
        return next(iter(self.all(name)), b"")
