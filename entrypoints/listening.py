"""The sockets that a server listens on, shared by its workers where there are several, and how many it may have."""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger("zeus.serve")

BACKLOG = 65_535
"""A fleet that returns in one second waits in the kernel, not at the charger's time-out; Linux takes no more of this
than its `net.core.somaxconn`."""

AT_ONCE = 32
"""Connections taken in a turn of the loop; other workers that share the socket get theirs meanwhile."""
PAUSE_S = 0.2
"""When no connection can be taken (no file descriptors left), before the next try."""


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


class Acceptor:
    """Takes connections off a listening socket: all that wait, up to `AT_ONCE`, at each turn of the loop.

    uvloop's own server takes one a turn (libuv since 1.46). When a fleet returns each turn is long, since it records
    the goodbyes of old connections as well: then the kernel's queue runs over, and those who are let in one by one
    share neither queries nor commits.
    """

    def __init__(self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        """`protocol` makes what talks over a connection."""
        listening.setblocking(False)
        self._listening = listening
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """Where it listens; the system may have chosen it."""
        port: int = self._listening.getsockname()[1]
        return port

    def open(self) -> None:
        """Begin."""
        self._pause = None
        self._loop.add_reader(self._listening.fileno(), self._accept)

    def close(self) -> None:
        """Take no more; connections that are open stay so."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listening.fileno())
        self._listening.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return  # another process of ours took it, or whoever knocked has left
            except OSError as error:
                log.error("no connection can be taken: %s", error)
                self._loop.remove_reader(self._listening.fileno())
                self._pause = self._loop.call_later(PAUSE_S, self.open)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._talk(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _talk(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError as error:
            log.debug("a connection was lost before it began: %r", error)
            with suppress(OSError):
                connection.close()


def raise_file_limit() -> None:
    """As many open files, and so connections, as the system allows; what we start inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
