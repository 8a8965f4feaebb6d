"""What is sealed opens for its purpose, under any key of the ring, and not where a bit of it was changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.people.keyring import Keys
from application.proofs import SealBroken

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.text(max_size=40), st.binary(max_size=100))
def test_what_is_sealed_is_opened_for_its_purpose_alone(purpose: str, plain: bytes) -> None:
    keys = Keys([OLD])
    sealed = keys.seal(purpose, plain)
    assert keys.open(purpose, sealed) == plain
    assert sealed != keys.seal(purpose, plain), "a nonce of its own each time"
    assert len(plain) < 4 or plain not in sealed.encode()
    with pytest.raises(SealBroken):
        keys.open(purpose + "x", sealed)


@given(st.data())
def test_no_bit_of_it_can_be_changed(data: st.DataObject) -> None:
    keys = Keys([OLD])
    sealed = keys.seal("p", b"a secret of some length")
    at = data.draw(st.integers(9, len(sealed) - 1))
    sign = data.draw(st.sampled_from("ABab01-_"))
    changed = sealed[:at] + sign + sealed[at + 1 :]
    if changed != sealed:
        try:
            assert (
                keys.open("p", changed) == b"a secret of some length"
            )  # bits of Base64 that stand for nothing
        except SealBroken:
            return
        assert at == len(sealed) - 1


@given(st.text(max_size=60))
def test_noise_opens_nothing(sealed: str) -> None:
    with pytest.raises(SealBroken):
        Keys([OLD]).open("p", sealed)


def test_keys_change_with_an_overlap() -> None:
    before, between, after = Keys([OLD]), Keys([NEW, OLD]), Keys([NEW])
    old, new = before.seal("p", b"x"), between.seal("p", b"x")
    assert [between.open("p", one) for one in (old, new)] == [b"x", b"x"]
    assert after.open("p", new) == b"x"
    with pytest.raises(SealBroken, match="ZEUS_PEOPLE_KEY"):
        after.open("p", old)


def test_the_last_key_names_and_stays() -> None:
    assert Keys([OLD]).pseudonym("ann") == Keys([NEW, OLD]).pseudonym("ann")
    assert Keys([OLD]).pseudonym("ann") != Keys([NEW]).pseudonym("ann")
    assert len(Keys([OLD]).pseudonym("ann")) == 22
    with pytest.raises(ValueError, match="at least one"):
        Keys([])
