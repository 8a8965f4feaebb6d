"""The sockets that a server listens on, shared by its workers where there are several, and how many it may have."""

import resource
import socket

BACKLOG = 65_535
"""A fleet that returns in one second waits in the kernel, not at the charger's time-out; Linux takes no more of this
than its `net.core.somaxconn`."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that child processes may inherit."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shared = socket.socket(family, socket.SOCK_STREAM)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.bind((host, port))
    shared.listen(BACKLOG)
    shared.setblocking(False)
    shared.set_inheritable(True)
    return shared


def raise_file_limit() -> None:
    """As many open files, and so connections, as the system allows; what we start inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
