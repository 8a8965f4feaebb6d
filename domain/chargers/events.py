"""Facts of a charger's life: registration, presence, boot, status, and frames that led to nothing else."""

from datetime import datetime
from enum import StrEnum

from domain.event import Fact
from domain.identity import IdToken
from domain.metering import Sample


class Acceptance(StrEnum):
    """May the charger work with us? A property of the charger, not of a connection (OCPP-J 1.6 §5.4)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Registered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger was made known, by an operator or through a window of his; of a retired one: anew."""

    TOPIC = "charger.registered"
    cpid: str
    security_profile: int
    name: str = ""


class CredentialIssued(Fact, frozen=True, omit_defaults=True):
    """A new Basic-auth password is valid; the former one no longer is (A01.FR.03)."""

    TOPIC = "charger.credential_issued"
    salt: str
    digest: str
    """Hex of HMAC-SHA-256(salt, password)."""
    credential_id: str = ""
    """Names the password without showing it."""
    first_use: bool = False
    """Nobody gave it out: it is what the charger presented when a window let it in."""


class SecurityProfileChosen(Fact, frozen=True, omit_defaults=True):
    """An operator pinned the security profile (0 to 3)."""

    TOPIC = "charger.security_profile_chosen"
    security_profile: int
    downgrade_reason: str = ""
    """Why a weaker one than before (A05.FR.09)."""


class AcceptanceDecided(Fact, frozen=True, omit_defaults=True):
    """What the next boot is answered was decided: by an operator, or by the boot he had waited for."""

    TOPIC = "charger.acceptance_decided"
    acceptance: Acceptance
    auto_accept_until: datetime | None = None
    """With `Pending`: a boot up to this moment is answered `Accepted` after all, and settles it."""


class GuidanceBegun(Fact, frozen=True):
    """Something lasting is wanted of the charger: from now on it is led there whenever it is connected."""

    TOPIC = "charger.guidance_begun"


class Connected(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A socket of this charger was accepted."""

    TOPIC = "charger.connected"
    connection: str
    gateway: str
    protocol: str
    """`1.6`, `2.0.1` or `2.1`."""
    security_profile: int
    remote: str = ""
    path: str = ""
    user_agent: str = ""
    flags: tuple[str, ...] = ()
    """What an installer should put right although we let it pass, such as `id_case`."""
    credential_id: str = ""
    """The name of the password it came with."""
    certificate: str = ""
    """The serial number (hex) of the client certificate it came with."""
    certificate_from: datetime | None = None
    """When that certificate begins."""
    tls: str = ""
    """The TLS version, such as `TLSv1.3`; empty without TLS, or where a proxy does it and does not tell."""
    cipher: str = ""
    """The cipher suite, as OpenSSL names it."""


class Disconnected(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The socket is gone."""

    TOPIC = "charger.disconnected"
    connection: str
    code: int | None = None
    reason: str = ""


class HandshakeRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody knocked and was not let in; lives on a stream of its own, `attempt/…`."""

    TOPIC = "handshake.refused"
    cpid: str
    reason: str
    status: int
    """HTTP status, or the WebSocket close code where the upgrade had to be completed first, or the TLS alert where
    no request was read."""
    hint: str = ""
    remote: str = ""
    path: str = ""
    subprotocols: tuple[str, ...] = ()
    user_agent: str = ""
    known: bool = False
    """Is a charger with this id registered?"""
    tls: str = ""
    """The TLS version, such as `TLSv1.3`; empty without TLS, or where a proxy does it and does not tell."""
    cipher: str = ""
    """The cipher suite, as OpenSSL names it."""
    count: int = 1
    """How many equal attempts this one row stands for."""


class Booted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger introduced itself and was told whether it may work."""

    TOPIC = "charger.booted"
    vendor: str
    model: str
    answered: Acceptance
    interval_s: int
    serial: str = ""
    box_serial: str = ""
    firmware: str = ""
    iccid: str = ""
    imsi: str = ""
    meter_type: str = ""
    meter_serial: str = ""
    reason: str = ""
    """Why it booted, where the version tells (2.x)."""
    repeated: bool = False
    """Booted before over the same connection: not a restart."""


class HeartbeatReceived(Fact, frozen=True):
    """The charger is alive and asked for the time."""

    TOPIC = "charger.heartbeat_received"


class ClockSkewMeasured(Fact, frozen=True):
    """The charger's clock differs from ours by this much (positive: it is behind)."""

    TOPIC = "charger.clock_skew_measured"
    skew_s: int


class StatusReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A connector's status; EVSE 0 is the charger itself."""

    TOPIC = "connector.status_reported"
    evse_id: int
    connector_id: int
    status: str
    """`Available`, `Occupied`, `Reserved`, `Unavailable` or `Faulted`."""
    activity: str = ""
    """The finer word of 1.6: `Preparing`, `Charging`, `SuspendedEV`, `SuspendedEVSE`, `Finishing`."""
    error_code: str = ""
    info: str = ""
    vendor_id: str = ""
    vendor_error_code: str = ""


class Metered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Readings outside any transaction we know."""

    TOPIC = "connector.metered"
    evse_id: int
    connector_id: int
    samples: tuple[Sample, ...]
    claimed_transaction: str = ""
    """The transaction the charger named, where we know none of that name."""


class TokenPresented(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A driver presented a token and the charger asked about it."""

    TOPIC = "id_token.presented"
    id_token: IdToken
    verdict: str
    evse_id: int | None = None


class TransactionOpened(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger has a transaction running; kept here so that its own messages find it."""

    TOPIC = "charger.transaction_opened"
    transaction: str
    """The transaction's stream id."""
    evse_id: int
    connector_id: int
    started_at: datetime
    reference: str = ""
    """The charger's own name of it (2.x transactionId)."""
    number: int = 0
    """The number we gave it (1.6 transactionId); 0 where the version needs none."""


class TransactionClosed(Fact, frozen=True):
    """The transaction is over, or another took its connector."""

    TOPIC = "charger.transaction_closed"
    transaction: str


class DataTransferred(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger sent vendor data; the text itself is in the frame."""

    TOPIC = "charger.data_transferred"
    vendor_id: str
    message_id: str = ""
    answered: str = ""
    """`Accepted`, `Rejected`, `UnknownMessageId` or `UnknownVendorId`."""


class FrameRejected(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A frame that could not be taken for what it claims to be."""

    TOPIC = "charger.frame_rejected"
    code: str
    """The OCPP error code sent, or `Unreadable` where silence is the answer."""
    description: str = ""
    action: str = ""


class FramesSuppressed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """More broken frames came than are worth keeping; they were counted instead."""

    TOPIC = "charger.frames_suppressed"
    frames: int
    size_bytes: int
    since: datetime


class MessageRepeated(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger said again what it had said; it got the same answer and nothing changed."""

    TOPIC = "charger.message_repeated"
    action: str
    first: str = ""
    """The stream of what it repeats."""


class MessageWithheld(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A message before we accepted the charger: answered SecurityError (J-errata 3.10, 2.x B03.FR.07)."""

    TOPIC = "charger.message_withheld"
    action: str
    acceptance: Acceptance


class AnswerUnexpected(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """An answer to a question nobody asked, or asked too long ago."""

    TOPIC = "charger.answer_unexpected"
    message_id: str
    error_code: str = ""


class FrameIgnored(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A frame the specification tells us to ignore, such as an unknown message type."""

    TOPIC = "charger.frame_ignored"
    reason: str
