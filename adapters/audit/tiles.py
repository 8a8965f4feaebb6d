"""The tree as it is kept: nodes, leaves and positions from tiles, and from the log behind the last full tile."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.audit.log_rows import Leaves, leaves_after, split
from adapters.audit.tree_schema import TILE, TILE_BITS
from domain.audit.leaf import Run, positions_of, runs_of
from domain.audit.merkle import consistency_proof, fold, inclusion_proof, root_at

MOST_BEHIND = 100_000
"""Events that are hashed when they are asked for: a third of a second, and 3 MB."""

_SEALED = "SELECT tile, runs FROM audit.tiles WHERE level = 0 ORDER BY tile DESC LIMIT 1"
_ONE = "SELECT hashes FROM audit.tiles WHERE level = %s AND tile = %s"
_ROOT = "SELECT root FROM audit.tiles WHERE level = %s AND tile = %s"
_ROOTS = "SELECT root FROM audit.tiles WHERE level = %s AND tile >= %s AND tile < %s ORDER BY tile"
_OF_POSITION = """
    SELECT tile, runs FROM audit.tiles WHERE level = 0 AND first_position <= %s
     ORDER BY first_position DESC LIMIT 1
"""
_RUNS = "SELECT runs FROM audit.tiles WHERE level = 0 AND tile = %s"
_ALL = """
    SELECT tile, root, hashes, runs FROM audit.tiles WHERE level = 0 AND tile >= %s ORDER BY tile LIMIT %s
