"""Passwords of people: checked, and made into what may be kept of them."""

from application.proofs import Checked, Keyring, PasswordHashes
from domain.people import passwords
from domain.people.user import User


class Passwords:
    """A slow hash within a seal: whoever copies the database lacks the key, whoever has both lacks the time."""

    def __init__(self, keys: Keyring, hashes: PasswordHashes) -> None:
        self._keys = keys
        self._hashes = hashes

    async def check(self, person: User, password: str) -> Checked:
        """Of somebody who may be nobody, for as much work. Raises HashingBusy, SealBroken."""
        kept = None
        if person.verifier:
            kept = self._keys.open(purpose_of(person, "password"), person.verifier).decode()
        return await self._hashes.check(kept, passwords.normalised(password)[: passwords.LONGEST])

    async def verifier(self, person: User, password: str) -> str:
        """What is kept of a password that somebody chooses. Raises PasswordUnfit, HashingBusy."""
        passwords.check(passwords.normalised(password), person.login, person.name)
        return await self.again(person, password)

    async def again(self, person: User, password: str) -> str:
        """The same of one that was checked already, at the present cost. Raises HashingBusy."""
        hashed = await self._hashes.hash(passwords.normalised(password))
        return self._keys.seal(purpose_of(person, "password"), hashed.encode())


def purpose_of(person: User, what: str) -> str:
    """What is sealed for one person cannot be opened as another's."""
    return f"{what} of {person.stream}"
