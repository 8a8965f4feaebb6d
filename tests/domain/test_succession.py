"""Of two connections of one charger, the stronger may stay: an order, whatever was shown."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.chargers.credentials import NOBODYS, Credential, Keyring
from domain.chargers.succession import Proof, outranks

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FORMER, VALID, OFFERED, LATER = (Credential(f"{n:032x}", f"{n:064x}", f"k{n}") for n in range(4))
RING = Keyring(VALID, (OFFERED, LATER))


def by_password(credential: Credential, profile: int = 1) -> Proof:
    return Proof(profile, credential.name)


def by_certificate(day: int, serial: str = "a") -> Proof:
    return Proof(3, certificate=serial, certificate_from=BEGAN + timedelta(days=day))


NOTHING = Proof(0)
UNKNOWN = Proof(1)
"""Written before connections told what they were opened with."""

proofs = st.one_of(
    st.just(NOTHING),
    st.just(UNKNOWN),
    st.builds(by_password, st.sampled_from([FORMER, VALID, OFFERED, LATER]), st.sampled_from([1, 2])),
    st.builds(by_certificate, st.integers(0, 3)),
)
rings = st.sampled_from([RING, Keyring(VALID), Keyring(), Keyring(VALID, (OFFERED,))])


def test_sec_08_a_newer_password_takes_the_place_of_an_older_one() -> None:
    assert outranks(by_password(OFFERED), by_password(VALID), RING)
    assert outranks(by_password(LATER), by_password(OFFERED), RING)
    assert outranks(by_password(VALID), by_password(FORMER), RING), "the former opens nothing any more"
    assert not outranks(by_password(VALID), by_password(OFFERED), RING)


def test_sec_08_a_certificate_takes_the_place_of_a_password_and_a_newer_one_of_an_older() -> None:
    assert outranks(by_certificate(0), by_password(VALID, 2), RING)
    assert outranks(by_certificate(1), by_certificate(0), RING)
    assert not outranks(by_certificate(0), by_certificate(1), RING)
    assert not outranks(by_password(VALID, 2), by_certificate(0), RING)


def test_a_password_of_before_names_had_ids_is_known_by_its_digest() -> None:
    nameless = Credential("00" * 16, "12" * 32)
    assert nameless.name == "12" * 8
    ring = Keyring(nameless, (OFFERED,))
    assert outranks(by_password(OFFERED), by_password(nameless), ring)
    assert ring.age_of(NOBODYS.name) == 0


@given(proofs, rings)
def test_sec_08_who_shows_nothing_never_takes_a_place(first: Proof, ring: Keyring) -> None:
    assert not outranks(NOTHING, first, ring)


@given(proofs, proofs, rings)
def test_sec_08_of_two_at_most_one_is_the_stronger(one: Proof, other: Proof, ring: Keyring) -> None:
    assert not (outranks(one, other, ring) and outranks(other, one, ring))
    assert not outranks(one, one, ring)


@given(proofs, proofs, proofs, rings)
def test_sec_08_nobody_is_displaced_in_a_circle(a: Proof, b: Proof, c: Proof, ring: Keyring) -> None:
    if outranks(a, b, ring) and outranks(b, c, ring):
        assert not outranks(c, a, ring)
