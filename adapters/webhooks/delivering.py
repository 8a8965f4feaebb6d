"""One webhook's deliveries: the stream of its messages, batch after batch, each until it is taken."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from adapters.live.listening import Listening
from adapters.live.places import Place
from adapters.live.prepared import Control, Prepared
from adapters.live.selection import Selection
from adapters.live.streams import LiveStreams
from adapters.webhooks.batch import Batch, batch_of, fitting, headers_of, pause_after
from adapters.webhooks.book import Book, Progress, Try
from adapters.webhooks.sender import NotDelivered, Sender
from application import clock
from application.webhooks import WebhookSecrets
from domain.tenants.roles import Right
from domain.webhooks.events import WebhookDefined
from domain.webhooks.webhook import Webhook

log = logging.getLogger("zeus.webhooks")

T = TypeVar("T")

IDLE_S = 15.0
"""Where nothing is wanted of what happens, the place is written down after so long."""

Disable = Callable[[Webhook, datetime, str], Awaitable[None]]


class OnBook(Protocol):
    """Works on the book where that may block."""

    async def __call__(self, do: Callable[[Book], T], /) -> T:
        """What `do` returns. Raises psycopg.Error."""
        ...


class Delivering:
    """Runs until it is cancelled; another run goes on where this one was."""

    def __init__(
        self,
        webhook: Webhook,
        live: LiveStreams,
        sender: Sender,
        secrets: WebhookSecrets,
        on_book: "OnBook",
        disable: Disable,
        patience: timedelta,
    ) -> None:
        """`patience`: whoever takes nothing for so long is disabled."""
        self._webhook = webhook
        self._live = live
        self._sender = sender
        self._secrets = secrets
        self._on_book = on_book
        self._disable = disable
        self._patience = patience
        self._waiting: deque[Prepared | Control] = deque()

    async def run(self) -> None:
        """Deliver. Raises psycopg.Error."""
        defined, stream = self._webhook.defined, self._webhook.stream
        if defined is None:
            return
        progress = await self._on_book(lambda book: book.begin(stream, from_beginning=defined.from_beginning))
        selection = selection_of(defined)
        rights = frozenset({Right.READ, Right.ENGINEER} if selection.frames else {Right.READ})
        listening = self._live.listen(
            stream.split("/", 2)[1], rights, selection, progress.place, patient=True
        )
        try:
            await self._deliver_all(progress, listening)
        finally:
            listening.close()

    async def _deliver_all(self, progress: Progress, listening: Listening) -> None:
        if progress.pending is not None:
            await self._again(progress, progress.pending, listening)
        written = progress.place
        while True:
            if not self._waiting:
                self._waiting.extend(await listening.next(IDLE_S))
            if not self._waiting:
                if (place := listening.reached()) > written:
                    await self._on_book(lambda book, at=place: book.reached(progress.stream, at))  # type: ignore[misc]
                    written = place
                continue
            messages = list(self._waiting)[: self._fitting()]
            upto = place_of(messages[-1], listening)
            await self._on_book(lambda book, at=upto: book.aim(progress.stream, at))  # type: ignore[misc]
            await self._deliver(progress, messages, upto)
            for _ in messages:
                self._waiting.popleft()
            written = upto

    async def _again(self, progress: Progress, upto: Place, listening: Listening) -> None:
        """The batch that was under way when somebody died, as far as the same messages are wanted still."""
        messages: list[Prepared | Control] = []
        while True:
            while self._waiting and place_of(self._waiting[0], listening) <= upto:
                messages.append(self._waiting.popleft())
            if self._waiting or listening.stream.place >= upto:
                break
            self._waiting.extend(await listening.next(IDLE_S))
        if messages:
            await self._deliver(progress, messages, upto)

    async def _deliver(self, progress: Progress, messages: Sequence[Prepared | Control], upto: Place) -> None:
        """Until it is taken."""
        batch = batch_of(self._webhook, messages)
        if progress.next_try_at is not None:
            await _until(progress.next_try_at)
        while True:
            tried = await self._try(batch, progress.failures + 1)
            if tried.error is None:
                await self._on_book(lambda book, t=tried: book.success(progress.stream, upto, t))  # type: ignore[misc]
                progress.failures, progress.failing_since, progress.next_try_at = 0, None, None
                return
            again = tried.at + pause_after(progress.failures)
            await self._on_book(lambda book, t=tried, a=again: book.failure(progress.stream, t, a))  # type: ignore[misc]
            progress.failures += 1
            progress.failing_since = progress.failing_since or tried.at
            if tried.at - progress.failing_since >= self._patience or tried.status == 410:
                await self._disable(self._webhook, progress.failing_since, tried.error)
            await _until(again)

    async def _try(self, batch: Batch, attempt: int) -> Try:
        now, began = clock.now(), clock.monotonic()
        defined = self._webhook.defined
        status, error = None, None
        try:
            headers = headers_of(self._webhook, batch, self._secrets, attempt, now)
            answer = await self._sender.post(defined.url if defined else "", headers, batch.body)
            status = answer.status
            error = None if answer.taken else f"HTTP {answer.status}"
        except NotDelivered as failure:
            error = str(failure)
        return Try(
            delivery=batch.delivery,
            at=now,
            attempt=attempt,
            messages=batch.messages,
            size_bytes=len(batch.body),
            took_ms=int((clock.monotonic() - began) * 1000),
            status=status,
            error=error,
        )

    def _fitting(self) -> int:
        """A message about the stream goes alone: it is rare, and nobody overlooks it."""
        prepared: list[Prepared] = []
        for message in self._waiting:
            if isinstance(message, Control):
                break
            prepared.append(message)
        return fitting(prepared) if prepared else 1


def selection_of(defined: WebhookDefined) -> Selection:
    """What the webhook wants, as a stream filters it."""
    meter = defined.meter if defined.meter in ("every", "none") else "coalesced"
    return Selection(types=frozenset(defined.types), chargers=frozenset(defined.chargers), meter=meter)  # type: ignore[arg-type]


def place_of(message: Prepared | Control, listening: Listening) -> Place:
    """Where the stream has come to with this message."""
    return message.place if isinstance(message, Prepared) else listening.stream.place


async def _until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - clock.now()).total_seconds()))
