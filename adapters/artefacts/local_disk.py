"""Blobs as files below one directory: written under a temporary name, made durable, then renamed."""

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from application.blobs import PIECE, Blob, BlobMissing, BlobStoreUnavailable, Measure, checked

log = logging.getLogger("zeus.artefacts")

T = TypeVar("T")
_PRIVATE = 0o600
_INCOMING = "incoming"


class LocalDisk:
    """A blob store in a directory, which several processes of one machine may share.

    `incoming/<id>` is being written and locked by its writer; `<last two digits>/<id>` is complete. The kernel
    drops the lock of a writer that was killed, so that the next one who opens the store can clean up.
    """

    def __init__(self, directory: Path) -> None:
        """Makes the directory, and removes what killed writers left. Raises BlobStoreUnavailable."""
        self._directory = directory
        self._incoming = directory / _INCOMING
        try:
            self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
        except OSError as error:
            raise BlobStoreUnavailable(f"{directory} cannot be used: {error.strerror}") from error

    async def write(self, blob: str, chunks: AsyncIterable[bytes], max_bytes: int) -> Blob:
        """See the port."""
        measure, temporary = Measure(max_bytes), self._incoming / checked(blob)
        descriptor = _opened(_open_locked, temporary)
        try:
            async for chunk in chunks:
                measure.add(chunk)
                await _in_thread(partial(_write_all, descriptor, chunk))
            await _in_thread(partial(_publish, descriptor, temporary, self._path(blob)))
        finally:
            _discard(descriptor, temporary)
        return measure.result()

    async def read(
        self, blob: str, offset: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See the port."""
        descriptor = _opened(_open_to_read, self._path(blob))
        try:
            left = length
            while left is None or left > 0:
                wanted = PIECE if left is None else min(PIECE, left)
                piece = await _in_thread(partial(os.pread, descriptor, wanted, offset))
                if not piece:
                    return
                offset += len(piece)
                left = None if left is None else left - len(piece)
                yield piece
        finally:
            os.close(descriptor)

    async def size(self, blob: str) -> int | None:
        """See the port."""
        path = self._path(blob)

        def look() -> int | None:
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return None

        return await _in_thread(look)

    async def delete(self, blob: str) -> None:
        """See the port."""
        path = self._path(blob)
        await _in_thread(partial(path.unlink, missing_ok=True))

    async def close(self) -> None:
        """Nothing is held."""

    def _path(self, blob: str) -> Path:
        """The random end of an id spreads the files; its beginning is the time and would not."""
        return self._directory / checked(blob)[-2:] / blob

    def _sweep(self) -> None:
        for path in self._incoming.iterdir():
            if _abandoned(path):
                path.unlink(missing_ok=True)
                log.warning("removed an upload that a killed process left: %s", path.name)


async def _in_thread(work: Callable[[], T]) -> T:
    """Disk work off the loop. The thread is waited for even when the task is cancelled: it holds the file."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
    except OSError as error:
        raise BlobStoreUnavailable(f"the disk says: {error.strerror}") from error


def _opened(way: Callable[[Path], int], path: Path) -> int:
    """Without a thread: it is quick, and a task cancelled meanwhile would lose the descriptor."""
    try:
        return way(path)
    except OSError as error:
        raise BlobStoreUnavailable(f"the disk says: {error.strerror}") from error


def _discard(descriptor: int, temporary: Path) -> None:
    """What was not published is gone, then its lock."""
    temporary.unlink(missing_ok=True)
    os.close(descriptor)


def _open_locked(path: Path) -> int:
    """A new file, locked. One that a sweep took between opening and locking is made again."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _open_to_read(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise BlobMissing(path.name) from error


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _publish(descriptor: int, temporary: Path, path: Path) -> None:
    """Durable first, then visible; and durably so."""
    os.fsync(descriptor)
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(path.parent.parent)
    temporary.rename(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _abandoned(path: Path) -> bool:
    """Whether nobody holds its lock."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
