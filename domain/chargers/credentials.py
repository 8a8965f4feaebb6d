"""Basic-auth passwords of chargers: machine-made, kept as a salted digest, presented in two forms."""

import hashlib
import hmac

import msgspec

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
"""No look-alikes (0 O, 1 I l): an installer types it on a ladder."""
LENGTH = 20
"""What both extensions of A00.FR.205 allow: 16 to 20 bytes in 1.6, 16 to 40 characters in 2.0.1.

20 of 56 signs are 116 bits, so one fast digest is enough.
"""
HEX_LENGTHS = range(32, 41, 2)
"""1.6 sends a password of 16 to 20 bytes to the charger as so many hex digits (AuthorizationKey)."""


OFFERS = 2
"""Passwords that may be on their way to a charger at once: one, and one more where nobody heard its outcome."""


class CredentialOffersUnsettled(Exception):
    """Passwords were offered to this charger before and nobody knows what became of them: wait until it logs
    in, or issue one by hand.
    """


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """The digest of a password."""

    salt: str
    digest: str
    id: str = ""

    @property
    def name(self) -> str:
        """Its id; where it was made before credentials had one, the beginning of its digest."""
        return self.id or self.digest[:16]

    def matches(self, presented: bytes) -> str:
        """`raw`, `hex` or nothing: several chargers present the hex digits they were sent verbatim.

        The other way round, whoever registered the hex digits of an AuthorizationKey means the bytes behind
        them, which is what the charger presents (OCPP-J 1.6 §6.2); both spellings of the digits count.
        Every form is tried whatever the others gave: how long it takes depends on what was presented alone.
        """
        key = presented.hex().encode()
        decoded = _decoded(presented)
        raw = [self._is(form) for form in (presented, key, key.upper())]
        spelled = self._is(presented if decoded is None else decoded)
        if any(raw):
            return "raw"
        return "hex" if spelled and decoded is not None else ""

    def _is(self, password: bytes) -> bool:
        return hmac.compare_digest(digest_of(self.salt, password), self.digest)


NOBODYS = Credential("00" * 16, "00" * 32)
"""Stands in where a charger has fewer passwords, so that trying costs the same: nothing has this digest."""


class Keyring(msgspec.Struct, frozen=True, omit_defaults=True):
    """The passwords that open one charger's door: the valid one, and those that were offered to it since.

    A charger that was sent a new password may use the old one or the new one until it says which, and its
    answer may be lost. So both are let in until one is known to be in use.
    """

    valid: Credential | None = None
    offered: tuple[Credential, ...] = ()
    """In the order in which they were sent."""

    @property
    def slots(self) -> tuple[Credential, ...]:
        """As many as there can be, whatever there is: trying them all takes the same for every charger."""
        there = (self.valid or NOBODYS, *self.offered)
        return there + (NOBODYS,) * (1 + OFFERS - len(there))

    def find(self, presented: bytes) -> tuple[Credential | None, str]:
        """Which of them was presented, and in which form; all slots are tried, whatever the others gave."""
        forms = [(one, one.matches(presented)) for one in self.slots]
        return next(((one, form) for one, form in forms if form), (None, ""))

    def has(self, credential: Credential) -> bool:
        """Does it open the door still?"""
        return credential == self.valid or credential in self.offered

    def age_of(self, name: str) -> int:
        """Its place among those that open the door, the newest highest; 0 where it opens nothing any more."""
        there = (self.valid or NOBODYS, *self.offered)
        return next((n for n, one in enumerate(there, start=1) if one.name == name), 0)

    def offer(self, credential: Credential) -> "Keyring":
        """With one more on its way."""
        return Keyring(self.valid, (*self.offered, credential))

    def adopt(self, credential_id: str) -> "Keyring":
        """That one is in use: what was valid and what was offered before it opens nothing any more.

        What was offered after it stays: it may still be on its way.
        """
        at = self._place(credential_id)
        return self if at is None else Keyring(self.offered[at], self.offered[at + 1 :])

    def withdraw(self, credential_id: str) -> "Keyring":
        """Without an offer that came to nothing."""
        return Keyring(self.valid, tuple(one for one in self.offered if one.id != credential_id))

    def offers(self, credential_id: str) -> bool:
        """Is it on its way?"""
        return self._place(credential_id) is not None

    def _place(self, credential_id: str) -> int | None:
        return next((n for n, one in enumerate(self.offered) if one.id == credential_id), None)


def digest_of(salt: str, password: bytes) -> str:
    """Hex of HMAC-SHA-256(salt, password)."""
    return hmac.new(bytes.fromhex(salt), password, hashlib.sha256).hexdigest()


def _decoded(presented: bytes) -> bytes | None:
    if len(presented) not in HEX_LENGTHS:
        return None
    try:
        decoded = bytes.fromhex(presented.decode("ascii"))
    except ValueError:
        return None
    return decoded if 2 * len(decoded) == len(presented) else None  # fromhex skips blanks
