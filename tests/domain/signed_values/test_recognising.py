"""A signed record is found among the readings in every wrapping it comes in, and stays as it came."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ocpp.metering import samples_2x, samples_16
from domain.metering import Reading
from domain.signed_values.ocmf import Found, found_in, recognised
from tests.adapters.signatures.published import KEBA, KEBA_KEY

IN_BASE64 = base64.b64encode(KEBA.encode()).decode()
NOTE = {"signedMeterValue": IN_BASE64, "encodingMethod": "OCMF", "signingMethod": "", "publicKey": KEBA_KEY}


@pytest.mark.parametrize(
    ("text", "own_key"),
    [
        (KEBA, ""),
        (f"\n  {KEBA}\n", ""),
        (IN_BASE64, ""),
        (KEBA.encode().hex(), ""),
        (json.dumps(NOTE), KEBA_KEY),
        (json.dumps({**NOTE, "signedMeterValue": KEBA}), KEBA_KEY),
        (json.dumps({"signedMeterData": IN_BASE64}), ""),
    ],
)
def test_in_1_6_it_is_the_value(text: str, own_key: str) -> None:
    entry = {
        "timestamp": "2026-05-04T10:00:00Z",
        "sampledValue": [
            {"value": text, "format": "SignedData", "context": "Transaction.End"},
            {"value": "12"},
        ],
    }
    assert found_in(samples_16([entry])) == [Found(KEBA, own_key)]


def test_in_2_x_it_stands_beside_the_value() -> None:
    signed = {
        "signedMeterData": IN_BASE64,
        "encodingMethod": "OCMF",
        "signingMethod": "",
        "publicKey": KEBA_KEY,
    }
    entry = {
        "timestamp": "2026-05-04T10:00:00Z",
        "sampledValue": [{"value": 12.5, "signedMeterValue": signed}],
    }
    samples = samples_2x([entry, entry])
    assert found_in(samples) == [Found(KEBA, KEBA_KEY)]
    assert samples[0].readings[0].value == 12.5


@given(st.text(max_size=200))
def test_anything_else_is_none(text: str) -> None:
    found = recognised(Reading("x", None, text=text))
    assert found is None or found.text.startswith("OCMF|")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"signedMeterValue": 5}', "4f434d", '{"signedMeterValue":"{}"}']
)
def test_rubbish_is_passed_by(text: str) -> None:
    assert recognised(Reading("x", None, text=text)) is None
