"""What somebody did to the log, told from the leaves it had and the rows it has."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar

from domain.audit.leaf import StoredRow, leaf_of

T = TypeVar("T")
MOST = 200
"""Differences that are named one by one; a log that was rewritten whole has millions."""


class Kind(StrEnum):
    """What is wrong, or merely worth a word."""

    CHANGED = "changed"
    DROPPED = "dropped"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    MOVED = "moved"
    TRUNCATED = "truncated"
    TREE_DAMAGED = "tree_damaged"
    CHECKPOINT_BROKEN = "checkpoint_broken"
    SIGNATURE_WRONG = "signature_wrong"
    STREAM_GAP = "stream_gap"
    CLOCK_WENT_BACK = "clock_went_back"

    @property
    def harmless(self) -> bool:
        """Worth a word, but no sign that anybody changed anything."""
        return self is Kind.CLOCK_WENT_BACK


class Finding(NamedTuple):
    """One thing that is not as it was."""

    kind: Kind
    words: str
    position: int | None = None
    """In the log, where one can be named."""


class Expected(NamedTuple):
    """An event that was sealed."""

    position: int
    leaf: bytes


class Altered(NamedTuple):
    """An event whose row is not the one that was sealed."""

    position: int
    leaf: bytes
    row: StoredRow


class Comparison:
    """Takes the log in pieces, side by side with what was sealed, and tells the differences at the end."""

    def __init__(self) -> None:
        self.altered: list[Altered] = []
        self.missing: list[Expected] = []
        self.added: list[StoredRow] = []
        self.more = 0
        """Differences beyond those that are named."""
        self.last_found = 0
        self._recorded_us: int | None = None
        self._clock: list[Finding] = []

    def take(self, expected: Iterable[Expected], rows: Sequence[StoredRow], leaves: Sequence[bytes]) -> None:
        """A piece of the log: what was sealed of it, the rows that are there, and their leaves."""
        sealed = {one.position: one.leaf for one in expected}
        for row, leaf in zip(rows, leaves, strict=True):
            was = sealed.pop(row.position, None)
            if was is None:
                self._note(self.added, row)
            elif was != leaf:
                self._note(self.altered, Altered(row.position, was, row))
        for position, was in sealed.items():
            self._note(self.missing, Expected(position, was))
        self.pass_by(rows)

    def pass_by(self, rows: Sequence[StoredRow]) -> None:
        """Rows that nothing was sealed of yet: only their clock can be looked at."""
        for row in rows:
            if (
                self._recorded_us is not None
                and row.recorded_us < self._recorded_us
                and len(self._clock) < MOST
            ):
                self._clock.append(_clock(row, self._recorded_us))
            self._recorded_us = row.recorded_us
        if rows:
            self.last_found = rows[-1].position

    def _note(self, where: list[T], what: T) -> None:
        if len(self.altered) + len(self.missing) + len(self.added) < MOST:
            where.append(what)
        else:
            self.more += 1

    def findings(self) -> list[Finding]:
        """What was done, in the order of the log; one that was moved or swapped is named as such."""
        altered, missing, added = list(self.altered), list(self.missing), list(self.added)
        found = [*_swaps(altered), *_moves(missing, added), *_truncation(missing, self.last_found)]
        found += [
            Finding(
                Kind.CHANGED,
                f"The event at position {one.position} ({_named(one.row)}) was changed.",
                one.position,
            )
            for one in altered
        ]
        found += [
            Finding(Kind.DROPPED, f"The event at position {one.position} was dropped.", one.position)
            for one in missing
        ]
        found += [
            Finding(
                Kind.INSERTED,
                f"An event was inserted at position {row.position}: {_named(row)}.",
                row.position,
            )
            for row in added
        ]
        found.sort(key=lambda one: one.position or 0)
        if self.more:
            found.append(Finding(Kind.CHANGED, f"{self.more} more differences are not named one by one."))
        return [*found, *self._clock]


def _swaps(altered: list[Altered]) -> list[Finding]:
    """Pairs that stand in each other's place; they are taken out of `altered`."""
    found: list[Finding] = []
    by_leaf = {one.leaf: one for one in altered}
    for one in list(altered):
        if one not in altered:
            continue
        for other in altered:
            if other is not one and leaf_of(one.row._replace(position=other.position)) == other.leaf:
                break
        else:
            continue
        if leaf_of(other.row._replace(position=one.position)) in by_leaf:
            altered.remove(one)
            altered.remove(other)
            first, last = sorted((one.position, other.position))
            words = f"The events at positions {first} and {last} were swapped."
            found.append(Finding(Kind.SWAPPED, words, first))
    return found


def _moves(missing: list[Expected], added: list[StoredRow]) -> list[Finding]:
    """Events that stand where they were not; they are taken out of both lists."""
    found: list[Finding] = []
    for row in list(added):
        for one in missing:
            if leaf_of(row._replace(position=one.position)) == one.leaf:
                missing.remove(one)
                added.remove(row)
                words = f"The event at position {one.position} was moved to position {row.position}."
                found.append(Finding(Kind.MOVED, words, one.position))
                break
    return found


def _truncation(missing: list[Expected], last_found: int) -> list[Finding]:
    """What is missing at the end is one finding; it is taken out of `missing`."""
    cut = [one for one in missing if one.position > last_found]
    if not cut:
        return []
    for one in cut:
        missing.remove(one)
    words = (
        f"The log was truncated after position {last_found}: events up to position {cut[-1].position} "
        "were sealed and are gone."
    )
    return [Finding(Kind.TRUNCATED, words, last_found)]


def _clock(row: StoredRow, before_us: int) -> Finding:
    words = f"The clock went back {(before_us - row.recorded_us) / 1e6:.3f} s before position {row.position}."
    return Finding(Kind.CLOCK_WENT_BACK, words, row.position)


def _named(row: StoredRow) -> str:
    return f"{row.topic} on {row.stream} version {row.version}"
