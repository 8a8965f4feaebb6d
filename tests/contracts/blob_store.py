"""What every blob store does: subclass `BlobStoreContract` and give it the fixtures `blobs` and `kept`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

import pytest

from application.blobs import Blob, BlobMissing, BlobStore, BlobTooLarge, InvalidBlobId
from application.clock import time_ordered_id

MIB = 1024 * 1024
Kept = Callable[[], list[bytes]]


class BrokenOff(Exception):
    """The sender went away."""


async def pieces(body: bytes, step: int = 100_000) -> AsyncIterator[bytes]:
    """The body as it comes over a network."""
    for start in range(0, len(body), step):
        yield body[start : start + step]


async def read(blobs: BlobStore, blob: str, offset: int = 0, length: int | None = None) -> bytes:
    """All pieces together."""
    return b"".join([piece async for piece in blobs.read(blob, offset, length)])


def pattern(size: int) -> bytes:
    """Bytes that differ wherever they are cut."""
    return hashlib.shake_128(str(size).encode()).digest(size)


class BlobStoreContract:
    """The cases. `blobs` is empty and open; `kept()` is everything it holds, finished or not."""

    @pytest.mark.parametrize("size", [0, 1, 300_000, 8 * MIB, 8 * MIB + 1, 17 * MIB])
    async def test_reads_back_what_was_written(self, blobs: BlobStore, kept: Kept, size: int) -> None:
        body, blob = pattern(size), time_ordered_id()
        written = await blobs.write(blob, pieces(body), size)
        assert written == Blob(size, hashlib.sha256(body).hexdigest())
        assert await blobs.size(blob) == size
        assert await read(blobs, blob) == body
        assert kept() == [body]

    async def test_reads_from_anywhere(self, blobs: BlobStore) -> None:
        body, blob = pattern(700_000), time_ordered_id()
        await blobs.write(blob, pieces(body), MIB)
        for offset, length in ((0, 1), (1, 699_999), (262_143, 2), (5, 600_000), (699_999, 1), (7, 0)):
            assert await read(blobs, blob, offset, length) == body[offset : offset + length]
        assert await read(blobs, blob, 650_000) == body[650_000:]

    @pytest.mark.parametrize("limit", [0, 99_999, 9 * MIB])
    async def test_too_much_leaves_nothing_and_is_not_read_on(
        self, blobs: BlobStore, kept: Kept, limit: int
    ) -> None:
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 100_000
                yield bytes(100_000)

        blob = time_ordered_id()
        with pytest.raises(BlobTooLarge):
            await blobs.write(blob, endless(), limit)
        assert taken <= limit + 100_000
        assert await blobs.size(blob) is None
        assert kept() == []

    @pytest.mark.parametrize("size", [1, 9 * MIB])
    async def test_a_sender_that_goes_away_leaves_nothing(
        self, blobs: BlobStore, kept: Kept, size: int
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            async for piece in pieces(pattern(size)):
                yield piece
            raise BrokenOff

        blob = time_ordered_id()
        with pytest.raises(BrokenOff):
            await blobs.write(blob, broken(), 20 * MIB)
        assert kept() == []
        with pytest.raises(BlobMissing):
            await read(blobs, blob)

    @pytest.mark.parametrize("size", [1, 9 * MIB])
    async def test_a_cancelled_write_leaves_nothing(self, blobs: BlobStore, kept: Kept, size: int) -> None:
        waiting, blob = asyncio.Event(), time_ordered_id()

        async def stalled() -> AsyncIterator[bytes]:
            yield pattern(size)
            waiting.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(blobs.write(blob, stalled(), 20 * MIB))
        await waiting.wait()
        assert await blobs.size(blob) is None  # not visible before it is complete
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert kept() == []

    async def test_deleting_what_is_not_there_is_no_error(self, blobs: BlobStore, kept: Kept) -> None:
        blob = time_ordered_id()
        await blobs.write(blob, pieces(b"x"), 1)
        for _ in range(2):
            await blobs.delete(blob)
            assert await blobs.size(blob) is None
        assert kept() == []
        with pytest.raises(BlobMissing):
            await read(blobs, blob)

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 21, "A" * 22, "0" * 22 + "\n", "0" * 23])
    async def test_nothing_but_ids_of_our_own_is_taken(self, blobs: BlobStore, kept: Kept, name: str) -> None:
        with pytest.raises(InvalidBlobId):
            await blobs.write(name, pieces(b"x"), 1)
        with pytest.raises(InvalidBlobId):
            await read(blobs, name)
        with pytest.raises(InvalidBlobId):
            await blobs.size(name)
        with pytest.raises(InvalidBlobId):
            await blobs.delete(name)
        assert kept() == []
