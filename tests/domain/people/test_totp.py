"""Codes of an authenticator: the vectors of RFC 4226 and RFC 6238, drift, and each code once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.totp import DRIFT, STEP_S, address_of, code_at, in_letters, matching_step, step_of

RFC = b"12345678901234567890"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    assert code_at(RFC, step, digits=8) == code
    assert code_at(RFC, step) == code[2:]


def test_the_vectors_of_rfc_4226_appendix_d() -> None:
    codes = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [code_at(RFC, count) for count in range(10)] == codes


@given(st.integers(-5, 5), st.integers(-90, 90))
def test_a_clock_may_be_wrong_by_a_step_and_no_more(steps: int, after: int) -> None:
    now = step_of(NOON)
    shown = code_at(RFC, now + steps)
    near = {code_at(RFC, now + n): now + n for n in range(-DRIFT, DRIFT + 1)}
    expected = near.get(shown)
    found = matching_step(RFC, shown, NOON, now + after)
    assert found == (expected if expected is not None and expected > now + after else None)


@given(st.text(max_size=12))
def test_noise_is_no_code(shown: str) -> None:
    found = matching_step(RFC, shown, NOON, 0)
    assert found is None or code_at(RFC, found) == shown


def test_a_code_is_good_once_and_so_are_those_before_it() -> None:
    step = matching_step(RFC, code_at(RFC, step_of(NOON)), NOON, 0)
    assert step == step_of(NOON)
    for moment in (NOON, NOON + timedelta(seconds=STEP_S)):
        for n in range(step - 2, step + 1):
            assert matching_step(RFC, code_at(RFC, n), moment, step) is None


def test_the_address_is_what_apps_read() -> None:
    assert address_of(b"\0" * 20, "Zeus: acme", "ann@example.com") == (
        "otpauth://totp/Zeus%3A%20acme:ann%40example.com"
        "?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=Zeus%3A%20acme"
    )
    assert in_letters(b"\xff") == "74"
