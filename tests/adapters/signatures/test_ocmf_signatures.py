"""Signatures: of records that makers published, of every curve, and of whoever changes a byte."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit import verify_bundle
from adapters.signatures.ocmf import OcmfSignatures
from application.signed_values import MeterKeyUnreadable
from domain.signed_values.ocmf import read_record
from tests.adapters.signatures.published import KEBA, KEBA_KEY, NANO_KEY, RECORDS, SMALL_K1_KEY
from tests.signed_meter import SignedMeter

SIGNATURES = OcmfSignatures()
CURVES: list[tuple[str, ec.EllipticCurve]] = [
    ("secp192r1", ec.SECP192R1()),
    ("secp256r1", ec.SECP256R1()),
    ("secp256k1", ec.SECP256K1()),
    ("secp384r1", ec.SECP384R1()),
    ("brainpool256r1", ec.BrainpoolP256R1()),
    ("brainpool384r1", ec.BrainpoolP384R1()),
]


@pytest.mark.parametrize(("text", "key"), RECORDS, ids=range(len(RECORDS)))
def test_published_records_are_borne_out_by_the_keys_published_with_them(text: str, key: str) -> None:
    record = read_record(text)
    _, hexed, curve = SIGNATURES.read_key(key)
    assert curve == verify_bundle.curve_of(record.algorithm)
    assert SIGNATURES.check(record, key)
    assert verify_bundle.bears_out(text, bytes.fromhex(hexed))
    changed = read_record(text.replace('"RV"', '"RV" '))
    assert not SIGNATURES.check(changed, key)


@pytest.mark.parametrize(("name", "curve"), CURVES, ids=[name for name, _ in CURVES])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_every_curve_is_verified_as_the_bundle_verifies_it(
    name: str, curve: ec.EllipticCurve, encoding: str
) -> None:
    meter, other = SignedMeter(curve, name), SignedMeter(curve, name)
    text = meter.sign('{"PG":"T1","RD":[]}', encoding=encoding)
    record = read_record(text)
    assert SIGNATURES.knows(record.algorithm)
    assert SIGNATURES.read_key(meter.public)[2] == name
    for key, good in ((meter.public, True), (other.public, False), (KEBA_KEY, name == "x")):
        assert SIGNATURES.check(record, key) is good
        assert verify_bundle.bears_out(text, bytes.fromhex(key)) is good


@given(st.data())
def test_no_byte_of_what_was_signed_may_change(data: st.DataObject) -> None:
    bar = KEBA.rindex("|")
    place = data.draw(st.integers(5, bar - 1))
    sign = data.draw(
        st.characters(min_codepoint=32, max_codepoint=126).filter(lambda one: one != KEBA[place])
    )
    text = KEBA[:place] + sign + KEBA[place + 1 :]
    assert not verify_bundle.bears_out(text, bytes.fromhex(KEBA_KEY))


def test_a_key_is_read_in_every_form_it_comes_in() -> None:
    meter = SignedMeter()
    public = meter.key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = bytes.fromhex(meter.public)
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    record = read_record(meter.sign('{"PG":"T1","RD":[]}'))
    forms = [
        pem,
        meter.public,
        meter.public.upper(),
        base64.b64encode(der).decode(),
        point.hex(),
        point[1:].hex(),
    ]
    forms += [der.hex(" "), der.hex(":"), f"oca:base16:asn1:{meter.public}"]
    for form in forms:
        key_id, hexed, curve = SIGNATURES.read_key(form)
        assert curve == "secp256r1"
        assert SIGNATURES.check(record, hexed)
        assert len(key_id) == 16
    assert SIGNATURES.read_key(NANO_KEY)[2] == "secp256k1"
    assert SIGNATURES.read_key(SMALL_K1_KEY)[2] == "secp192k1"
    assert SIGNATURES.read_key(point.hex(), "secp256r1")[1] == point.hex()


@pytest.mark.parametrize(
    ("text", "curve"),
    [
        ("", ""),
        ("no key!", ""),
        ("00" * 64, ""),
        ("ab" * 10, ""),
        ("11" * 64, "brainpool256r1"),
        (KEBA_KEY, "ed25519"),
    ],
)
def test_what_is_no_key_is_refused(text: str, curve: str) -> None:
    with pytest.raises(MeterKeyUnreadable):
        SIGNATURES.read_key(text, curve)


def test_algorithms_that_ocmf_does_not_name_are_not_known() -> None:
    for name in ("", "RSA-2048-SHA256", "ECDSA-secp256r1-SHA1", "ECDSA-secp521r1-SHA256", "ECDSA-x"):
        assert not SIGNATURES.knows(name), name
    assert SIGNATURES.knows("ECDSA-brainpool256r11-SHA256")
