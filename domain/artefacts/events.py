"""Facts of an artefact: bytes that were stored, the links made to them, and who fetched what."""

from datetime import datetime
from enum import StrEnum

from domain.event import Fact

MEDIA_TYPE = "application/octet-stream"
"""Whatever it is, it is opaque bytes: a file from outside is never rendered."""


class Kind(StrEnum):
    """What an artefact is for."""

    FIRMWARE = "firmware"
    UPLOAD = "upload"
    """Diagnostics or a log, as a charger sent it."""


class Purpose(StrEnum):
    """What a link allows."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


class Stored(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The bytes are complete and durable; they never change."""

    TOPIC = "artefact.stored"
    name: str
    """The file's name as told, for people; never a path."""
    kind: Kind
    size_bytes: int
    sha256: str
    """In hex."""
    blob: str
    """Where the bytes are in the blob store."""
    media_type: str = MEDIA_TYPE
    charger: str = ""
    """The key of the charger that sent it; empty for firmware."""
    command: str = ""
    """The id of the command that asked for it."""
    link: str = ""
    """The upload link it came over."""
    remote: str = ""
    """The address it came from."""


class Released(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A signed URL was made for one charger. What it allows stands here, where nobody can change it."""

    TOPIC = "artefact.released"
    link: str
    charger: str
    """The charger's key."""
    purpose: Purpose
    expires_at: datetime
    uses: int = 1
    """Complete fetches, or complete uploads, until it is used up."""
    max_bytes: int | None = None
    """The largest upload it takes; None for downloads."""
    command: str = ""


class Fetched(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Bytes were handed to the network over a link, in answer to one request."""

    TOPIC = "artefact.fetched"
    link: str
    offset: int = 0
    length: int
    complete: bool = False
    """With these the whole artefact has gone over the link once more."""
    remote: str = ""
    """The address it went to."""


class Withdrawn(Fact, frozen=True, omit_defaults=True):
    """Its bytes were deleted, and every link to it is dead."""

    TOPIC = "artefact.withdrawn"
    reason: str = ""
