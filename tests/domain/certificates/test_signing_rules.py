"""Which requests for a certificate are signed."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certificates.signing import SignatureQuestion, SigningRequest, objection
from domain.chargers.charger import Charger
from domain.chargers.provisioning import Standing
from domain.chargers.security import SignatureRequested
from domain.identity import ChargerId

GOOD = SigningRequest(common_name="Box1", organisation="Ours", key="ECDSA 256", strong=True, genuine=True)


def charger(profile: int = 2, **told: Any) -> Charger:
    return Charger(
        ChargerId.of("t", "Box1"), cpid="Box1", security_profile=profile, serials=("SN-1",), **told
    )


def question(purpose: str = "ChargingStationCertificate", **told: Any) -> SignatureQuestion:
    requested = SignatureRequested(csr_sha256="00", purpose=purpose)
    return SignatureQuestion(requested=requested, csr="", request=msgspec.structs.replace(GOOD, **told))


@pytest.mark.parametrize("name", ["Box1", "BOX1", "SN-1"])
@pytest.mark.parametrize("profile", [2, 3])
@pytest.mark.parametrize("purpose", ["", "ChargingStationCertificate"])
def test_a_charger_gets_a_certificate_of_its_own_name(name: str, profile: int, purpose: str) -> None:
    assert objection(charger(profile), question(purpose, common_name=name)) == ""


@pytest.mark.parametrize(
    ("asking", "asked", "words"),
    [
        (charger(), question("V2GCertificate"), "no certificates for ISO 15118 are signed here"),
        (charger(), question("V2G20Certificate"), "no certificates for ISO 15118 are signed here"),
        (charger(1), question(), "the charger is on a profile without TLS"),
        (charger(0), question(), "the charger is on a profile without TLS"),
        (charger(standing=Standing.DISABLED), question(), "the charger is not in use"),
        (charger(standing=Standing.RETIRED), question(), "the charger is not in use"),
        (Charger(ChargerId.of("t", "Box1")), question(), "the charger is not in use"),
        (charger(), question(strong=False, key="RSA 1024"), "the key is too weak (RSA 1024)"),
        (charger(), question(genuine=False), "the signature of the request is wrong"),
        (charger(), question(common_name="Box2"), "CN is neither its id nor its serial number"),
        (charger(), question(common_name=""), "CN is neither its id nor its serial number"),
        (charger(), question(common_name="sn-1"), "CN is neither its id nor its serial number"),
    ],
)
def test_what_is_refused_and_why(asking: Charger, asked: SignatureQuestion, words: str) -> None:
    assert objection(asking, asked) == words


def test_what_cannot_be_read_is_not_signed() -> None:
    unread = msgspec.structs.replace(question(), request=None)
    assert objection(charger(), unread) == "the request is no PKCS#10 in PEM"


def test_the_operators_name_is_asked_for_where_he_said_it() -> None:
    assert objection(charger(), question(), "Ours") == ""
    assert objection(charger(), question(organisation="Theirs"), "Ours") == "O is not the operator's name"


@given(name=st.text(max_size=6), strong=st.booleans(), genuine=st.booleans(), profile=st.integers(0, 3))
def test_nothing_is_signed_but_a_sound_request_of_a_protected_charger(
    name: str, strong: bool, genuine: bool, profile: int
) -> None:
    asked = question(common_name=name, strong=strong, genuine=genuine)
    sound = strong and genuine and profile >= 2 and (name.upper() == "BOX1" or name == "SN-1")
    assert (objection(charger(profile), asked) == "") == sound
