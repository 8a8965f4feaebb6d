"""An archive read as read models read the log: in order, from any place, a batch at a time."""

import base64
import bisect
import gzip
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from adapters.exports.archive import ArchiveManifest
from domain.event import Recorded
from projections.log import Decode
from projections.read_model import LogItem, Unreadable


class _Line(msgspec.Struct):
    """A line whose state is left as it is until somebody wants it."""

    position: int
    stream: str
    version: int
    topic: str
    state: msgspec.Raw = msgspec.Raw(b'""')
    state_base64: str = ""


class ArchivedLog:
    """A LogReader. Going on where the last batch ended costs nothing; going elsewhere opens the file that has it."""

    def __init__(self, root: Path, manifest: ArchiveManifest, decode: Decode) -> None:
        """The files are taken as they are: compare them with the manifest before."""
        self._root = root
        self._segments = manifest.segments
        self._head = manifest.head
        self._decode = decode
        self._lines: Iterator[_Line] = iter(())
        self._ahead: _Line | None = None
        self._at = -1

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        """See the contract."""
        if after != self._at:
            self._seek(after)
        items: list[LogItem] = []
        while len(items) < limit and (line := self._next(upto)) is not None:
            if topics is None or line.topic in topics:
                items.append(self._item(line))
        self._at = items[-1].position if len(items) == limit else upto
        return items

    def head(self) -> int:
        """The last position that the archive speaks of."""
        return self._head

    def wait(self, timeout_s: float) -> None:
        """Nothing is ever appended."""
        time.sleep(timeout_s)

    def close(self) -> None:
        """Let go of the open file."""
        self._lines, self._ahead, self._at = iter(()), None, -1

    def _seek(self, after: int) -> None:
        first = bisect.bisect_right([segment.last for segment in self._segments], after)
        self._lines = (
            line
            for segment in self._segments[first:]
            for line in self._segment(segment.path)
            if line.position > after
        )
        self._ahead = None

    def _next(self, upto: int) -> _Line | None:
        """The next line that is not beyond `upto`; one that is waits for the next batch."""
        line = self._ahead or next(self._lines, None)
        self._ahead = None
        if line is not None and line.position > upto:
            self._ahead, line = line, None
        return line

    def _segment(self, path: str) -> Iterator[_Line]:
        decode = msgspec.json.Decoder(_Line).decode
        with gzip.open(self._root / path, "rb") as lines:
            yield from map(decode, lines)

    def _item(self, line: _Line) -> LogItem:
        state = base64.b64decode(line.state_base64) if line.state_base64 else _text(line.state)
        try:
            return Recorded(line.position, self._decode(line.topic, state, line.stream, line.version))
        except Exception as error:  # noqa: BLE001 - the border of projections: what is stored may be anything
            told = f"{line.stream} v{line.version}: {type(error).__name__}: {error}"
            return Unreadable(line.position, line.topic, told)


def _text(raw: msgspec.Raw) -> bytes:
    return msgspec.json.decode(raw, type=str).encode()
