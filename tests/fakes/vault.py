"""A vault in memory, which passes the contract of the real one."""

import threading
from collections.abc import Callable, Collection, Iterable

import msgspec

from application.vault import VaultRow, VaultUnavailable


class InMemoryVault:
    """`rows` are by (tenant, ref); `unavailable = True` makes every call raise; `asked` counts the calls."""

    def __init__(self) -> None:
        """Empty."""
        self.rows: dict[tuple[str, str], VaultRow] = {}
        self.unavailable = False
        self.asked = 0
        self._fingerprints: dict[int, bytes] = {}
        self._watching: list[Callable[[str, str], None]] = []
        self._lock = threading.Lock()

    def find(self, tenant: str, lookups: Collection[bytes]) -> list[VaultRow]:
        """See the port."""
        self._check()
        return [row for row in self.rows.values() if row.tenant == tenant and row.lookup in lookups]

    def named(self, tenant: str, refs: Collection[str]) -> list[VaultRow]:
        """See the port."""
        self._check()
        return [row for ref in refs if (row := self.rows.get((tenant, ref))) is not None]

    def add(self, rows: Iterable[VaultRow]) -> None:
        """See the port."""
        self._check()
        with self._lock:
            taken = {(row.tenant, row.lookup) for row in self.rows.values()}
            for row in rows:
                if (row.tenant, row.lookup) not in taken:
                    taken.add((row.tenant, row.lookup))
                    self.rows[row.tenant, row.ref] = row

    def destroy(self, tenant: str, ref: str) -> bool:
        """See the port."""
        self._check()
        gone = self.rows.pop((tenant, ref), None)
        if gone is not None:
            for tell in self._watching:
                tell(tenant, ref)
        return gone is not None

    def watch(self, erased: Callable[[str, str], None], doubt: Callable[[], None]) -> None:
        """See the port; nothing is ever missed here."""
        self._watching.append(erased)

    def rewrap(self, row: VaultRow) -> None:
        """See the port."""
        self._check()
        old = self.rows.get((row.tenant, row.ref))
        if old is not None:
            self.rows[row.tenant, row.ref] = msgspec.structs.replace(
                old, lookup=row.lookup, wrapped_key=row.wrapped_key, key_version=row.key_version
            )

    def outdated(self, version: int, limit: int) -> list[VaultRow]:
        """See the port."""
        self._check()
        return [row for row in self.rows.values() if row.key_version != version][:limit]

    def agree(self, version: int, fingerprint: bytes) -> bytes:
        """See the port."""
        self._check()
        return self._fingerprints.setdefault(version, fingerprint)

    def close(self) -> None:
        """Later calls raise VaultUnavailable."""
        self.unavailable = True

    def _check(self) -> None:
        self.asked += 1
        if self.unavailable:
            raise VaultUnavailable("the vault is closed")
