"""The vault: who is behind the pseudonyms of the log, kept apart from the log so that it can be destroyed."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Protocol

import msgspec

from application.ports import StoreUnavailable


class VaultUnavailable(StoreUnavailable):
    """The vault did not answer: as long as nobody can be named, nothing can be stored."""


class VaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a subject. Without the installation's key it tells nothing."""

    tenant: str
    lookup: bytes
    """HMAC of the folded token under the tenant's look-up key: finds the row and says nothing."""
    ref: str
    """The pseudonym in the log, drawn at random: once the row is gone it leads nowhere, whoever has whatever key."""
    wrapped_key: bytes
    """The subject's data key, encrypted under the tenant's key."""
    spelling: bytes
    """The token as it was first spelled, encrypted under the subject's key."""
    key_version: int
    """Of the installation's key that made `lookup` and `wrapped_key`."""
    plain_stream: bool = False
    """The token was known to the log before tokens were sealed, and keeps its stream `id-token/<tenant>/<KEY>`."""
    created_at: datetime


class Vault(Protocol):
    """Rows by tenant. Every method blocks, and is called in a thread; every one may raise VaultUnavailable."""

    def find(self, tenant: str, lookups: Collection[bytes]) -> list[VaultRow]:
        """The rows that have one of these look-ups."""
        ...

    def named(self, tenant: str, refs: Collection[str]) -> list[VaultRow]:
        """The rows of these pseudonyms; those that are missing were destroyed, or never were."""
        ...

    def add(self, rows: Iterable[VaultRow]) -> None:
        """Keep the rows, but those whose look-up is taken: who was first stays. Then `find` says who that is."""
        ...

    def destroy(self, tenant: str, ref: str) -> bool:
        """Remove a row for good, and tell whoever watches; False where there is none."""
        ...

    def watch(self, erased: Callable[[str, str], None], doubt: Callable[[], None]) -> None:
        """Have `erased(tenant, ref)` called for each row that anybody destroys from now on, until `close`.

        `doubt()` where some may have been missed: whoever remembers rows forgets all of them.
        """
        ...

    def rewrap(self, row: VaultRow) -> None:
        """Put look-up, wrapped key and version of a row in place of those it has, where it still is."""
        ...

    def outdated(self, version: int, limit: int) -> list[VaultRow]:
        """At most `limit` rows of any tenant whose key version is another than this."""
        ...

    def agree(self, version: int, fingerprint: bytes) -> bytes:
        """The fingerprint of the key of this version, which is the given one where none is kept yet."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
