"""The tree against the published vectors of RFC 6962, a tree written down as the RFC defines it, and an attacker."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit import merkle
from domain.audit.merkle import Frontier, ProofWrong

LEAVES = [bytes.fromhex(x) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Those of the Certificate Transparency implementations: size → root."""
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def node_of(leaves: list[bytes]) -> merkle.NodeAt:
    hashes: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        if (level, index) not in hashes:
            assert (index + 1) << level <= len(leaves), "only complete subtrees may be asked for"
            hashes[level, index] = (
                merkle.leaf_hash(leaves[index])
                if level == 0
                else merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
            )
        return hashes[level, index]

    return node


def numbered(size: int) -> list[bytes]:
    return [n.to_bytes(2, "big") for n in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert merkle.root_at(size, node_of(LEAVES)).hex() == ROOTS[size]
    assert merkle.fold([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_published_vectors(index: int, size: int) -> None:
    proof = merkle.inclusion_proof(index, size, node_of(LEAVES))
    assert [one.hex() for one in proof] == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_published_vectors(old: int, new: int) -> None:
    proof = merkle.consistency_proof(old, new, node_of(LEAVES))
    assert [one.hex() for one in proof] == CONSISTENCY[old, new]


def test_the_root_is_that_of_the_definition_at_every_size() -> None:
    leaves, frontier = numbered(300), Frontier()
    node = node_of(leaves)
    for size in range(301):
        assert frontier.root() == merkle.root_at(size, node) == mth(leaves[:size])
        if size < 300:
            frontier.append(merkle.leaf_hash(leaves[size]))


def test_every_leaf_of_every_tree_is_proven_and_no_other_leaf_in_its_place() -> None:
    leaves = numbered(130)
    node = node_of(leaves)
    for size in range(1, 131):
        root = merkle.root_at(size, node)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node)
            merkle.verify_inclusion(node(0, index), index, size, proof, root)
            with pytest.raises(ProofWrong):
                merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)


def test_every_tree_continues_every_smaller_one() -> None:
    node = node_of(numbered(130))
    roots = [merkle.root_at(size, node) for size in range(131)]
    for new in range(131):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, node)
            merkle.verify_consistency(old, roots[old], new, roots[new], proof)
            if 0 < old < new:
                with pytest.raises(ProofWrong):
                    merkle.verify_consistency(old, merkle.leaf_hash(b"x"), new, roots[new], proof)
                with pytest.raises(ProofWrong):
                    merkle.verify_consistency(old, roots[old], new, merkle.leaf_hash(b"x"), proof)


@given(st.data(), st.integers(2, 700))
def test_a_proof_with_any_bit_changed_left_out_or_added_proves_nothing(
    data: st.DataObject, size: int
) -> None:
    node = node_of(numbered(size))
    root = merkle.root_at(size, node)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, node)
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    for wrong in (
        [*proof[:place], flipped, *proof[place + 1 :]],
        [*proof[:place], *proof[place + 1 :]],
        [*proof[:place], bytes(32), *proof[place:]],
        [*proof, bytes(32)],
    ):
        with pytest.raises(ProofWrong):
            merkle.verify_inclusion(node(0, index), index, size, wrong, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    with pytest.raises(ProofWrong):
        merkle.verify_inclusion(node(0, index), other, size, proof, root)


@given(st.data(), st.integers(2, 400))
def test_a_changed_dropped_swapped_or_inserted_leaf_has_another_root(data: st.DataObject, size: int) -> None:
    leaves = numbered(size)
    root = mth(leaves)
    at = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != at))
    changed, swapped = list(leaves), list(leaves)
    bit = data.draw(st.integers(0, 15))
    changed[at] = (int.from_bytes(leaves[at], "big") ^ 1 << bit).to_bytes(2, "big")
    swapped[at], swapped[other] = leaves[other], leaves[at]
    for wrong in (
        changed,
        swapped,
        [*leaves[:at], *leaves[at + 1 :]],
        [*leaves[:at], b"new", *leaves[at:]],
        leaves[:at],
        [*leaves, leaves[at]],
    ):
        assert merkle.fold([merkle.leaf_hash(leaf) for leaf in wrong]) != root


@given(st.integers(0, 500), st.integers(0, 200))
def test_a_known_tree_can_be_continued_from_its_right_edge(size: int, more: int) -> None:
    node = node_of(numbered(size + more))
    frontier = Frontier(size, (node(level, index) for level, index in merkle.peaks(size)))
    for n in range(size, size + more):
        frontier.append(node(0, n))
    assert frontier.root() == merkle.root_at(size + more, node)


def test_what_is_not_in_a_tree_cannot_be_proven() -> None:
    node = node_of(numbered(4))
    for index, size in ((4, 4), (-1, 4), (0, 0)):
        with pytest.raises(ValueError, match="is not in a tree"):
            merkle.inclusion_proof(index, size, node)
        with pytest.raises(ProofWrong):
            merkle.verify_inclusion(bytes(32), index, size, [], bytes(32))
    for old, new in ((5, 4), (-1, 4)):
        with pytest.raises(ValueError, match="cannot continue"):
            merkle.consistency_proof(old, new, node)
        with pytest.raises(ProofWrong):
            merkle.verify_consistency(old, bytes(32), new, bytes(32), [])
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, [bytes(32)])
    for proof in ([], [bytes(32)] * 9):
        with pytest.raises(ProofWrong):
            merkle.verify_consistency(3, bytes(32), 4, bytes(32), proof)
    with pytest.raises(ProofWrong):
        merkle.verify_consistency(4, bytes(32), 4, b"\x01" * 32, [])
