"""Codes of an authenticator: RFC 6238 with SHA-1, six digits and steps of 30 s, which every app understands."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
DRIFT = 1
"""Steps before and after ours that are taken too: a telephone's clock is wrong by seconds."""
SECRET_BYTES = 20
"""RFC 4226 §4: 160 bits."""


def step_of(at: datetime) -> int:
    """The number of the step in which `at` lies."""
    return int(at.timestamp()) // STEP_S


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), hashlib.sha1)
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, shown: str, at: datetime, after: int) -> int | None:
    """The step whose code was shown, where it is later than `after`; takes the same time whatever was shown."""
    now, found = step_of(at), None
    told = shown.encode("utf-8", "surrogatepass")
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), told) and step > after:
            found = step
    return found


def in_letters(secret: bytes) -> str:
    """The secret as people type it in where they cannot scan it."""
    return base64.b32encode(secret).decode().rstrip("=")


def address_of(secret: bytes, issuer: str, account: str) -> str:
    """`otpauth://totp/…`, which a QR code carries to the telephone."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={in_letters(secret)}&issuer={quote(issuer, safe='')}"
