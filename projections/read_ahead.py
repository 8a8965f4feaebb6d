"""Reading ahead: while the rows of one batch are written, the next batch is read and decoded."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from projections.read_model import LogItem, LogReader


class _Wanted(msgspec.Struct, frozen=True):
    """A batch of the log, asked for before it is needed."""

    after: int
    upto: int
    limit: int
    topics: frozenset[str] | None


class ReadAhead:
    """A LogReader that fetches the batch that will be asked for next, on a second reader in a thread.

    Only while catching up: after a full batch, for the same topics, from where that batch ended. What is
    returned is always what the log itself would return now: a batch read ahead is used if it is full and ends
    in bounds, or if it was read to the very bound asked for. A shorter one would make the engine believe that
    there is nothing up to its bound.
    """

    def __init__(self, log: LogReader, ahead: LogReader) -> None:
        """`ahead` is a reader of the same log with a connection of its own."""
        self._log = log
        self._ahead = ahead
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-ahead")
        self._next: tuple[_Wanted, Future[Sequence[LogItem]]] | None = None

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        """See the contract; raises what reading ahead raised, in its place."""
        items = self._read_before(_Wanted(after, upto, limit, topics))
        if items is None:
            items = self._log.read(after, upto, limit, topics)
        if len(items) == limit and items[-1].position < upto:
            following = _Wanted(items[-1].position, upto, limit, topics)
            task = self._thread.submit(self._ahead.read, following.after, upto, limit, topics)
            self._next = following, task
        return items

    def _read_before(self, wanted: _Wanted) -> Sequence[LogItem] | None:
        """The batch that was read ahead, if it is exactly what is wanted now."""
        ready, self._next = self._next, None
        if ready is None:
            return None
        got, task = ready
        if (got.after, got.limit, got.topics) != (wanted.after, wanted.limit, wanted.topics):
            task.exception()  # wait for its reader; what it met concerns nobody any more
            return None
        items = task.result()
        full_and_in_bounds = len(items) == wanted.limit and items[-1].position <= wanted.upto
        return items if full_and_in_bounds or got.upto == wanted.upto else None

    def head(self) -> int:
        """See the contract."""
        return self._log.head()

    def wait(self, timeout_s: float) -> None:
        """See the contract."""
        self._log.wait(timeout_s)

    def close(self) -> None:
        """Wait for what is being read, and let go of both connections."""
        ready, self._next = self._next, None
        if ready is not None:
            ready[1].exception()
        self._ahead.close()
        self._log.close()
