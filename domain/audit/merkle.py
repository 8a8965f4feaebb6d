"""The Merkle tree of RFC 6962 §2.1 / RFC 9162 §2.1: roots, proofs and their verification, as pure functions.

A *node* (level, index) is the root of the complete subtree over the 2^level leaves from index·2^level on.
Whoever keeps nodes hands them in as a function; nothing here knows where they come from.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

NodeAt = Callable[[int, int], bytes]
"""(level, index) → the hash of a complete subtree."""

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


class ProofWrong(ValueError):
    """The proof does not lead to the root: something was changed, or it is a proof of something else."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: 0x00 keeps it apart from a node, so that no node can be passed off as a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of leaves, or of complete subtrees of one size."""
    if not hashes:
        return EMPTY_ROOT
    frontier = Frontier()
    for one in hashes:
        frontier.append(one)
    return frontier.root()


def peaks(size: int, begin: int = 0) -> Iterator[tuple[int, int]]:
    """The complete subtrees (level, index) that make up `size` leaves from `begin` on, the largest first."""
    at = begin
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, at >> level
            at += 1 << level


def root_at(size: int, node: NodeAt) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _span(0, size, node)


def inclusion_proof(index: int, size: int, node: NodeAt) -> list[bytes]:
    """PATH(index, D[size]): the nodes that lead from a leaf to the root. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    begin, end = 0, size
    path: list[bytes] = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_span(middle, end, node))
            end = middle
        else:
            path.append(_span(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeAt) -> list[bytes]:
    """PROOF(old, D[new]): the nodes which show that the larger tree only added to the smaller. Raises ValueError."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot continue one of {old}")
    if old in (0, new):
        return []
    begin, end, whole = 0, new, True
    path: list[bytes] = []
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_span(middle, end, node))
            end = middle
        else:
            path.append(_span(begin, middle, node))
            begin, whole = middle, False
    if not whole:
        path.append(_span(begin, end, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Is the leaf with this hash the one at `index` of the tree with this root? Raises ProofWrong.

    RFC 9162 §2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofWrong(f"leaf {index} is not in a tree of {size}")
    first, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofWrong("the proof is too long")
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or found != root:
        raise ProofWrong(f"leaf {index} does not lead to the root of the tree of {size}")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Does the tree of `new` leaves begin with the tree of `old`, and only add to it? Raises ProofWrong.

    RFC 9162 §2.1.4.2.
    """
    if not 0 <= old <= new:
        raise ProofWrong(f"a tree of {new} cannot continue one of {old}")
    if old in (0, new):
        same = old_root == (EMPTY_ROOT if old == 0 else new_root)
        if proof or not same:
            raise ProofWrong(f"two trees of {old} leaves are not the same")
        return
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofWrong("the proof is empty")
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofWrong("the proof is too long")
        if first & 1 or first == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or old_found != old_root or new_found != new_root:
        raise ProofWrong(f"the tree of {new} does not continue the tree of {old}")


class Frontier:
    """The right edge of a growing tree: all that is needed to add leaves and to know the root."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, found: Iterable[bytes] = ()) -> None:
        """`found` are the hashes of `peaks(size)`, so that a known tree can be continued."""
        self.size = size
        self._peaks = list(found)
        if len(self._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} peaks, not {len(self._peaks)}")

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        level = self.size
        while level & 1:
            leaf = sha256(b"\x01" + self._peaks.pop() + leaf).digest()
            level >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _bagged(self._peaks) if self._peaks else EMPTY_ROOT


def _split(size: int) -> int:
    """The largest power of two below `size`: where RFC 6962 divides a tree."""
    return 1 << (size - 1).bit_length() - 1


def _span(begin: int, end: int, node: NodeAt) -> bytes:
    """MTH(D[begin:end]); the spans of a tree begin where complete subtrees do."""
    return _bagged([node(level, index) for level, index in peaks(end - begin, begin)])


def _bagged(found: Sequence[bytes]) -> bytes:
    """Peaks, the largest first, as one hash."""
    *rest, whole = found
    for peak in reversed(rest):
        whole = node_hash(peak, whole)
    return whole
