"""The port for bytes that do not belong into the log: written once, read in pieces, deleted whole."""

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterable
from typing import NamedTuple, Protocol

PIECE = 256 * 1024
"""Bytes read at a time."""
_BLOB_ID = re.compile(r"[0-9a-f]{22}")


class BlobError(Exception):
    """Something about the blob store; the subclasses say what."""


class BlobTooLarge(BlobError):
    """More bytes came than are allowed; nothing was kept."""


class BlobMissing(BlobError):
    """The bytes are not in the blob store, though the log says so: were they deleted behind our back?"""


class BlobStoreUnavailable(BlobError):
    """The blob store cannot be written or read now; the message says why. Try again later."""


class InvalidBlobId(ValueError):
    """A blob's id is 22 hex digits of our own making: nothing a stranger typed ever becomes a path."""


class Blob(NamedTuple):
    """What was written."""

    size_bytes: int
    sha256: str
    """In hex."""


class BlobStore(Protocol):
    """Bytes by id. Ids are made by `application.clock.time_ordered_id`; other ids raise InvalidBlobId.

    Every method may raise BlobStoreUnavailable.
    """

    async def write(self, blob: str, chunks: AsyncIterable[bytes], max_bytes: int) -> Blob:
        """Keep all chunks durably, under an id that is new. The blob is visible only when it is complete.

        Whatever the chunks raise, a cancelled task and a killed process leave nothing. Raises BlobTooLarge.
        """
        ...

    def read(self, blob: str, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """`length` bytes from `offset` on, or all to the end, in pieces; both within the blob. Raises BlobMissing."""
        ...

    async def size(self, blob: str) -> int | None:
        """How many bytes it has; None where there is no such blob."""
        ...

    async def delete(self, blob: str) -> None:
        """Forget it; one that is not there is no error."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Measure:
    """Counts and hashes what passes, up to a size."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """One more chunk. Raises BlobTooLarge."""
        self.size += len(chunk)
        if self.size > self._max_bytes:
            raise BlobTooLarge(f"more than {self._max_bytes} bytes")
        self._hash.update(chunk)

    def result(self) -> Blob:
        """What has passed."""
        return Blob(self.size, self._hash.hexdigest())


def checked(blob: str) -> str:
    """The id, if it is one. Raises InvalidBlobId."""
    if _BLOB_ID.fullmatch(blob) is None:
        raise InvalidBlobId(blob[:40])
    return blob
