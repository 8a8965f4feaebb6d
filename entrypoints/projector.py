"""The projector: the process that runs every read model and the follower, a child of `zeus serve`.

A process of its own, because projecting is CPU work in Python: in the gateway it would take turns with the
sockets, and a charger would wait for a report. Many may be started; the locks choose who works.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from entrypoints.crossing import cross_once_it_answers
from entrypoints.database import Addresses, addresses
from entrypoints.follower import follow
from entrypoints.logs import set_up
from entrypoints.reactions import OPENINGS, REACTIONS
from entrypoints.retention import EVERY_H, prune
from entrypoints.settings import Settings
from entrypoints.wiring import open_engine, open_plain_log

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
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    scheduler.add_job(prune, "interval", hours=EVERY_H, args=[at.owner, settings])
    scheduler.start()
    follower = threading.Thread(
        target=follow, args=(at, open_plain_log(at.engine), REACTIONS, OPENINGS, stop)
    )
    follower.start()
    open_engine(at.owner, log_url=at.engine).run(stop)
    stop.set()
    follower.join()
    scheduler.shutdown(wait=False)


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
