"""A meter that signs, as devices in the field do."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BEGIN = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
ZONE = timezone(timedelta(hours=3))


class SignedMeter:
    """Signs OCMF records with a key of its own."""

    def __init__(self, curve: ec.EllipticCurve | None = None, name: str = "secp256r1") -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        self.algorithm = f"ECDSA-{name}-SHA256"
        self.page = 41

    @property
    def public(self) -> str:
        """SubjectPublicKeyInfo, hex."""
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return der.hex()

    def sign(self, payload: str, *, encoding: str = "hex") -> str:
        """A record over this very text."""
        signature = self.key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
        seal: dict[str, str] = {"SA": self.algorithm, "SD": signature.hex()}
        if encoding == "base64":
            seal |= {"SE": "base64", "SD": base64.b64encode(signature).decode()}
        return f"OCMF|{payload}|{json.dumps(seal)}"

    def record(self, *readings: dict[str, Any], encoding: str = "hex", **fields: Any) -> str:
        """The next page with these readings."""
        self.page += 1
        told = {
            "FV": "1.0",
            "GI": "ZEUS TEST",
            "GS": "G-1",
            "PG": f"T{self.page}",
            "MV": "Zeus",
            "MS": "M-1",
            "IS": True,
            "IT": "ISO14443",
            "ID": "04AB076A345B85",
            "RD": list(readings),
            **fields,
        }
        return self.sign(json.dumps(told), encoding=encoding)

    def session(self, begin: str = "1000.50", end: str = "1012.75") -> tuple[str, str]:
        """Records of a begin and an end, kWh."""
        return self.record(reading("B", begin)), self.record(reading("E", end, minutes=30))


class Exact(float):
    """A number that is written as it was given, trailing zeros and all."""

    def __new__(cls, text: str) -> "Exact":
        """Keep the text."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text


def reading(reason: str, kwh: str, *, minutes: int = 0, sync: str = "S", **fields: Any) -> dict[str, Any]:
    """One reading."""
    at = (BEGIN + timedelta(minutes=minutes)).astimezone(ZONE)
    return {
        "TM": f"{at:%Y-%m-%dT%H:%M:%S},000{at:%z} {sync}",
        "TX": reason,
        "RV": Exact(kwh),
        "RI": "1-b:1.8.0",
        "RU": "kWh",
        "EF": "",
        "ST": "G",
        **fields,
    }
