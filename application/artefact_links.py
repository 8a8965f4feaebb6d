"""The secret part of a signed URL: which link of which artefact, sealed so that none can be made up."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import NamedTuple

from domain.artefacts.artefact import LinkUnusable

_SEAL = 16
_ID = 22
"""Signs of an id of `application.clock.time_ordered_id`."""
_NAMED = re.compile(r"[0-9a-f]{44}")
_TOKEN = re.compile(r"[0-9a-f]{44}[A-Za-z0-9_-]{22}")


class LinkId(NamedTuple):
    """What a token opens."""

    artefact: str
    link: str


class LinkSigner:
    """Makes and reads tokens of one tenant.

    The seal covers tenant, artefact and link. Charger, purpose, expiry and uses are bound to the link's id by the
    log, which cannot be changed; a token that we never made is refused before the log is asked.
    """

    def __init__(self, secret: bytes, tenant: str) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._key = hmac.digest(secret, b"zeus artefact links", sha256)
        self._tenant = tenant.encode()

    def token(self, what: LinkId) -> str:
        """66 signs, all of them safe in a path: what is meant in hex, and its seal."""
        named = what.artefact + what.link
        return named + self.seal(named)

    def seal(self, named: str) -> str:
        """The secret part of a token; empty for what names no link."""
        if _NAMED.fullmatch(named) is None:
            return ""
        seal = hmac.digest(self._key, self._tenant + b"\0" + bytes.fromhex(named), sha256)[:_SEAL]
        return urlsafe_b64encode(seal).rstrip(b"=").decode()

    def read(self, token: str) -> LinkId:
        """What the token opens. Raises LinkUnusable for one we did not make."""
        if _TOKEN.fullmatch(token) is None:
            raise LinkUnusable
        found = LinkId(token[:_ID], token[_ID : 2 * _ID])
        if not hmac.compare_digest(self.token(found), token):
            raise LinkUnusable
        return found
