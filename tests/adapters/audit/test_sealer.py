"""The tree as it is kept is the tree over the log, whatever of it is in tiles."""

import threading
from collections.abc import Iterator

import pytest

from adapters.audit import tiles
from adapters.audit.log_rows import leaves_after, rows_at, rows_between
from adapters.audit.sealer import Sealer, connected, seal
from adapters.audit.tiles import NotInTheTree, TileMissing
from domain.audit import merkle
from domain.audit.leaf import leaf_of
from tests.adapters.audit.logbook import Logbook


def rows_of(logbook: Logbook) -> Iterator[bytes]:
    for page in rows_between(logbook.connection, 0, 1 << 40, page=100):
        yield from (leaf_of(row) for row in page)


def test_the_server_and_we_hash_a_row_to_the_same_leaf(logbook: Logbook) -> None:
    logbook.add(20)
    logbook.do(
        "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state, recorded_at) "
        "VALUES ('charger/zeus/Ä-1', 9223372036854775807, 'ü', '\\x00ff', '1969-12-31 23:59:59.999999+00')"
    )
    leaves = leaves_after(logbook.connection, 0, 100)
    assert leaves.positions == logbook.positions()
    assert leaves.hashes == list(rows_of(logbook))
    (row,) = rows_at(logbook.connection, leaves.positions[-1:])
    assert row.recorded_us == -1
    assert row.state == b"\x00\xff"


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1300])
def test_roots_and_proofs_are_those_of_the_log(logbook: Logbook, count: int) -> None:
    for _ in range(2):
        logbook.add(count // 2)
        if count > 1:
            logbook.refuse()
    logbook.add(count % 2)
    hashes = list(rows_of(logbook))
    for sealing in (False, True):
        if sealing:
            assert logbook.seal() == count // 256 * 256
        tree = logbook.tree()
        assert tree.size == count
        assert tree.sealed.size == (count // 256 * 256 if sealing else 0)
        assert tree.root() == merkle.fold(hashes)
        for size in range(1, count + 1, 97):
            root = tree.root(size)
            assert root == merkle.fold(hashes[:size])
            for index in range(0, size, 71):
                assert tree.leaf(index) == hashes[index]
                merkle.verify_inclusion(hashes[index], index, size, tree.inclusion(index, size), root)
            proof = tree.consistency(size, count)
            merkle.verify_consistency(size, root, count, tree.root(), proof)


def test_higher_tiles_are_filled_by_those_below(logbook: Logbook, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiles of four a few hundred events make four levels, as 4 billion would with those of 256."""
    for module in ("adapters.audit.tiles", "adapters.audit.sealer"):
        monkeypatch.setattr(f"{module}.TILE", 4)
    monkeypatch.setattr("adapters.audit.tiles.TILE_BITS", 2)
    for count in (40, 250, 3):
        logbook.add(count)
        while Sealer(logbook.connection).step(16):
            pass
    hashes = list(rows_of(logbook))
    levels = {level for level, *_ in tiles.higher_tiles(logbook.connection)}
    assert levels == {1, 2, 3}
    tree = logbook.tree()
    assert tree.root() == merkle.fold(hashes)
    for index in range(len(hashes)):
        merkle.verify_inclusion(hashes[index], index, 293, tree.inclusion(index, 293), tree.root())
    for level, number, root, below in tiles.higher_tiles(logbook.connection):
        assert merkle.fold(below) == root == tree.node(2 * level + 2, number)


def test_leaves_and_positions_find_each_other_across_gaps(logbook: Logbook) -> None:
    logbook.add(100)
    for count in (100, 200, 30):
        logbook.refuse()
        logbook.add(count)
    positions = logbook.positions()
    assert positions[-1] > len(positions)
    for sealing in (False, True):
        if sealing:
            logbook.seal()
        tree = logbook.tree()
        assert [tree.index_of(position) for position in positions] == list(range(430))
        assert [tree.position_of(index) for index in range(430)] == positions
        for missing in {*range(1, positions[-1])} - {*positions}:
            with pytest.raises(NotInTheTree):
                tree.index_of(missing)
    for index in (-1, 430):
        for ask in (tree.position_of, tree.leaf, lambda n: tree.inclusion(n, 430)):
            with pytest.raises(NotInTheTree):
                ask(index)
    with pytest.raises(NotInTheTree):
        tree.index_of(positions[-1] + 1)
    with pytest.raises(NotInTheTree):
        tree.consistency(3, 431)


def test_tiles_that_were_thrown_away_are_made_again(logbook: Logbook) -> None:
    logbook.add(600)
    logbook.seal()
    root = logbook.tree().root()
    logbook.do("DELETE FROM audit.tiles WHERE tile = 0")
    with pytest.raises(TileMissing):
        logbook.tree().leaf(3)
    logbook.do("DELETE FROM audit.tiles")
    logbook.seal()
    assert logbook.tree().root() == root


def test_one_seals_and_another_takes_over(logbook: Logbook, postgres_dsn: str) -> None:
    first = connected(postgres_dsn)
    assert Sealer(first).lead()
    assert not Sealer(logbook.connection).lead()
    stop = threading.Event()
    thread = threading.Thread(target=seal, args=(postgres_dsn, stop))
    thread.start()
    logbook.add(512)
    first.close()
    while not tiles.sealed(logbook.connection).tiles:
        stop.wait(0.05)
    stop.set()
    thread.join(10)
    assert tiles.sealed(logbook.connection).size == 512


def test_the_tree_says_when_too_much_is_not_sealed(logbook: Logbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.audit.tiles.MOST_BEHIND", 99)
    logbook.add(100)
    with pytest.raises(tiles.TreeBehind):
        logbook.tree()
