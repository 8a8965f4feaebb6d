"""Signed notes (C2SP signed-note): a text and signatures under it, which a person can read and print.

    zeus.harbour/log
    4711
    q2s0…=

    — zeus.harbour/log 1a2b3c4d…=

A key has a name and a hash; a signature says whose it is, and a reader passes over those of keys it does not know.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

ED25519 = b"\x01"
"""The kind of our keys, as the format numbers them."""
_BEGIN = "— "

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) → is it good? Ed25519."""


class NoteUnreadable(ValueError):
    """This is no signed note."""


class NoteKey(NamedTuple):
    """A public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that tell keys apart; they do not protect against a forged key, the whole key does."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def id(self) -> str:
        """`<name>+<hash>`, for people."""
        return f"{self.name}+{self.hash.hex()}"

    @property
    def encoded(self) -> str:
        """The verifier key of the format: `<name>+<hash>+<key>`."""
        return f"{self.id}+{base64.b64encode(ED25519 + self.public).decode()}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in groups of four, to be compared by eye or over the telephone."""
        digest = sha256(self.public).hexdigest()
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def read_key(text: str) -> NoteKey:
    """A verifier key as `encoded` writes it. Raises NoteUnreadable."""
    name, _, rest = text.strip().partition("+")
    told, _, encoded = rest.partition("+")
    try:
        body = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise NoteUnreadable("the key is no Base64") from error
    key = NoteKey(name, body[1:])
    if not name or body[:1] != ED25519 or len(key.public) != 32 or key.hash.hex() != told:
        raise NoteUnreadable("this is no verifier key of the form <name>+<hash>+<key>")
    return key


class NoteSignature(NamedTuple):
    """One signature under a note."""

    name: str
    hash: bytes
    signature: bytes


class SignedNote(NamedTuple):
    """A text, which ends with a line feed, and who signed it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        """The note as it is published."""
        lines = "".join(
            f"{_BEGIN}{one.name} {base64.b64encode(one.hash + one.signature).decode()}\n"
            for one in self.signatures
        )
        return f"{self.text}\n{lines}"

    def signed_by(self, keys: Iterable[NoteKey], verify: Verify) -> list[NoteKey]:
        """Those of `keys` whose signature is under it and is good."""
        message = self.text.encode()
        return [
            key
            for key in keys
            for one in self.signatures
            if (one.name, one.hash) == (key.name, key.hash) and verify(key.public, message, one.signature)
        ]


def signed(text: str, signers: Iterable[tuple[NoteKey, Callable[[bytes], bytes]]]) -> SignedNote:
    """`text` signed by each of `signers`."""
    signatures = [NoteSignature(key.name, key.hash, sign(text.encode())) for key, sign in signers]
    return SignedNote(text, tuple(signatures))


def read_note(published: str) -> SignedNote:
    """A note as `str` writes it. Raises NoteUnreadable."""
    text, found, below = published.rpartition("\n\n")
    if not found or not below.endswith("\n"):
        raise NoteUnreadable("a note is a text, an empty line, and signatures, each a line")
    signatures = tuple([_signature(line) for line in below[:-1].split("\n")])
    note = SignedNote(text + "\n", signatures)
    if str(note) != published:
        raise NoteUnreadable("the note is not written as a note is")
    return note


def _signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_BEGIN).rpartition(" ")
    try:
        body = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise NoteUnreadable("a signature is no Base64") from error
    if not line.startswith(_BEGIN) or not name or len(body) < 5:
        raise NoteUnreadable("a line below the text is no signature")
    return NoteSignature(name, body[:4], body[4:])
