"""Questions that come while the last are being answered are asked together: one commit for many."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from application.fleet import FleetUnavailable

K = TypeVar("K")
Q = TypeVar("Q")
A = TypeVar("A")

_BATCH = 500


class Gathered(Generic[K, Q, A]):
    """When a fleet of chargers comes back at once, each claim need not wait for a commit of its own."""

    def __init__(
        self, answer: Callable[[Mapping[K, Q]], Awaitable[Mapping[K, A]]], *, patience_s: float
    ) -> None:
        """`answer` takes up to 500 questions by key and answers each."""
        self._answer = answer
        self._patience_s = patience_s
        self._waiting: list[tuple[K, Q, asyncio.Future[A]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, key: K, question: Q) -> A:
        """The answer; of two questions with one key the first is answered first. Raises FleetUnavailable."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, question, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            async with asyncio.timeout(self._patience_s):
                return await future
        except TimeoutError:
            raise FleetUnavailable(f"no answer within {self._patience_s} s") from None

    async def _work(self) -> None:
        """Until nobody waits any more."""
        while self._waiting:
            batch = self._next_batch()
            try:
                answers = await self._answer({key: question for key, (question, _) in batch.items()})
            except Exception as error:  # noqa: BLE001 - a job's border: those who wait must hear of it
                for _, future in batch.values():
                    if not future.done():
                        future.set_exception(error)
                continue
            for key, (_, future) in batch.items():
                if not future.done():
                    future.set_result(answers[key])

    def _next_batch(self) -> dict[K, tuple[Q, asyncio.Future[A]]]:
        """Each key once, and nobody who has given up waiting."""
        batch: dict[K, tuple[Q, asyncio.Future[A]]] = {}
        later: list[tuple[K, Q, asyncio.Future[A]]] = []
        for key, question, future in self._waiting:
            if future.done():
                continue
            if key in batch or len(batch) == _BATCH:
                later.append((key, question, future))
            else:
                batch[key] = (question, future)
        self._waiting = later
        return batch
