"""A folder of files with a manifest that says what each must be: written last, checked by reading all again."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

MANIFEST = "manifest.json"
_CHUNK = 1 << 20

M = TypeVar("M")


class FolderNotEmpty(RuntimeError):
    """There is something in that folder already; name one that is empty or does not exist."""


class ManifestUnreadable(RuntimeError):
    """The folder has no manifest that can be read: it was not finished, or is none of this kind."""


class FileRecord(msgspec.Struct, frozen=True):
    """One file as it was written."""

    path: str
    """Below the folder, with `/` on every system."""
    rows: int
    bytes: int
    sha256: str


def empty_folder(root: Path) -> None:
    """Make the folder, or take it empty as it is. Raises FolderNotEmpty."""
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise FolderNotEmpty(str(root))


def record(root: Path, path: Path, rows: int) -> FileRecord:
    """What the manifest says of a finished file."""
    return FileRecord(path.relative_to(root).as_posix(), rows, path.stat().st_size, sha256_of(path))


def write_manifest(root: Path, manifest: msgspec.Struct) -> str:
    """Write it beside its files, in one step; its own SHA-256, to be kept apart."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    new = root / (MANIFEST + ".new")
    new.write_bytes(data)
    new.replace(root / MANIFEST)
    return hashlib.sha256(data).hexdigest()


def read_manifest(root: Path, kind: type[M]) -> M:
    """Raises ManifestUnreadable."""
    try:
        return msgspec.json.decode((root / MANIFEST).read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise ManifestUnreadable(f"{root}: {error}") from error


def damage(root: Path, files: Iterable[FileRecord]) -> list[str]:
    """A sentence for each file that is missing, is not what was written, or was put there since."""
    known = {one.path: one for one in files}
    told = [sentence for one in known.values() for sentence in _damage(root / one.path, one)]
    strangers = sorted(set(_files(root)) - known.keys() - {MANIFEST})
    return [*told, *(f"{path} is not in the manifest." for path in strangers)]


def sha256_of(path: Path) -> str:
    """Of a file's bytes, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _damage(path: Path, told: FileRecord) -> Iterator[str]:
    if not path.is_file():
        yield f"{told.path} is missing."
    elif (size := path.stat().st_size) != told.bytes:
        yield f"{told.path} has {size} bytes; {told.bytes} were written."
    elif sha256_of(path) != told.sha256:
        yield f"{told.path} is not what was written: its SHA-256 differs."


def _files(root: Path) -> Iterator[str]:
    return (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
