"""What proves a person, as ports: hashing passwords, and the keys of the installation."""

from typing import NamedTuple, Protocol


class HashingBusy(Exception):
    """Too many passwords are waiting to be hashed: ask again in a moment."""


class SealBroken(ValueError):
    """A sealed value was made under a key that is not among ours, or for another purpose, or was changed."""


class Checked(NamedTuple):
    """What is known of a password that was shown."""

    good: bool
    outdated: bool = False
    """Right, and hashed at a lower cost than is wanted now."""


class PasswordHashes(Protocol):
    """Hashes that are slow on purpose; never on the event loop."""

    async def hash(self, password: str) -> str:
        """A new hash with its own salt. Raises HashingBusy."""
        ...

    async def check(self, kept: str | None, password: str) -> Checked:
        """Is it the password of this hash? None: of nobody's, for as much work. Raises HashingBusy."""
        ...


class Keyring(Protocol):
    """Keys of the installation, which are never in the database."""

    def seal(self, purpose: str, plain: bytes) -> str:
        """In words that are safe in an event; opened for the same purpose alone."""
        ...

    def open(self, purpose: str, sealed: str) -> bytes:
        """What was sealed for this purpose. Raises SealBroken."""
        ...

    def pseudonym(self, text: str) -> str:
        """22 hex digits that stand for the text, always the same; nobody without the key can tell for which."""
        ...