"""
_HIGHER = "SELECT level, tile, root, hashes FROM audit.tiles WHERE level > 0 ORDER BY level, tile"
_TAIL = "SELECT hashes, runs FROM audit.tails WHERE size = %s"
_KEEP_TAIL = "INSERT INTO audit.tails (size, hashes, runs) VALUES (%s, %s, %s) ON CONFLICT (size) DO NOTHING"


class NotInTheTree(LookupError):
    """No event has this position, or the tree of this size does not reach so far."""


class TileMissing(LookupError):
    """A tile of the tree is missing; delete all of audit.tiles and the sealer makes it again."""


class TreeBehind(RuntimeError):
    """More events are not sealed yet than can be hashed at once: is the projector of `zeus serve` running?"""


class Tile(NamedTuple):
    """256 leaves as they were sealed."""

    number: int
    root: bytes
    hashes: list[bytes]
    positions: list[int]

    def in_order(self, after: int) -> bool:
        """Are its positions 256 ascending ones behind `after`?"""
        numbers = [after, *self.positions]
        return len(self.positions) == TILE and all(one < other for one, other in pairwise(numbers))


class Sealed(NamedTuple):
    """How far the tiles reach."""

    tiles: int
    position: int
    """Of the last event in a full tile; 0 where there is none."""

    @property
    def size(self) -> int:
        """Leaves in full tiles."""
        return self.tiles * TILE


def sealed(connection: Connection[Any]) -> Sealed:
    """How far the tiles reach now."""
    row = connection.execute(_SEALED).fetchone()
    if row is None:
        return Sealed(0, 0)
    last = runs_in(row[1])[-1]
    return Sealed(row[0] + 1, last.first + last.length - 1)


def runs_in(numbers: list[int]) -> list[Run]:
    """`first, count, first, count, …` as runs."""
    return [Run(first, length) for first, length in zip(numbers[::2], numbers[1::2], strict=True)]


def numbers_of(runs: list[Run]) -> list[int]:
    """The other way."""
    return [number for run in runs for number in run]


def stored_tiles(connection: Connection[Any], first: int = 0, page: int = 64) -> Iterator[Tile]:
    """Tiles of level 0 from `first` on."""
    while True:
        rows = connection.execute(_ALL, [first, page], binary=True).fetchall()
        for number, root, hashes, runs in rows:
            yield Tile(number, root, split(hashes), list(positions_of(runs_in(runs))))
        if len(rows) < page:
            return
        first = rows[-1][0] + 1


def higher_tiles(connection: Connection[Any]) -> list[tuple[int, int, bytes, list[bytes]]]:
    """(level, tile, root, hashes) of every tile above the leaves."""
    rows = connection.execute(_HIGHER, binary=True)
    return [(level, tile, root, split(hashes)) for level, tile, root, hashes in rows]


def tail_sizes(connection: Connection[Any]) -> set[int]:
    """The sizes of the trees whose tails were kept."""
    return {size for (size,) in connection.execute("SELECT size FROM audit.tails")}


def kept_tail(connection: Connection[Any], size: int) -> Leaves:
    """The leaves that no tile held yet when a checkpoint was made of the tree of this size."""
    row = connection.execute(_TAIL, [size], binary=True).fetchone()
    return Leaves([], []) if row is None else Leaves(list(positions_of(runs_in(row[1]))), split(row[0]))


class Tree:
    """The tree at one moment: the tiles there are, and the events behind them.

    Bound to a connection in one transaction (REPEATABLE READ), so that it does not grow meanwhile.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        """Raises TreeBehind."""
        self._connection = connection
        self.sealed = sealed(connection)
        self._tail = leaves_after(connection, self.sealed.position, MOST_BEHIND + 1)
        if len(self._tail.hashes) > MOST_BEHIND:
            raise TreeBehind
        self.size = self.sealed.size + len(self._tail.hashes)
        self._tile = lru_cache(maxsize=64)(self._read_tile)

    def node(self, level: int, index: int) -> bytes:
        """The root of a complete subtree. Raises TileMissing."""
        row, rest = divmod(level, TILE_BITS)
        if level >= TILE_BITS and rest == 0 and (found := self._root(row - 1, index)):
            return found
        first = index << rest
        hashes = self._hashes(row, first >> TILE_BITS)
        within = first & (TILE - 1)
        return fold(hashes[within : within + (1 << rest)])

    def root(self, size: int | None = None) -> bytes:
        """The root over all events, or the first `size`."""
        return root_at(self.size if size is None else size, self.node)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that a leaf is in the tree of `size`. Raises NotInTheTree."""
        if size > self.size or not 0 <= index < size:
            raise NotInTheTree(index)
        return inclusion_proof(index, size, self.node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `new` continues that of `old`. Raises NotInTheTree."""
        if not 0 <= old <= new <= self.size:
            raise NotInTheTree(new)
        return consistency_proof(old, new, self.node)

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf. Raises NotInTheTree."""
        if not 0 <= index < self.size:
            raise NotInTheTree(index)
        return self._hashes(0, index >> TILE_BITS)[index & (TILE - 1)]

    def index_of(self, position: int) -> int:
        """The place among the leaves of the event with this position. Raises NotInTheTree."""
        if position > self.sealed.position:
            if position in self._tail.positions:
                return self.sealed.size + self._tail.positions.index(position)
            raise NotInTheTree(position)
        row = self._connection.execute(_OF_POSITION, [position]).fetchone()
        passed = 0
        for run in runs_in(row[1]) if row else ():
            if run.first <= position < run.first + run.length:
                return int(row[0]) * TILE + passed + position - run.first  # type: ignore[index]
            passed += run.length
        raise NotInTheTree(position)

    def position_of(self, index: int) -> int:
        """The position of a leaf. Raises NotInTheTree."""
        if not 0 <= index < self.size:
            raise NotInTheTree(index)
        if index >= self.sealed.size:
            return self._tail.positions[index - self.sealed.size]
        row = self._connection.execute(_RUNS, [index >> TILE_BITS]).fetchone()
        if row is None:
            raise TileMissing(f"level 0, tile {index >> TILE_BITS}")
        return list(positions_of(runs_in(row[0])))[index & (TILE - 1)]

    def keep_tail(self) -> None:
        """Keep the leaves that no tile will hold for a while; harmless when repeated."""
        behind = self.size // TILE * TILE - self.sealed.size  # a sealer that is late has more to do
        positions, hashes = self._tail.positions[behind:], self._tail.hashes[behind:]
        runs = numbers_of(runs_of(positions))
        self._connection.execute(_KEEP_TAIL, [self.size, b"".join(hashes), runs])

    def _hashes(self, row: int, tile: int) -> list[bytes]:
        if row == 0 and tile >= self.sealed.tiles:
            at = tile * TILE - self.sealed.size
            return self._tail.hashes[at : at + TILE]
        return self._tile(row, tile)

    def _read_tile(self, row: int, tile: int) -> list[bytes]:
        found = self._connection.execute(_ONE, [row, tile], binary=True).fetchone()
        if found is not None:
            return split(found[0])
        if row == 0:
            raise TileMissing(f"level 0, tile {tile}")
        return self._roots_below(row, tile)

    def _roots_below(self, row: int, tile: int) -> list[bytes]:
        """A tile that is not full yet: the roots of those below it, of which the last may not be kept either."""
        first = tile * TILE
        rows = self._connection.execute(_ROOTS, [row - 1, first, first + TILE], binary=True)
        found = [root for (root,) in rows]
        complete = self.size >> TILE_BITS * row
        found += [
            fold(self._hashes(row - 1, n)) for n in range(first + len(found), min(complete, first + TILE))
        ]
        return found

    def _root(self, row: int, tile: int) -> bytes | None:
        found = self._connection.execute(_ROOT, [row, tile], binary=True).fetchone()
        return None if found is None else bytes(found[0])
