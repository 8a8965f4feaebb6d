"""The blob store on a disk: the contract, and what a killed process leaves."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.artefacts.local_disk import LocalDisk
from application.blobs import BlobStoreUnavailable
from application.clock import time_ordered_id
from tests.contracts.blob_store import BlobStoreContract, Kept, pieces, read

WRITER = """
import asyncio, sys
from pathlib import Path
from adapters.artefacts.local_disk import LocalDisk
from application.clock import time_ordered_id

async def chunks():
    for _ in range(40):
        yield bytes(100_000)
    print("half", flush=True)
    await asyncio.Event().wait()

asyncio.run(LocalDisk(Path(sys.argv[1])).write(time_ordered_id(), chunks(), 10**9))
"""


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Not there yet."""
    return tmp_path / "deep" / "artefacts"


class TestLocalDisk(BlobStoreContract):
    """The contract."""

    @pytest.fixture
    def blobs(self, directory: Path) -> LocalDisk:
        """Empty."""
        return LocalDisk(directory)

    @pytest.fixture
    def kept(self, directory: Path) -> Kept:
        """Every file there is."""
        return lambda: [path.read_bytes() for path in files(directory)]


def test_a_killed_writer_leaves_nothing_and_a_living_one_is_left_alone(directory: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(directory)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"half\n"
        assert [path.stat().st_size for path in files(directory)] == [4_000_000, 4_000_000]
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        LocalDisk(directory)
        assert len(files(directory)) == 1
        assert writers[1].poll() is None
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            assert writer.stdout is not None
            writer.stdout.close()
    LocalDisk(directory)
    assert files(directory) == []


async def test_complete_files_survive_a_new_beginning_and_are_our_own_alone(directory: Path) -> None:
    blob = time_ordered_id()
    await LocalDisk(directory).write(blob, pieces(b"firmware"), 10)
    assert await read(LocalDisk(directory), blob) == b"firmware"
    (path,) = files(directory)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BlobStoreUnavailable, match="file"):
        LocalDisk(tmp_path / "file" / "artefacts")


async def test_a_disk_that_is_away_is_told(directory: Path) -> None:
    blobs = LocalDisk(directory)
    os.rmdir(directory / "incoming")
    with pytest.raises(BlobStoreUnavailable):
        await blobs.write(time_ordered_id(), pieces(b"x"), 1)
