"""Tokens as exports name them: by a pseudonym, also where a log from before sealing has them in plain text."""

import base64
from collections.abc import Iterable, Mapping

from adapters.privacy.key_ring import KeyRing
from adapters.privacy.spelling import BARE, erased_ref
from adapters.privacy.subjects import Subjects, folded

_DIGEST_BYTES = 16


class Pseudonyms:
    """The pseudonyms of tokens in read models."""

    def __init__(self, ring: KeyRing, subjects: Subjects) -> None:
        """Both stay the caller's."""
        self._ring = ring
        self._subjects = subjects

    def of(self, tenant: str, tokens: Iterable[str]) -> Mapping[str, str]:
        """What to write for each token. One that nobody knows is a digest under the installation's key.

        A digest without a key could be found out by trying, since cards have few numbers.
        """
        known = {token: named for token in set(tokens) if (named := _named(token))}
        plain = {token for token in tokens if token not in known}
        subjects = self._subjects.find(tenant, plain) if plain else {}
        for token in plain:
            subject = subjects.get(folded(token))
            known[token] = subject.ref if subject else self._digest(tenant, token)
        return known

    def _digest(self, tenant: str, token: str) -> str:
        digest = self._ring.lookup(tenant, f"export/{folded(token)}", self._ring.newest)[:_DIGEST_BYTES]
        return "=" + base64.b32encode(digest).decode().rstrip("=")


def _named(token: str) -> str:
    return token if BARE.fullmatch(token) else erased_ref(token)
