"""Who is let in: security profiles, user names, and the two forms of a password."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.chargers.admission import Admission, Knock, admit
from domain.chargers.charger import Charger
from domain.chargers.client_certificate import ClientCertificate, Fault
from domain.chargers.credentials import ALPHABET, HEX_LENGTHS, LENGTH, Credential, digest_of
from domain.chargers.provisioning import Standing
from domain.identity import CPID_LIMIT, ChargerId

SALT = "00112233445566778899aabbccddeeff"
PASSWORD = b"correcthorsebattery7"
OTHER = b"correcthorsebattery8"
BOX1 = ChargerId.of("t", "Box1")
ELSEWHERE = ChargerId.of("u", "Box1")
"""The same id at another tenant."""

passwords = st.binary(min_size=16, max_size=LENGTH)
typed_passwords = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH).map(str.encode)
presented = st.one_of(
    st.none(), st.binary(max_size=45), typed_passwords, passwords.map(lambda raw: raw.hex().encode())
)
cpids = (
    st.text(st.characters(codec="utf-8", exclude_characters="/:"), min_size=1, max_size=CPID_LIMIT)
    .filter(str.isprintable)
    .filter(lambda cpid: cpid == cpid.strip())
)


def charger(profile: int, password: bytes | None = PASSWORD, cpid: str = "Box1") -> Charger:
    credential = None if password is None else Credential(SALT, digest_of(SALT, password))
    return Charger(
        ChargerId.of("t", cpid),
        cpid=cpid,
        security_profile=profile,
        credential=credential,
        networks=("10.0.0.0/8",),
    )


def knock(**shown: Any) -> Knock:
    return Knock(**{"cpid": "Box1", "user": b"Box1", "password": PASSWORD, "remote": "10.0.0.7", **shown})


def certificate(name: str = "Box1", **told: Any) -> ClientCertificate:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    return ClientCertificate(common_name=name, serial="1f", issuer="CN=ca", not_after=end, **told)


def credential(password: bytes) -> Credential:
    return Credential(SALT, digest_of(SALT, password))


def said(admission: Admission) -> tuple[str, tuple[str, ...]]:
    """What the charger hears of it."""
    return admission.refused, admission.flags


NOTHING: dict[str, Any] = {"user": None, "password": None}


@pytest.mark.parametrize(
    ("profile", "shown", "verdict"),
    [
        (0, NOTHING, Admission()),
        (0, {"password": OTHER}, Admission()),
        (0, {"remote": "::ffff:10.0.0.7"}, Admission()),
        (0, {"remote": "11.0.0.7"}, Admission("network_not_allowed")),
        (0, {"remote": "fe80::1%eth0"}, Admission("network_not_allowed")),
        (0, {"remote": ""}, Admission("network_not_allowed")),
        (0, {"remote": "10.0.0.7, 1.2.3.4"}, Admission("network_not_allowed")),
        (1, {"remote": "11.0.0.7"}, Admission()),
        (0, {**NOTHING, "cpid": "BOX1"}, Admission(flags=("id_case",))),
        (1, {}, Admission()),
        (1, {"user": b"bOX1"}, Admission()),
        (1, {"password": PASSWORD.hex().encode()}, Admission(flags=("auth_hex_form",))),
        (1, {"password": PASSWORD.hex().upper().encode()}, Admission(flags=("auth_hex_form",))),
        (1, {"secure": True}, Admission(flags=("profile_mismatch",))),
        (
            1,
            {"cpid": "BOX1", "password": PASSWORD.hex().encode(), "secure": True},
            Admission(flags=("id_case", "auth_hex_form", "profile_mismatch")),
        ),
        (1, NOTHING, Admission("auth_missing")),
        (1, {"user": None}, Admission("auth_missing")),
        (1, {"password": None}, Admission("auth_missing")),
        (1, {"password": OTHER}, Admission("auth_password")),
        (1, {"password": b""}, Admission("auth_password")),
        (1, {"password": b"forty signs that are no hexadecimal digit"[:40]}, Admission("auth_password")),
        (1, {"password": b"\xff" * 40}, Admission("auth_password")),
        (1, {"user": b"Box2"}, Admission("auth_user_mismatch")),
        (1, {"user": b""}, Admission("auth_user_mismatch")),
        (1, {"user": b"\xff"}, Admission("auth_user_mismatch")),
        (1, {"user": b"Box2", "password": OTHER}, Admission("auth_password")),
        (2, {"secure": True}, Admission()),
        (2, {}, Admission("profile_mismatch")),
        (2, {"password": OTHER, "secure": True}, Admission("auth_password")),
        (2, {**NOTHING, "secure": True}, Admission("auth_missing")),
        (3, {"secure": True}, Admission("client_cert_missing")),
        (3, {"secure": True, "certificate": certificate()}, Admission()),
        (3, {**NOTHING, "secure": True, "certificate": certificate("BOX1")}, Admission()),
        (3, {"certificate": certificate()}, Admission("client_cert_missing")),
        (3, {"secure": True, "certificate": certificate("Box2")}, Admission("client_cert_cn")),
        (3, {"secure": True, "certificate": certificate("")}, Admission("client_cert_cn")),
        (3, {"secure": True, "certificate": certificate(issued_to=BOX1)}, Admission()),
        (
            3,
            {"secure": True, "certificate": certificate(issued_to=ChargerId.of("t", "BOX2"))},
            Admission("client_cert_cn"),
        ),
        (3, {"secure": True, "certificate": certificate(issued_to=ELSEWHERE)}, Admission("client_cert_cn")),
        *(
            (3, {"secure": True, "certificate": certificate(fault=fault)}, Admission(f"client_cert_{fault}"))
            for fault in Fault
        ),
        (2, {**NOTHING, "secure": True, "certificate": certificate()}, Admission("auth_missing")),
    ],
)
def test_each_profile_asks_for_what_protects_it(
    profile: int, shown: dict[str, Any], verdict: Admission
) -> None:
    assert said(admit(charger(profile), knock(**shown))) == said(verdict)


@pytest.mark.parametrize("profile", [1, 2])
def test_a_charger_without_a_password_lets_nobody_in(profile: int) -> None:
    assert said(admit(charger(profile, None), knock(secure=True))) == ("auth_password", ())


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.RETIRED])
@pytest.mark.parametrize("profile", [0, 1, 2, 3])
def test_a_charger_that_is_out_of_use_is_refused_whatever_it_shows(profile: int, standing: Standing) -> None:
    box = charger(profile)
    box.standing = standing
    assert said(admit(box, knock(secure=True))) == ("charger_disabled", ())


def test_the_password_it_came_with_is_named() -> None:
    box = charger(1)
    new = Credential(SALT, digest_of(SALT, OTHER), "new")
    box.offered = (new,)
    assert admit(box, knock()).shown == box.credential
    assert admit(box, knock(password=OTHER)).shown == new


@given(
    profile=st.integers(1, 3), user=st.none() | st.binary(max_size=8), shown=presented, secure=st.booleans()
)
def test_nobody_gets_past_a_protected_charger_without_its_password_and_name(
    profile: int, user: bytes | None, shown: bytes | None, secure: bool
) -> None:
    admission = admit(charger(profile), knock(user=user, password=shown, secure=secure))
    assert admission.refused


@given(cpid=cpids, profile=st.sampled_from([1, 2]))
def test_every_id_that_can_be_registered_can_log_in_in_any_capitals(cpid: str, profile: int) -> None:
    box = charger(profile, cpid=cpid)
    for user in (cpid, cpid.upper()):
        shown = knock(cpid=cpid, user=user.encode(), secure=profile == 2)
        assert said(admit(box, shown)) == ("", ()), user


@given(raw=passwords)
def test_the_hex_form_is_worth_the_raw_form(raw: bytes) -> None:
    mine = credential(raw)
    assert mine.matches(raw) == "raw"
    assert mine.matches(raw.hex().encode()) == "hex"
    assert mine.matches(raw.hex().upper().encode()) == "hex"


@given(raw=passwords | typed_passwords, shown=presented)
def test_no_password_matches_another(raw: bytes, shown: bytes | None) -> None:
    assume(shown is not None)
    assert shown is not None
    assume(shown != raw)
    assume(shown.lower() != raw.hex().encode())
    assume(shown.hex().encode() != raw.lower())
    assert credential(raw).matches(shown) == ""


@given(key=passwords)
def test_whoever_registered_the_hex_digits_means_the_bytes_behind_them(key: bytes) -> None:
    assert credential(key.hex().encode()).matches(key) == "raw"
    assert credential(key.hex().upper().encode()).matches(key) == "raw"


@given(raw=st.binary(max_size=LENGTH - 1), data=st.data())
def test_blanks_between_digits_make_no_hex_form(raw: bytes, data: st.DataObject) -> None:
    """As many signs as a hex form has, and fewer digits: a shorter password, spread with blanks."""
    digits = raw.hex()
    length = data.draw(st.sampled_from([n for n in HEX_LENGTHS if n > len(digits)]))
    cut = 2 * data.draw(st.integers(0, len(raw)))
    spread = digits[:cut] + " " * (length - len(digits)) + digits[cut:]
    assert credential(raw).matches(spread.encode()) == ""


@given(raw=passwords, one=st.binary(min_size=16, max_size=16))
def test_the_same_password_has_another_digest_under_another_salt(raw: bytes, one: bytes) -> None:
    assume(one.hex() != SALT)
    assert digest_of(one.hex(), raw) != digest_of(SALT, raw)


def test_a_certificate_may_name_the_charger_by_the_serial_number_it_told() -> None:
    box = charger(3, None)
    assert admit(box, knock(secure=True, certificate=certificate("SN-7"))).refused == "client_cert_cn"
    box.serials = ("SN-7", "SN-8")
    for name in ("SN-7", "SN-8", "box1"):
        assert said(admit(box, knock(secure=True, certificate=certificate(name)))) == ("", ())
    assert admit(box, knock(secure=True, certificate=certificate("sn-7"))).refused == "client_cert_cn"


@pytest.mark.parametrize(
    ("wanted", "borne", "refused"),
    [
        ("", "", ""),
        ("", "Anybody", ""),
        ("Ours", "Ours", ""),
        ("Ours", "ours", "client_cert_o"),
        ("Ours", "", "client_cert_o"),
    ],
)
def test_certificates_bear_the_operators_name_where_he_has_said_one(
    wanted: str, borne: str, refused: str
) -> None:
    shown = knock(secure=True, certificate=certificate(organisation=borne))
    assert admit(charger(3, None), shown, wanted).refused == refused


@given(name=st.text(max_size=8), fault=st.none() | st.sampled_from(Fault), secure=st.booleans())
def test_no_certificate_but_a_good_one_of_its_own_opens_a_door(
    name: str, fault: Fault | None, secure: bool
) -> None:
    shown = knock(secure=secure, certificate=certificate(name, fault=fault))
    assert bool(admit(charger(3), shown).refused) == (
        name.upper() != "BOX1" or fault is not None or not secure
    )
