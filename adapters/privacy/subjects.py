"""Subjects: who presents tokens, each with a pseudonym and a key of its own, found in memory or in the vault."""

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.privacy.key_ring import KEY_BYTES, KeyRing, PrivacyKeyWrong
from adapters.privacy.spelling import ciphertext_of, new_ref, sealed_text
from application import clock
from application.vault import Vault, VaultRow

T = TypeVar("T")

KEPT = 50_000
"""Subjects in memory at most, about 1 KB each."""
_NONCE = 12
_ASKED_FOR = 5_000
"""Rows of one question to the vault."""
_SPELLINGS = 16
"""Sealed texts kept for each subject: one card is read in few ways."""


def folded(token: str) -> str:
    """Tokens are compared without case; surrounding blanks, which some readers add, name nobody else."""
    return token.strip().upper()


class Subject:
    """A pseudonym with its key. What it sealed before it seals the same way again, without another encryption."""

    __slots__ = (
        "_again",
        "_cipher",
        "_place",
        "created_at",
        "folded",
        "plain_stream",
        "ref",
        "spelling",
        "tenant",
    )

    def __init__(self, tenant: str, ref: str, key: bytes, *, plain_stream: bool) -> None:
        self.tenant = tenant
        self.ref = ref
        self.plain_stream = plain_stream
        self.spelling = self.folded = ""
        self.created_at: datetime | None = None
        self._cipher = AESGCM(key)
        self._place = f"{tenant}\0{ref}\0".encode()
        self._again: dict[tuple[str, str], str] = {}

    def seal(self, text: str, purpose: str) -> str:
        """`~<ref>.<ciphertext>`; `purpose` keeps what is sealed in one place from being put in another."""
        sealed = self._again.get((text, purpose))
        if sealed is None:
            sealed = sealed_text(self.ref, self.encrypt(text.encode("utf-8", "surrogatepass"), purpose))
            if len(text) <= 64:
                if len(self._again) >= _SPELLINGS:
                    self._again.clear()
                self._again[text, purpose] = sealed
        return sealed

    def open(self, encoded: str, purpose: str) -> str | None:
        """What `seal` was given, from what stands behind the point; None where it is nothing of ours."""
        try:
            data = ciphertext_of(encoded)
            return self.decrypt(data, purpose).decode("utf-8", "surrogatepass")
        except (ValueError, InvalidTag):
            return None

    def encrypt(self, data: bytes, purpose: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, self._place + purpose.encode())

    def decrypt(self, data: bytes, purpose: str) -> bytes:
        """Raises InvalidTag, ValueError."""
        return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], self._place + purpose.encode())


