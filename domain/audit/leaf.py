"""The bytes of a stored event that the tree commits to: an encoding of our own, in which every field has its length.

They are taken from the row as it is stored, not from what it means: an interpretation may change, and personal
parts may lose their key, without any proof ceasing to hold.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from domain.audit.merkle import leaf_hash

ENCODING = b"\x01"
"""The first byte of every leaf: another encoding would begin with another one."""
_NUMBER = Struct(">q")
_LENGTH = Struct(">I")


class StoredRow(NamedTuple):
    """An event as it stands in the log. The tenant is part of the stream's id."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes
    recorded_us: int
    """When the store took it: microseconds since 1970, UTC."""


def canonical(row: StoredRow) -> bytes:
    """0x01, position, stream, version, topic, state, time; numbers are 8 bytes, texts follow 4 bytes of length."""
    stream, topic = row.stream.encode(), row.topic.encode()
    return b"".join(
        (
            ENCODING,
            _NUMBER.pack(row.position),
            _LENGTH.pack(len(stream)),
            stream,
            _NUMBER.pack(row.version),
            _LENGTH.pack(len(topic)),
            topic,
            _LENGTH.pack(len(row.state)),
            row.state,
            _NUMBER.pack(row.recorded_us),
        )
    )


def leaf_of(row: StoredRow) -> bytes:
    """The leaf's hash."""
    return leaf_hash(canonical(row))


class Run(NamedTuple):
    """Positions without a gap between them. Numbers that a refused commit had drawn are left out of the log."""

    first: int
    length: int


def runs_of(positions: list[int]) -> list[Run]:
    """Ascending positions as runs; nearly always one."""
    found: list[Run] = []
    for position in positions:
        if found and position == found[-1].first + found[-1].length:
            found[-1] = Run(found[-1].first, found[-1].length + 1)
        else:
            found.append(Run(position, 1))
    return found


def positions_of(runs: list[Run]) -> Iterator[int]:
    """The positions again."""
    for run in runs:
        yield from range(run.first, run.first + run.length)
