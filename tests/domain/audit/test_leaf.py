"""The bytes that are hashed: two rows that differ in anything have different ones."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from domain.audit.leaf import Run, StoredRow, canonical, leaf_of, positions_of, runs_of

NUMBERS = st.integers(0, 2**62)
ROWS = st.builds(
    StoredRow,
    NUMBERS,
    st.text(max_size=20),
    NUMBERS,
    st.text(max_size=20),
    st.binary(max_size=30),
    st.integers(-(2**60), 2**60),
)


def test_the_encoding_is_written_down_here_and_never_changes() -> None:
    row = StoredRow(258, "charger/zeus/CP-1", 3, "charger.booted", b"{}", 1_760_000_000_000_001)
    assert canonical(row).hex() == (
        "01"
        "0000000000000102"
        "00000011" + b"charger/zeus/CP-1".hex() + "0000000000000003"
        "0000000e" + b"charger.booted".hex() + "00000002" + "7b7d" + "000640b5eece0001"
    )
    assert leaf_of(row).hex() == leaf_of(StoredRow(*row)).hex()


@given(ROWS, ROWS)
def test_different_rows_have_different_bytes(one: StoredRow, other: StoredRow) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(st.sets(st.integers(1, 300)))
def test_runs_give_the_positions_back(positions: set[int]) -> None:
    ascending = sorted(positions)
    runs = runs_of(ascending)
    assert list(positions_of(runs)) == ascending
    assert all(one.first + one.length < other.first for one, other in itertools.pairwise(runs))


def test_positions_without_a_gap_are_one_run() -> None:
    assert runs_of([7, 8, 9]) == [Run(7, 3)]
    assert runs_of([]) == []
