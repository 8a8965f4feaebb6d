"""The process that delivers: one at a time for an installation, chosen by a lock; another takes over when it dies."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import psycopg

from adapters.live.streams import LiveStreams
from adapters.webhooks.book import Book
from adapters.webhooks.delivering import Delivering
from adapters.webhooks.sender import Sender
from application.ports import EventStore, EventStoreError
from application.tenants import Directory
from application.webhooks import JOB, Webhooks, WebhookSecrets
from domain.webhooks.webhook import Condition, Webhook, WebhookUnknown

log = logging.getLogger("zeus.webhooks")

T = TypeVar("T")

LOCK = "zeus.webhooks"
LOOK_S = 1.0
"""So soon a new webhook delivers, and a paused one does not."""
PAUSE_S = 2.0
CONNECT_S = 5


class Open(msgspec.Struct, frozen=True):
    """What a turn works with; made anew for each, and let go of at its end."""

    store: EventStore
    live: LiveStreams
    directory: Directory
    """Which tenants are served: to those that are suspended nothing is delivered."""


class _Running(msgspec.Struct):
    version: int
    served: bool
    task: "asyncio.Task[None] | None"


class Runner:
    """Give its `run` a thread of its own."""

    def __init__(
        self,
        dsn: str,
        open_parts: Callable[[], Open],
        sender: Sender,
        secrets: WebhookSecrets,
        *,
        patience: timedelta,
    ) -> None:
        """`patience`: a webhook whose deliveries fail for so long is disabled."""
        self._dsn = dsn
        self._open_parts = open_parts
        self._sender = sender
        self._secrets = secrets
        self._patience = patience

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; waits while another process delivers, and for a database that is away."""
        with asyncio.Runner() as runner:
            while not stop.is_set():
                try:
                    with psycopg.connect(
                        self._dsn,
                        autocommit=True,
                        application_name="zeus webhooks",
                        connect_timeout=CONNECT_S,
                    ) as connection:
                        connection.execute("SET ROLE zeus_engine")
                        runner.run(self._turn(connection, stop))
                except (psycopg.Error, EventStoreError, OSError) as error:
                    log.warning("webhooks are not delivered now, beginning again: %r", error)
                stop.wait(PAUSE_S)

    async def _turn(self, connection: "psycopg.Connection[Any]", stop: threading.Event) -> None:
        """As long as the lock is ours. Raises psycopg.Error, EventStoreError."""
        lock = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))::int", [LOCK]
        ).fetchone()
        if lock is None or not lock[0]:
            return
        pool = ThreadPoolExecutor(1, thread_name_prefix="webhook-book")
        parts, book = self._open_parts(), Book(connection)
        turn = _Turn(parts, book, pool, self)
        try:
            while not stop.is_set():
                await turn.look()
                await asyncio.sleep(LOOK_S)
        finally:
            await turn.end()
            parts.live.close()
            await parts.store.close()
            pool.shutdown()

    def delivering(self, webhook: Webhook, turn: "_Turn") -> Delivering:
        """What delivers it."""
        return Delivering(
            webhook,
            turn.parts.live,
            self._sender,
            self._secrets,
            turn.on_book,
            turn.disable,
            self._patience,
        )


class _Turn:
    """One life of the runner as the one that delivers."""

    def __init__(self, parts: Open, book: Book, pool: ThreadPoolExecutor, runner: Runner) -> None:
        self.parts = parts
        self._book = book
        self._pool = pool
        self._runner = runner
        self._running: dict[str, _Running] = {}

    async def look(self) -> None:
        """Start, stop and start anew what was changed. Raises what ended a delivery by surprise."""
        for stream, version in (await self.on_book(Book.versions)).items():
            served = await self.parts.directory.serves(stream.split("/", 2)[1])
            known = self._running.get(stream)
            if known is not None and (known.version, known.served) == (version, served):
                if known.task is not None and known.task.done():
                    known.task.result()
                continue
            await self._stop(stream)
            webhook = await self._load(stream)
            task = None
            if served and webhook.condition is Condition.ACTIVE and webhook.defined is not None:
                task = asyncio.create_task(self._runner.delivering(webhook, self).run(), name=stream)
            self._running[stream] = _Running(webhook.version, served, task)

    async def end(self) -> None:
        """Stop all; what is under way is delivered again by the next."""
        for stream in list(self._running):
            await self._stop(stream)

    async def on_book(self, do: Callable[[Book], T]) -> T:
        """In the one thread that has the connection of the lock."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, do, self._book)

    async def disable(self, webhook: Webhook, failing_since: datetime, why: str) -> None:
        """Nobody takes anything: written down; the next look ends its deliveries."""
        log.warning("%s is disabled: nothing was taken since %s; %s", webhook.stream, failing_since, why)
        _, tenant, name = webhook.stream.split("/", 2)
        await Webhooks(self.parts.store, tenant, JOB).disable(name, failing_since, why)

    async def _load(self, stream: str) -> Webhook:
        _, tenant, name = stream.split("/", 2)
        try:
            return await Webhooks(self.parts.store, tenant, JOB).load(name)
        except WebhookUnknown:
            return Webhook(stream)

    async def _stop(self, stream: str) -> None:
        running = self._running.pop(stream, None)
        if running is not None and running.task is not None:
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)
