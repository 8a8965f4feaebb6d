"""Passwords: the one registered, in the forms in which chargers present it."""

import pytest

from domain.chargers.credentials import Credential, digest_of

SALT = "00" * 16
KEY = bytes.fromhex("0001020304050607ffffffffcccccccccccccccc")


def credential(password: bytes) -> Credential:
    return Credential(SALT, digest_of(SALT, password))


@pytest.mark.parametrize("length", [16, 17, 18, 19, 20])
def test_the_hex_digits_of_a_password_of_16_to_20_bytes_are_a_flagged_form(length: int) -> None:
    password = b"aA1*-_=:+|@.bB2cC3dD"[:length]
    assert credential(password).matches(password) == "raw"
    assert credential(password).matches(password.hex().encode()) == "hex"
    assert credential(password).matches(password.hex().upper().encode()) == "hex"


@pytest.mark.parametrize("registered", [KEY.hex(), KEY.hex().upper()])
def test_a_key_registered_in_hex_is_presented_as_the_bytes_behind_it(registered: str) -> None:
    assert credential(registered.encode()).matches(KEY) == "raw"
    assert credential(registered.encode()).matches(registered.encode()) == "raw"


@pytest.mark.parametrize("presented", [b"", b"x", KEY[:-1], KEY.hex().encode()[:-1], b"zz" * 20, KEY + b"\0"])
def test_anything_else_is_wrong(presented: bytes) -> None:
    assert credential(KEY).matches(presented) == ""
    assert credential(KEY.hex().encode()).matches(presented) == ""
