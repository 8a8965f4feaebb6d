"""The projector: the process of the read models, the follower, the sealer and the jobs, a child of `zeus serve`.

A process of its own, because projecting is CPU work in Python: in the gateway it would take turns with the
sockets, and a charger would wait for a report. Many may be started; the locks choose who works.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from adapters.audit.sealer import seal
from adapters.privacy.subjects import Subjects
from application.vault import VaultUnavailable
from entrypoints.audit import checkpointing
from entrypoints.crossing import cross_once_it_answers
from entrypoints.database import Addresses, addresses
from entrypoints.follower import follow
from entrypoints.jobs import run_jobs
from entrypoints.logs import set_up
from entrypoints.privacy import watched_subjects
from entrypoints.reactions import OPENINGS, REACTIONS
from entrypoints.settings import Settings
from entrypoints.webhooks import open_webhooks
from entrypoints.wiring import open_engine, open_read_log

log = logging.getLogger("zeus.projections")

PURPOSE = "read models, what follows from events, retention"


def main() -> None:
    """Project until told to stop, or until the parent is gone. The address is in DATABASE_URL.

    The parent's pid is the argument: a parent that died while we were starting is not ours to ask for any more.
    """
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else os.getppid()
    settings = Settings()
    set_up(settings.log_level, form=settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if settings.database_url is None:
        raise SystemExit("the projector needs DATABASE_URL; `zeus serve` starts it with the right one")
    watch = threading.Thread(target=_end_with_parent, args=(parent, stop), daemon=True)
    watch.start()
    at = addresses(settings.database_url.get_secret_value(), settings)
    asyncio.run(cross_once_it_answers(at.gateway, settings.tenant, "job:projector", PURPOSE, stop))
    subjects = _subjects(at.gateway, settings, stop)
    if subjects is None:
        return
    jobs = threading.Thread(target=run_jobs, args=(at, settings, stop))
    jobs.start()
    follower = threading.Thread(
        target=follow, args=(at, settings, open_read_log(at.engine, subjects), REACTIONS, OPENINGS, stop)
    )
    follower.start()
    sealer = threading.Thread(target=seal, args=(at.engine, stop, checkpointing(at.gateway, settings)))
    sealer.start()
    webhooks = threading.Thread(target=open_webhooks(at, settings).run, args=(stop,))
    webhooks.start()
    open_engine(at.owner, log_url=at.engine, subjects=subjects).run(stop)
    stop.set()
    follower.join()
    jobs.join()
    sealer.join()
    webhooks.join()
    subjects.close()


def _subjects(url: str, settings: Settings, stop: threading.Event) -> Subjects | None:
    """Whose the tokens are, as soon as the database answers; None where we were told to stop before."""
    while not stop.is_set():
        try:
            return watched_subjects(url, settings)
        except VaultUnavailable as error:
            log.warning("waiting for the vault: %s", error)
            stop.wait(1.0)
    return None


def _end_with_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(1.0):
            return
    stop.set()


class ProjectorProcess:
    """The projector as a child of this process; `check` starts it again when it died."""

    def __init__(self, at: Addresses, on_restart: Callable[[int], None]) -> None:
        self._environment = {
            **os.environ,
            "DATABASE_URL": at.owner,
            "ZEUS_ENGINE_DATABASE_URL": at.engine,
            "ZEUS_GATEWAY_DATABASE_URL": at.gateway,
        }
        self._on_restart = on_restart
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._process.pid

    def check(self) -> None:
        """Start it again if it ended; call it every few seconds."""
        code = self._process.poll()
        if code is not None:
            self._on_restart(code)
            self._process = self._start()

    def stop(self) -> None:
        """Ask it to finish its batch, and wait."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its transaction rolls back, its position with it
            self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "entrypoints.projector", str(os.getpid())],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )


if __name__ == "__main__":
    main()
