"""The one engine that runs all read models: follows the log, moves rows and positions, builds and swaps."""

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from projections.advance import Run, advance_together, is_passing, stop_visibly
from projections.leadership import Leadership
from projections.positions import (
    NOWHERE,
    Place,
    Standing,
    ensure_positions,
    enter,
    standings,
)
from projections.read_model import Link, LogReader, ReadModel
from projections.rebuild import begin_build, begin_live, swap
from projections.row_security import ensure_roles

logger = logging.getLogger("zeus.projections")

_REFRESH_S = 1.0
"""How often roles are looked at again: leaders that died, versions that were swapped, stops that are due."""

_SWAP_PAUSE_S = 3.0
"""Pause before another attempt to swap, when a long query kept the live tables."""

_PAUSE_S = 1.0
"""Pause after the database was not to be reached."""


class LeaderElsewhere(RuntimeError):
    """Another process runs one of these read models; stop it, or let it do the work."""


class Engine:
    """Runs read models on one connection and one thread. Many engines may be started: each read model is
    run by the one that holds its lock, and taken over by another when that one dies."""

    def __init__(
        self,
        dsn: str,
        log: LogReader,
        models: Sequence[ReadModel],
        *,
        batch: int = 2000,
        poll_s: float = 0.2,
    ) -> None:
        """`batch`: events per transaction when catching up; `poll_s`: how late an event may be seen if its
        NOTIFY was lost. Two versions of a read model may be given: the live one is followed meanwhile."""
        self._dsn = dsn
        self._log = log
        self._models = models
        self._batch = batch
        self._poll_s = poll_s
        self._connection: psycopg.Connection[Any] | None = None
        self._leadership: Leadership | None = None
        self._runs: list[Run] = []
        self._refreshed = 0.0
        self._swap_after = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a lost database is waited for, an error in a read model stops only it."""
        try:
            while not stop.is_set():
                try:
                    if not self.step():
                        self._log.wait(self._poll_s)
                except Exception as error:
                    if not is_passing(error):
                        raise
                    logger.warning("projections interrupted, trying again: %s", error)
                    self.close()
                    stop.wait(_PAUSE_S)
        finally:
            self.close()

    def catch_up(self) -> None:
        """Project everything up to the head of the log and return; a stopped read model stays behind.

        Raises LeaderElsewhere if another process runs one of the models.
        """
        self._refresh(self._open())
        self._demand_leadership()
        while (busy := self.step()) or self._building():
            if not busy:  # a swap waits for a long query
                self._log.wait(self._poll_s)

    def close(self) -> None:
        """Let go of connections and with them of leadership; the next step opens them again."""
        connection, self._connection = self._connection, None
        leadership, self._leadership = self._leadership, None
        self._runs, self._refreshed = [], 0.0
        self._log.close()
        if connection is None:
            return
        if leadership is not None and connection.info.transaction_status == TransactionStatus.IDLE:
            # The server frees the locks too, but a moment after we are gone.
            with contextlib.suppress(psycopg.OperationalError):
                leadership.keep(set())
        connection.close()

    def step(self) -> bool:
        """One batch for every read model that is behind; False when there was nothing to do."""
        connection = self._open()
        if time.monotonic() - self._refreshed > _REFRESH_S:
            self._refresh(connection)
        head = self._log.head()
        try:
            busy = self._advance_groups(connection, head)
            return self._swap_finished(connection, head) or busy
        except Exception as error:
            self._refreshed = 0.0
            if not is_passing(error) or connection.broken or connection.closed:
                raise
            logger.info("read models looked at again: %s", error)
            return True

    def _advance_groups(self, connection: Link, head: int) -> bool:
        """The furthest ahead first: what people look at comes before what is being built."""
        groups: dict[int, list[Run]] = {}
        for run in self._runs:
            if not run.stopped and run.position < head:
                groups.setdefault(run.position, []).append(run)
        upto = head
        for position in sorted(groups, reverse=True):
            self._advance_group(connection, groups[position], position, upto)
            upto = position  # no further than the next group stood, so that they meet there
        return bool(groups)

    def _advance_group(self, connection: Link, runs: Sequence[Run], position: int, upto: int) -> None:
        topics = frozenset[str]().union(*(run.model.topics for run in runs))
        items = self._log.read(position, upto, self._batch, topics)
        full = len(items) == self._batch
        advance_together(connection, runs, items, items[-1].position if full else upto)

    def _swap_finished(self, connection: Link, head: int) -> bool:
        swapped = False
        for run in self._runs:
            if run.place == "building" and not run.stopped and run.position >= head:
                swapped = self._try_swap(connection, run) or swapped
        return swapped

    def _try_swap(self, connection: Link, run: Run) -> bool:
        """Not more often than every few seconds: waiting for a long query holds up the live rows."""
        if time.monotonic() < self._swap_after:
            return False
        try:
            swap(connection, self._log, run, batch=self._batch)
        except psycopg.errors.LockNotAvailable:
            logger.warning("read model %s waits for a long query to take its place", run.model.name)
            self._swap_after = time.monotonic() + _SWAP_PAUSE_S
            return False
        logger.info("read model %s: version %s is live", run.model.name, run.model.version)
        self._refreshed = 0.0
        return True

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = connect_projector(self._dsn)
            ensure_positions(self._connection)
            self._leadership = Leadership(self._connection)
            self._revive(self._connection)
        return self._connection

    def _revive(self, connection: Link) -> None:
        """A new start is a new chance for what stopped: it may be a corrected program."""
        names = sorted({model.name for model in self._models})
        connection.execute(
            "UPDATE public.zeus_read_models SET retry_at = NULL WHERE state = 'stopped' AND name = ANY(%s)",
            [names],
        )

    def _refresh(self, connection: Link) -> None:
        """Look at the table again and take the roles that are free."""
        rows = {(row.name, row.place): row for row in standings(connection)}
        roles = [(model, place) for model in self._models for place in self._places(model, rows)]
        leadership = self._leadership
        assert leadership is not None  # noqa: S101 - opened together with the connection
        leadership.keep({(model.name, place) for model, place in roles})
        held = [(model, place) for model, place in roles if leadership.take(model.name, place)]
        self._runs = [self._run(connection, model, place) for model, place in held]
        self._refreshed = time.monotonic()

    def _places(self, model: ReadModel, rows: dict[tuple[str, Place], Standing]) -> list[Place]:
        """Where `model` is to run: live if it is the live version, building if it is the newest of ours."""
        live = rows.get((model.name, "live"))
        newest = max(other.version for other in self._models if other.name == model.name)
        if live is None:
            return ["live"] if model.version == newest else []
        if live.version == model.version:
            return ["live"]
        return ["building"] if live.version < model.version == newest else []

    def _run(self, connection: Link, model: ReadModel, place: Place) -> Run:
        row = next((r for r in standings(connection, name=model.name) if r.place == place), None)
        if row is not None and row.version == model.version and (row.position >= 0 or not row.due):
            return Run(model, place, row.position, stopped=not row.due)
        run = Run(model, place, 0)
        try:
            (begin_live if place == "live" else begin_build)(connection, model)
        except Exception as error:
            if is_passing(error):
                raise
            if row is None or row.version != model.version:
                enter(connection, (model.name, place, model.version), [], NOWHERE)
            stop_visibly(connection, run, error, None)
        return run

    def _building(self) -> bool:
        return any(run.place == "building" and not run.stopped for run in self._runs)

    def _demand_leadership(self) -> None:
        ours = {run.model.name for run in self._runs}
        if missing := {model.name for model in self._models} - ours:
            raise LeaderElsewhere(", ".join(sorted(missing)))


def connect_projector(dsn: str) -> psycopg.Connection[Any]:
    """The writing connection, at work as the engine; tables are made as the user of `dsn`, their owner.

    Its commits need no fsync: after a crash rows and position are both older, and what is missing is read from
    the log again, which is durable. Raises RolesMissing, RoleTooStrong.
    """
    connection = psycopg.connect(dsn, autocommit=True, application_name="zeus projections")
    try:
        ensure_roles(connection)
        # Half-open connections would keep a dead leader's locks for hours.
        connection.execute(
            "SET synchronous_commit = off; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
            "SET tcp_keepalives_count = 3; SET timezone = 'UTC'; SET ROLE zeus_engine"
        )
    except BaseException:
        connection.close()
        raise
    return connection
