"""Which registered ids did somebody mean who entered one that is not? Typing errors, look-alikes, prefixes."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

FARTHEST = 2
"""Edits: a sign too many, too few, another one, or two neighbours swapped."""
TAIL = 4
"""Signs that an id and the same one with something before it have in common at least."""


class Why(StrEnum):
    """How two ids resemble each other; the first is the best sign."""

    LOOK_ALIKE = "look_alike"
    """The same but for O and 0, I and 1, and signs between the letters."""
    PREFIX = "prefix"
    """One of them has something before it, such as the maker's name."""
    ONE_EDIT = "one_edit"
    TWO_EDITS = "two_edits"


class NearMatch(msgspec.Struct, frozen=True):
    """A registered id that may have been meant."""

    cpid: str
    why: Why


class Neighbourhood:
    """The registered ids, prepared for many questions: 10,000 of them take about 60 ms once."""

    def __init__(self, ids: Iterable[str]) -> None:
        """`ids` as registered; compared without case."""
        self._ids = {cpid.upper(): cpid for cpid in ids}
        self._alphabet = sorted({sign for key in self._ids for sign in key})
        self._folded: dict[str, list[str]] = {}
        self._tails: dict[str, list[str]] = {}
        for key in self._ids:
            folded = fold(key)
            self._folded.setdefault(folded, []).append(key)
            if len(folded) >= TAIL:
                self._tails.setdefault(folded[-TAIL:], []).append(key)
        self._pairs: dict[int, list[tuple[int, str]]] = {}
        """By length, in order: the pairs of each id, and the id."""

    def near(self, cpid: str, most: int = 3) -> list[NearMatch]:
        """The ids most like `cpid`, at most `most`, the best first; the cheap ways of looking come first."""
        key = cpid.upper()
        found: dict[str, Why] = {}
        for why, look in (
            (Why.LOOK_ALIKE, self._look_alikes),
            (Why.PREFIX, self._prefixed),
            (Why.ONE_EDIT, self._one_edit),
            (Why.TWO_EDITS, self._two_edits),
        ):
            for other in look(key):
                if other != key:
                    found.setdefault(other, why)
                if len(found) >= most:
                    return [NearMatch(self._ids[one], why) for one, why in found.items()]
        return [NearMatch(self._ids[one], why) for one, why in found.items()]

    def _look_alikes(self, key: str) -> Iterable[str]:
        return self._folded.get(fold(key), ())

    def _prefixed(self, key: str) -> Iterable[str]:
        folded = fold(key)
        if len(folded) < TAIL:
            return
        for other in self._tails.get(folded[-TAIL:], ()):
            its = fold(other)
            if its.endswith(folded) or folded.endswith(its):
                yield other

    def _one_edit(self, key: str) -> Iterable[str]:
        return sorted(self._ids.keys() & one_edit_away(key, self._alphabet))

    def _two_edits(self, key: str) -> Iterable[str]:
        """Every id within reach. Two numbers tell of most ids that they are not: an edit changes at most three
        pairs of neighbours on each side. The others are compared sign by sign, from where they differ from
        the one before.
        """
        mine, limit = pairs(key), 6 * FARTHEST
        for length in range(max(0, len(key) - FARTHEST), len(key) + FARTHEST + 1):
            of_length = self._by_length().get(length, ())
            likely = [other for mask, other in of_length if (mine ^ mask).bit_count() <= limit]
            yield from within_reach(key, likely)

    def _by_length(self) -> dict[int, list[tuple[int, str]]]:
        if not self._pairs:
            for key in sorted(self._ids):
                self._pairs.setdefault(len(key), []).append((pairs(key), key))
        return self._pairs


_FOLDING = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "-": None, "_": None, ".": None, " ": None})


def fold(cpid: str) -> str:
    """An id without what people confuse: in capitals, O as 0, I and L as 1, no signs between."""
    return cpid.upper().translate(_FOLDING)


def pairs(text: str) -> int:
    """The pairs of neighbouring signs as a set of bits; two texts that are close have nearly the same."""
    mask = 0
    for first, second in zip("\0" + text, text + "\0", strict=True):
        mask |= 1 << (ord(first) * 31 + ord(second)) % 509
    return mask


def one_edit_away(text: str, alphabet: Iterable[str]) -> set[str]:
    """Everything that one edit makes of `text`."""
    cuts = [(text[:n], text[n:]) for n in range(len(text) + 1)]
    found = {left + right[1:] for left, right in cuts if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    for sign in alphabet:
        found |= {left + sign + right[1:] for left, right in cuts if right}
        found |= {left + sign + right for left, right in cuts}
    return found


def within_reach(text: str, others: Iterable[str]) -> Iterable[str]:
    """Those of `others`, which are in order, that two edits make of `text`."""
    rows = [list(range(len(text) + 1))]
    before, hopeless = "", None
    for other in others:
        if hopeless is not None and other.startswith(hopeless):
            continue
        del rows[shared(before, other) + 1 :]
        while len(rows) <= len(other) and min(rows[-1]) <= FARTHEST:
            rows.append(next_row(text, other, rows))
        before, done = other, len(rows) - 1
        hopeless = None if min(rows[-1]) <= FARTHEST else other[:done]
        if hopeless is None and rows[-1][-1] <= FARTHEST:
            yield other


def shared(one: str, two: str) -> int:
    """With how many signs both begin."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )


def next_row(text: str, other: str, rows: list[list[int]]) -> list[int]:
    """How many edits it takes from each beginning of `text` to the first `len(rows)` signs of `other`, given
    the rows for fewer (after Damerau); numbers beyond `FARTHEST` are only known to be beyond.

    Swapped neighbours may have a sign between them on one side: that one came, or went, with the other edit.
    """
    n = len(rows)
    sign, last = other[n - 1], rows[-1]
    row = [n] + [FARTHEST + 1] * len(text)
    for m in range(max(1, n - FARTHEST), min(len(text), n + FARTHEST) + 1):
        mine = text[m - 1]
        best = min(last[m] + 1, row[m - 1] + 1, last[m - 1] + (sign != mine))
        if n > 1 and m > 1 and sign == text[m - 2] and other[n - 2] == mine:
            best = min(best, rows[-2][m - 2] + 1)
        if n > 2 and m > 1 and sign == text[m - 2] and other[n - 3] == mine:
            best = min(best, rows[-3][m - 2] + 2)
        if n > 1 and m > 2 and sign == text[m - 3] and other[n - 2] == mine:
            best = min(best, rows[-2][m - 3] + 2)
        row[m] = best
    return row


def distance(one: str, two: str) -> int:
    """Edits between two texts; `FARTHEST + 1` where there are more."""
    rows = [list(range(len(one) + 1))]
    while len(rows) <= len(two):
        rows.append(next_row(one, two, rows))
    return min(rows[-1][-1], FARTHEST + 1)
