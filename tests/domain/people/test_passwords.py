"""Which passwords are refused: short ones, the first that attackers try, and one's own name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.passwords import LONGEST, SHORTEST, PasswordUnfit, check, normalised

COMMON = [
    "password1234",
    "P@ssw0rd1234!",
    "Passw0rd!!!!",
    "Summer2026!!!",
    "Welcome123456",
    "qwertyuiop123",
    "123456789012",
    "abcdefghijkl1",
    "poiuytrewq99",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "letmeinletmein",
    "passwordpassword",
    "Charging-2026!",
]


@pytest.mark.parametrize("password", COMMON)
def test_sec_26_what_attackers_try_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordUnfit):
        check(password)


@pytest.mark.parametrize(
    "password",
    [
        "tie-marble-lagoon-7",
        "Rhabarberkuchen im Mai",
        "x9!kQ2#vLp0$",
        "пять зелёных слонов",
        "🐘🦒🐘🦓🦏🐘🦒🐆🐅🐘🦒🐎",
    ],
)
def test_what_is_long_and_unlike_them_is_taken(password: str) -> None:
    check(password, "ann@example.com", "Ann")


@pytest.mark.parametrize(
    "password", ["ann-smith123", "ann-smith@example.com", "xxANN-SMITHx", "aaaaaaaaaaaab"]
)
def test_the_name_and_monotony_are_refused(password: str) -> None:
    with pytest.raises(PasswordUnfit):
        check(password, "ann-smith@example.com", "Ann")


@given(st.text(max_size=SHORTEST - 1) | st.text(min_size=LONGEST + 1, max_size=LONGEST + 9))
def test_length_is_bounded_both_ways(password: str) -> None:
    with pytest.raises(PasswordUnfit):
        check(password)


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_with_a_reason(password: str) -> None:
    reason = ""
    try:
        check(password, "ann")
    except PasswordUnfit as error:
        reason = str(error)
    assert reason == "" or reason.startswith(("Choose", "This password"))


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    assert normalised("cafe\u0301 ﬁve") == normalised("café five")
