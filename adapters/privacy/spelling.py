"""How what is sealed is spelled: `~<ref>` names a subject, `~<ref>.<ciphertext>` holds something of it."""

import base64
import re
import secrets

from application import clock
from domain.identity import ERASED

REF_LENGTH = 26
REF = rf"~[A-Z2-7]{{{REF_LENGTH}}}"
BARE = re.compile(rf"{REF}(?![A-Z2-7]|\.[A-Za-z0-9_-]{{38}})")
"""A pseudonym alone, as read models hold it."""
SEALED = re.compile(rf"({REF})\.([A-Za-z0-9_-]{{38,}})")
"""Something sealed; a nonce and a tag of nothing are 38 signs."""
SEALED_LITERAL = re.compile(rf'"({REF})\.([A-Za-z0-9_-]{{38,}})"')
"""The same as it stands in a frame."""
_ERASED = re.compile(rf"{ERASED}({REF})", re.IGNORECASE)


def new_ref() -> str:
    """A fresh pseudonym: time first, so that keys made of it are near each other; then 80 random bits."""
    raw = bytes.fromhex(clock.time_ordered_id()) + secrets.token_bytes(5)
    return "~" + base64.b32encode(raw).decode().rstrip("=")


def sealed_text(ref: str, ciphertext: bytes) -> str:
    """What stands in the log."""
    return f"{ref}.{base64.urlsafe_b64encode(ciphertext).decode().rstrip('=')}"


def ciphertext_of(encoded: str) -> bytes:
    """The bytes behind the point; raises ValueError."""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def erased_ref(token: str) -> str:
    """The pseudonym in a token that says that it was erased; empty for any other."""
    found = _ERASED.fullmatch(token) if token[:7].lower() == ERASED else None
    return found[1].upper() if found else ""
