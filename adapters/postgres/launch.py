"""Becomes a Postgres program: gives up root, asks the kernel to end it with its parent, then execs.

Run as a script of its own (`python -I -S launch.py <parent pid> <uid> <gid> <program> <args…>`), because the
same steps in a `preexec_fn` would run Python code in the forked copy of a process with threads, which may
deadlock. `uid` and `gid` are -1 where nothing is to be given up.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _give_up_root(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _end_with_parent(parent: int) -> None:
    """Fast shutdown when the parent is gone; Linux only, elsewhere the next owner stops the orphan."""
    if sys.platform != "linux":
        return
    # After the change of user: that change clears the setting.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit(1)


def main(argv: list[str]) -> None:
    """Never returns: the process is the Postgres program afterwards."""
    parent, uid, gid = (int(text) for text in argv[:3])
    if uid != -1:
        _give_up_root(uid, gid)
    _end_with_parent(parent)
    os.execv(argv[3], argv[3:])  # noqa: S606 - the program is named by our own supervisor, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
