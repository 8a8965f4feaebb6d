"""The secret part of a signed URL: which link of which artefact, sealed so that none can be made up."""

import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import NamedTuple

from domain.artefacts.artefact import LinkUnusable

_SEAL = 16
_ID = 11
"""Bytes of an id of `application.clock.time_ordered_id`."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{51}")


class LinkId(NamedTuple):
    """What a token opens."""

    artefact: str
    link: str


class LinkSigner:
    """Makes and reads tokens of one tenant.

    The seal covers tenant, artefact and link. Charger, purpose, expiry and uses are bound to the link's id by the
    log, which cannot be changed; a token that we never made is refused before the log is asked.
    """

    def __init__(self, secret: bytes, tenant: str, ending: str = "") -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts.

        Tokens end in `ending`, which tells whose they are before they are read.
        """
        self._ending = ending
        self._key = hmac.digest(secret, b"zeus artefact links", sha256)
        self._tenant = tenant.encode()

    def token(self, what: LinkId) -> str:
        """51 signs and the ending, all of them safe in a path."""
        plain = bytes.fromhex(what.artefact + what.link)
        return urlsafe_b64encode(plain + self._seal(plain)).rstrip(b"=").decode() + self._ending

    def read(self, token: str) -> LinkId:
        """What the token opens. Raises LinkUnusable for one we did not make."""
        sealed = token.removesuffix(self._ending)
        if _TOKEN.fullmatch(sealed) is None:
            raise LinkUnusable
        raw = b64decode(sealed + "=", altchars=b"-_")
        plain, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not hmac.compare_digest(seal, self._seal(plain)):
            raise LinkUnusable
        found = LinkId(plain[:_ID].hex(), plain[_ID:].hex())
        if self.token(found) != token:  # the last sign of base64 has bits to spare: one spelling is ours
            raise LinkUnusable
        return found

    def _seal(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, self._tenant + b"\0" + plain, sha256)[:_SEAL]
