"""Whom a stream is about, and the public id of a transaction: both made of the stream id alone."""

import base64
import hashlib
from functools import lru_cache

CHARGERS = (
    "charger",
    "transaction",
    "reservations",
    "settings",
    "local-list",
    "charging-profiles",
    "uptime",
)
"""Kinds of streams whose third part is a charger's key."""


@lru_cache(maxsize=65_536)
def subject_of(stream: str) -> tuple[str, str]:
    """(tenant, charger key) of a stream; the key is empty where the stream is about no charger."""
    kind, tenant, rest = stream.split("/", 2)
    return tenant, rest.split("/", 1)[0] if kind in CHARGERS else ""


@lru_cache(maxsize=65_536)
def session_id(stream: str) -> str:
    """The public id of a transaction's session: 16 letters and digits, the same at every rebuild.

    A digest, since a charger's own transaction id (2.x) may hold any sign and has no place in a URL. 80 bits:
    among a thousand million sessions two share an id with a probability of one in two million.
    """
    return base64.b32encode(hashlib.blake2s(stream.encode(), digest_size=10).digest()).decode().lower()
