"""The log against everything that was ever sealed, signed or given away of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.audit.log_rows import head, rows_between, stream_gaps
from adapters.audit.signing import verify_ed25519
from adapters.audit.tiles import Tree, higher_tiles, kept_tail, sealed, stored_tiles, tail_sizes
from adapters.audit.tree_schema import TILE
from domain.audit.checkpoint import Checkpoint, read_checkpoint
from domain.audit.comparison import Comparison, Expected, Finding, Kind
from domain.audit.leaf import StoredRow, leaf_of
from domain.audit.merkle import Frontier, fold, peaks
from domain.audit.notes import NoteKey, NoteUnreadable, read_note

Progress = Callable[[int, int], None]
"""(position so far, last position)."""


class Claim(NamedTuple):
    """A checkpoint that somebody has: the log, a file outside, a customer."""

    source: str
    note: str


class Verdict(NamedTuple):
    """What was found."""

    findings: tuple[Finding, ...]
    events: int
    """Hashed anew."""
    size: int
    root: bytes
    checkpoints: int
    """That were compared."""
    signers: tuple[str, ...]
    """Ids of the keys that signed them."""
    seconds: float

    @property
    def intact(self) -> bool:
        """Nothing was found that is not harmless."""
        return all(one.kind.harmless for one in self.findings)


class SinceUnknown(LookupError):
    """The tiles do not reach that checkpoint, so the work cannot be taken up from there: verify all of it."""


class Verification:
    """One run, on a connection in one transaction (REPEATABLE READ): the log may grow meanwhile."""

    def __init__(
        self,
        connection: Connection[Any],
        keys: Sequence[NoteKey],
        claims: Iterable[Claim],
        progress: Progress = lambda done, total: None,
    ) -> None:
        """`keys` are those whose signatures count."""
        self._connection = connection
        self._progress = progress
        self._keys = keys
        self._findings: list[Finding] = []
        self._signers: list[str] = []
        self._claims = self._readable(claims)
        self._comparison = Comparison()
        self._events = 0

    def run(self, since: int = 0) -> Verdict:
        """All of it, or what came after the checkpoint of size `since`, which was verified before.

        Raises SinceUnknown.
        """
        began = perf_counter()
        first = since // TILE
        self._frontier, after = self._begin(first)
        self._last = head(self._connection)
        self._tails = tail_sizes(self._connection)
        self._check_claims()
        roots = self._compare_tiles(first, after)
        self._compare_tail(self._after)
        self._compare_higher(first, roots)
        for gap in stream_gaps(self._connection):
            words = f"{gap.stream} has {gap.events} events, but versions {gap.first} to {gap.last}."
            self._findings.append(Finding(Kind.STREAM_GAP, words))
        for claim, checkpoint in self._claims:
            if checkpoint.size > self._frontier.size:
                self._broken(claim, checkpoint, f"the log has {self._frontier.size}")
        return Verdict(
            (*self._comparison.findings(), *self._findings),
            self._events,
            self._frontier.size,
            self._frontier.root(),
            len({checkpoint for _, checkpoint in self._claims if checkpoint.size >= since}),
            tuple(self._signers),
            perf_counter() - began,
        )

    # -- checkpoints ----------------------------------------------------------------------------------

    def _readable(self, claims: Iterable[Claim]) -> list[tuple[Claim, Checkpoint]]:
        found = []
        for claim in claims:
            try:
                note = read_note(claim.note)
                checkpoint = read_checkpoint(note.text)
            except NoteUnreadable as error:
                self._findings.append(
                    Finding(Kind.SIGNATURE_WRONG, f"The checkpoint {claim.source}: {error}.")
                )
                continue
            signers = note.signed_by(self._keys, verify_ed25519)
            self._signers += [key.id for key in signers if key.id not in self._signers]
            if not signers:
                words = f"The checkpoint {claim.source} of {checkpoint.size} events bears no signature of a known key."
                self._findings.append(Finding(Kind.SIGNATURE_WRONG, words))
                continue
            found.append((claim, checkpoint))
        return sorted(found, key=lambda one: one[1].size)

    def _check_claims(self) -> None:
        """Those of the size that the tree has just now."""
        claims = self._by_size.get(self._frontier.size, ())
        root = self._frontier.root() if claims else b""
        for claim, checkpoint in claims:
            if checkpoint.root != root:
                self._broken(claim, checkpoint, "the first events of the log have another root")

    def _broken(self, claim: Claim, checkpoint: Checkpoint, why: str) -> None:
        words = f"The checkpoint {claim.source} over {checkpoint.size} events does not hold: {why}."
        self._findings.append(Finding(Kind.CHECKPOINT_BROKEN, words))

    # -- the log --------------------------------------------------------------------------------------

    def _begin(self, first: int) -> tuple[Frontier, int]:
        self._by_size: dict[int, list[tuple[Claim, Checkpoint]]] = {}
        self._claims = [one for one in self._claims if one[1].size >= first * TILE]
        for one in self._claims:
            self._by_size.setdefault(one[1].size, []).append(one)
        if first == 0:
            return Frontier(), 0
        tree = Tree(self._connection)
        if first > tree.sealed.tiles:
            raise SinceUnknown(first * TILE)
        found = [tree.node(level, index) for level, index in peaks(first * TILE)]
        return Frontier(first * TILE, found), tree.position_of(first * TILE - 1)

    def _damaged(self, words: str) -> None:
        self._findings.append(Finding(Kind.TREE_DAMAGED, words))

    def _compare_tiles(self, first: int, after: int) -> list[bytes]:
        """Tile by tile; returns their roots as they are, and remembers where they end."""
        roots: list[bytes] = []
        self._after, self._lost = after, False
        for number, tile in enumerate(stored_tiles(self._connection, first), start=first):
            if tile.number != number or not tile.in_order(self._after):
                self._damaged(
                    f"Tile {tile.number} of the tree is not where it belongs: what follows is not compared."
                )
                self._lost = True
                break
            expected = self._kept(number)
            if len(tile.hashes) == TILE and fold(tile.hashes) == tile.root:
                expected = dict(zip(tile.positions, tile.hashes, strict=True)) | expected
            else:
                self._damaged(f"Tile {number} of the tree was changed.")
                expected = {}
            roots.append(tile.root)
            self._compare(expected, self._after, tile.positions[-1])
            self._after = tile.positions[-1]
            self._progress(self._after, self._last)
        return roots

    def _compare_tail(self, after: int) -> None:
        """What no tile holds: compared as far as a checkpoint kept its leaves."""
        expected = {} if self._lost else self._kept(sealed(self._connection).tiles)
        known = max(expected, default=after)
        if known > after:
            self._compare(expected, after, known)
        for rows in rows_between(self._connection, known, 1 << 62):
            self._add(rows)
            self._comparison.pass_by(rows)
            self._progress(rows[-1].position, self._last)

    def _kept(self, tile: int) -> dict[int, bytes]:
        """Position → leaf, of all that was kept at checkpoints of what this tile holds or will hold."""
        found: dict[int, bytes] = {}
        # Backwards, so that what was kept first has the last word.
        for size in range((tile + 1) * TILE - 1, tile * TILE, -1):
            if size in self._tails:
                leaves = kept_tail(self._connection, size)
                found |= dict(zip(leaves.positions, leaves.hashes, strict=False))
        return found

    def _compare(self, expected: Mapping[int, bytes], after: int, upto: int) -> None:
        rows: list[StoredRow] = []
        for page in rows_between(self._connection, after, upto):
            rows += page
        if not expected:
            self._add(rows)
            self._comparison.pass_by(rows)
            return
        self._comparison.take(map(Expected, expected.keys(), expected.values()), rows, self._add(rows))

    def _add(self, rows: Sequence[StoredRow]) -> list[bytes]:
        leaves = [leaf_of(row) for row in rows]
        self._events += len(leaves)
        for leaf in leaves:
            self._frontier.append(leaf)
            if self._frontier.size in self._by_size:
                self._check_claims()
        return leaves

    def _compare_higher(self, first: int, roots: list[bytes]) -> None:
        """Every tile above the leaves is made of those below; those whose leaves were passed by are left."""
        below = dict(enumerate(roots, start=first))
        level = 0
        found: dict[int, bytes] = {}
        for height, number, root, hashes in higher_tiles(self._connection):
            if height != level + 1:
                below, found, level = found, {}, height - 1
            children = range(number * TILE, (number + 1) * TILE)
            if all(child in below for child in children) and hashes != [below[child] for child in children]:
                self._damaged(f"Tile {number} of level {height} of the tree does not fit those below it.")
            if fold(hashes) != root:
                self._damaged(f"Tile {number} of level {height} of the tree was changed.")
            found[number] = root
