"""Places in the log, as tenants see them (SEC-25)."""

import base64
import secrets

from hypothesis import given
from hypothesis import strategies as st

from adapters.live.places import END, SIGNS, Place, Seals

SEALS = Seals(b"of a test")
ZEUS, HERA = SEALS.of("zeus"), SEALS.of("hera")
_places = st.builds(Place, st.integers(0, 2**63 - 1), st.integers(0, END))


@given(_places)
def test_a_place_comes_back_to_its_tenant_and_to_nobody_else(place: Place) -> None:
    text = ZEUS.seal(place)
    assert len(text) == SIGNS
    assert ZEUS.open(text) == place
    assert HERA.open(text) is None
    assert Seals(b"another").of("zeus").open(text) is None


@given(_places)
def test_every_process_writes_a_place_alike(place: Place) -> None:
    assert Seals(b"of a test").of("zeus").seal(place) == ZEUS.seal(place)


@given(st.text(max_size=40))
def test_what_was_never_given_out_is_no_place(text: str) -> None:
    assert ZEUS.open(text) is None


@given(_places, st.integers(0, SIGNS - 1), st.sampled_from("Aa0-_"))
def test_a_place_that_was_touched_is_no_place(place: Place, at: int, sign: str) -> None:
    text = ZEUS.seal(place)
    touched = text[:at] + sign + text[at + 1 :]
    assert touched == text or ZEUS.open(touched) is None


def test_neighbours_have_nothing_in_common() -> None:
    """Half of the bits differ, give or take: nothing of the distance is to be seen."""
    bits = []
    for _ in range(500):
        position = secrets.randbelow(2**40)
        one, two = (
            int.from_bytes(base64.urlsafe_b64decode(ZEUS.seal(Place(p)) + "=="), "big")
            for p in (position, position + 1)
        )
        bits.append((one ^ two).bit_count())
    assert 60 < sum(bits) / len(bits) < 68
    assert min(bits) > 30