class Subjects:
    """The subjects of an installation. `found` and `named` never wait; the other methods ask the vault, in a thread."""

    def __init__(self, vault: Vault, ring: KeyRing, *, kept: int = KEPT) -> None:
        """Asks nothing yet. The vault is taken over: `close` closes it."""
        self._vault = vault
        self._ring = ring
        self._kept = kept
        self._lock = threading.Lock()
        self._by_token: OrderedDict[tuple[str, str], Subject] = OrderedDict()
        self._by_ref: dict[tuple[str, str], Subject] = {}
        self._erased: OrderedDict[tuple[str, str], None] = OrderedDict()

    def agree(self) -> None:
        """Make sure that this is the key the vault was filled with. Raises PrivacyKeyWrong, VaultUnavailable."""
        for version in reversed(self._ring.versions):
            mine = self._ring.fingerprint(version)
            if self._vault.agree(version, mine) != mine:
                raise PrivacyKeyWrong(
                    f"version {version} of the key for personal data is not the one that this database was "
                    "filled with: give the one that was kept"
                )

    def watch(self) -> None:
        """Forget from now on whomever another process erases, at once."""
        self._vault.watch(self.forget, self.forget_all)

    # -- in memory ------------------------------------------------------------------------------------

    def found(self, tenant: str, token: str) -> Subject | None:
        """Whose this token is, if that is in memory."""
        return self._by_token.get((tenant, folded(token)))

    def named(self, tenant: str, ref: str) -> Subject | None:
        """Whose pseudonym this is, if that is in memory."""
        return self._by_ref.get((tenant, ref))

    def is_known_erased(self, tenant: str, ref: str) -> bool:
        """The vault was asked for it, and has it no more."""
        return (tenant, ref) in self._erased

    def forget(self, tenant: str, ref: str) -> None:
        """Drop a subject from memory: it was erased."""
        with self._lock:
            self._note_erased(tenant, ref)
            if subject := self._by_ref.pop((tenant, ref), None):
                self._by_token.pop((tenant, subject.folded), None)

    def forget_all(self) -> None:
        """Drop everybody from memory: some may have been erased unheard."""
        with self._lock:
            self._by_ref.clear()
            self._by_token.clear()

    # -- with the vault, blocking ----------------------------------------------------------------------

    def find(self, tenant: str, tokens: Iterable[str]) -> dict[str, Subject]:
        """The subjects there are, by folded token; makes none."""
        wanted = {folded(token) for token in tokens}
        known = {one: subject for one in wanted if (subject := self._by_token.get((tenant, one)))}
        missing = wanted - known.keys()
        if missing:
            lookups = [
                self._ring.lookup(tenant, one, version) for one in missing for version in self._ring.versions
            ]
            for some in _batches(lookups):
                for row in self._vault.find(tenant, some):
                    subject = self._keep(row)
                    known[subject.folded] = subject
        return known

    def ensure(self, tenant: str, tokens: Iterable[str], plain: Collection[str] = ()) -> dict[str, Subject]:
        """The subjects of these tokens, by folded token; those that are new are made.

        `plain`: folded tokens that the log knew before tokens were sealed.
        """
        spellings: Mapping[str, str] = {folded(token): token for token in tokens}
        known = self.find(tenant, spellings)
        missing = [one for one in spellings if one not in known]
        if missing:
            self._vault.add(self._fresh(tenant, spellings[one], plain=one in plain) for one in missing)
            known |= self.find(tenant, missing)
        return known

    def find_named(self, tenant: str, refs: Iterable[str]) -> dict[str, Subject]:
        """The subjects of these pseudonyms; one that is not there was erased."""
        wanted = set(refs)
        known = {ref: subject for ref in wanted if (subject := self._by_ref.get((tenant, ref)))}
        missing = wanted - known.keys()
        if missing:
            for some in _batches(list(missing)):
                for row in self._vault.named(tenant, some):
                    known[row.ref] = self._keep(row)
            with self._lock:
                for ref in missing - known.keys():
                    self._note_erased(tenant, ref)
        return known

    def destroy(self, tenant: str, ref: str) -> bool:
        """Remove a subject for good, here and in the vault."""
        self.forget(tenant, ref)
        return self._vault.destroy(tenant, ref)

    def rewrap(self, batch: int = 500) -> int:
        """Bring the rows of older keys to the newest one; how many there were."""
        count = 0
        while rows := self._vault.outdated(self._ring.newest, batch):
            for row in rows:
                subject = self._subject(row)
                key = self._ring.unwrap(row.tenant, row.ref, row.wrapped_key, row.key_version)
                lookup = self._ring.lookup(row.tenant, subject.folded, self._ring.newest)
                self._vault.rewrap(
                    VaultRow(
                        tenant=row.tenant,
                        lookup=lookup,
                        ref=row.ref,
                        wrapped_key=self._ring.wrap(row.tenant, row.ref, key),
                        spelling=row.spelling,
                        key_version=self._ring.newest,
                        plain_stream=row.plain_stream,
                        created_at=row.created_at,
                    )
                )
                count += 1
        return count

    def close(self) -> None:
        """Let go of the vault."""
        self._vault.close()

    # -- awaited ---------------------------------------------------------------------------------------

    async def names(self, tenant: str, refs: Collection[str]) -> dict[str, str]:
        """The spellings behind pseudonyms; one that is not there was erased."""
        if any((tenant, ref) not in self._by_ref for ref in refs):
            found = await asyncio.to_thread(self.find_named, tenant, refs)
        else:
            found = self.find_named(tenant, refs)
        return {ref: subject.spelling for ref, subject in found.items()}

    async def found_names(self, tenant: str, tokens: Collection[str]) -> dict[str, str]:
        """The pseudonyms of tokens that have one, by folded token."""
        found = await asyncio.to_thread(self.find, tenant, tokens)
        return {one: subject.ref for one, subject in found.items()}

    def _note_erased(self, tenant: str, ref: str) -> None:
        self._erased[tenant, ref] = None
        if len(self._erased) > self._kept:
            self._erased.popitem(last=False)

    def _fresh(self, tenant: str, token: str, *, plain: bool) -> VaultRow:
        ref, key = new_ref(), secrets.token_bytes(KEY_BYTES)
        subject = Subject(tenant, ref, key, plain_stream=plain)
        return VaultRow(
            tenant=tenant,
            lookup=self._ring.lookup(tenant, folded(token), self._ring.newest),
            ref=ref,
            wrapped_key=self._ring.wrap(tenant, ref, key),
            spelling=subject.encrypt(token.encode("utf-8", "surrogatepass"), "spelling"),
            key_version=self._ring.newest,
            plain_stream=plain,
            created_at=clock.now(),
        )

    def _keep(self, row: VaultRow) -> Subject:
        with self._lock:
            known = self._by_ref.get((row.tenant, row.ref))
        if known is not None:
            return known
        subject = self._subject(row)
        with self._lock:
            if (row.tenant, row.ref) in self._erased:  # while its row was on the way
                return subject
            self._by_ref[row.tenant, row.ref] = subject
            self._by_token[row.tenant, subject.folded] = subject
            if len(self._by_token) > self._kept:
                (tenant, _), eldest = self._by_token.popitem(last=False)
                self._by_ref.pop((tenant, eldest.ref), None)
        return subject

    def _subject(self, row: VaultRow) -> Subject:
        try:
            key = self._ring.unwrap(row.tenant, row.ref, row.wrapped_key, row.key_version)
            subject = Subject(row.tenant, row.ref, key, plain_stream=row.plain_stream)
            subject.spelling = subject.decrypt(row.spelling, "spelling").decode("utf-8", "surrogatepass")
        except InvalidTag:
            raise PrivacyKeyWrong(f"the key for personal data does not open the vault's {row.ref}") from None
        subject.folded = folded(subject.spelling)
        subject.created_at = row.created_at
        return subject


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _ASKED_FOR):
        yield items[start : start + _ASKED_FOR]
