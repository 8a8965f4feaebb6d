"""The vault on Postgres: a few connections of its own, opened when they are needed."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from time import monotonic, sleep
from typing import Any, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg.rows import tuple_row

from application.vault import VaultRow, VaultUnavailable

T = TypeVar("T")

log = logging.getLogger("zeus.privacy")

Link = psycopg.Connection[tuple[Any, ...]]

IDLE = 4
"""Connections that are kept."""
_PATIENCE_S = 5.0
_STATEMENT_MS = 5_000
_LOOK_S = 0.5
_COLUMNS: LiteralString = "tenant, lookup, ref, wrapped_key, spelling, key_version, plain_stream, created_at"
_FIND: LiteralString = f"SELECT {_COLUMNS} FROM vault.subjects WHERE tenant = %b AND lookup = ANY(%b)"  # noqa: S608
_NAMED: LiteralString = f"SELECT {_COLUMNS} FROM vault.subjects WHERE tenant = %b AND ref = ANY(%b)"  # noqa: S608
_OUTDATED: LiteralString = (
    f"SELECT {_COLUMNS} FROM vault.subjects WHERE key_version <> %s ORDER BY tenant, ref LIMIT %s"  # noqa: S608
)
_ADD: LiteralString = f"""
    INSERT INTO vault.subjects ({_COLUMNS}) VALUES (%b, %b, %b, %b, %b, %b, %b, %b)
    ON CONFLICT (tenant, lookup) DO NOTHING
"""  # noqa: S608 - our own names
_REWRAP = """
    UPDATE vault.subjects SET lookup = %s, wrapped_key = %s, key_version = %s WHERE tenant = %s AND ref = %s
"""
_DESTROY = """
    WITH gone AS (DELETE FROM vault.subjects WHERE tenant = %s AND ref = %s RETURNING tenant, ref)
    SELECT pg_notify('vault_erased', tenant || '/' || ref) FROM gone
"""
_AGREE = "INSERT INTO vault.keys (version, fingerprint) VALUES (%s, %s) ON CONFLICT (version) DO NOTHING"


class PostgresVault:
    """The port `application.vault.Vault`; any number of threads may use it."""

    def __init__(self, dsn: str) -> None:
        """The tables exist (`vault_schema.create`). Connects at the first use."""
        self._dsn = dsn
        self._lock = threading.Lock()
        self._idle: list[Link] = []
        self._closed = False
        self._watcher: threading.Thread | None = None

    def find(self, tenant: str, lookups: Collection[bytes]) -> list[VaultRow]:
        """See the port."""
        return self._do(lambda link: _rows(link, _FIND, (tenant, list(lookups))))

    def named(self, tenant: str, refs: Collection[str]) -> list[VaultRow]:
        """See the port."""
        return self._do(lambda link: _rows(link, _NAMED, (tenant, list(refs))))

    def add(self, rows: Iterable[VaultRow]) -> None:
        """See the port."""
        # In one order, so that two who add the same cannot wait for each other.
        values = sorted((msgspec.structs.astuple(row) for row in rows), key=lambda row: (row[0], row[1]))

        def insert(link: Link) -> None:
            with link.transaction(), link.cursor() as cursor:
                cursor.executemany(_ADD, values)

        self._do(insert)

    def destroy(self, tenant: str, ref: str) -> bool:
        """See the port."""
        return bool(self._do(lambda link: link.execute(_DESTROY, [tenant, ref]).rowcount))

    def watch(self, erased: Callable[[str, str], None], doubt: Callable[[], None]) -> None:
        """See the port: a thread with a connection that listens."""
        started = threading.Event()
        self._watcher = threading.Thread(
            target=self._watch, args=(erased, doubt, started), name="vault-watch", daemon=True
        )
        self._watcher.start()
        started.wait(_PATIENCE_S)

    def rewrap(self, row: VaultRow) -> None:
        """See the port."""
        values = [row.lookup, row.wrapped_key, row.key_version, row.tenant, row.ref]
        self._do(lambda link: link.execute(_REWRAP, values))

    def outdated(self, version: int, limit: int) -> list[VaultRow]:
        """See the port."""
        return self._do(lambda link: _rows(link, _OUTDATED, (version, limit)))

    def agree(self, version: int, fingerprint: bytes) -> bytes:
        """See the port."""

        def keep(link: Link) -> bytes:
            link.execute(_AGREE, [version, fingerprint])
            kept = link.execute("SELECT fingerprint FROM vault.keys WHERE version = %s", [version]).fetchone()
            return bytes(kept[0]) if kept is not None else b""

        return self._do(keep)

    def close(self) -> None:
        """See the port."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for link in idle:
            link.close()
        if self._watcher is not None:
            self._watcher.join(2 * _LOOK_S)

    def _watch(
        self, erased: Callable[[str, str], None], doubt: Callable[[], None], started: threading.Event
    ) -> None:
        while not self._closed:
            try:
                with self._connection() as link:
                    link.execute("LISTEN vault_erased")
                    doubt()  # what was destroyed while nobody listened
                    started.set()
                    while not self._closed:
                        for news in link.notifies(timeout=_LOOK_S):
                            tenant, _, ref = news.payload.partition("/")
                            erased(tenant, ref)
            except psycopg.Error as error:
                doubt()
                log.warning("the vault cannot be watched, trying again: %r", error)
                sleep(_LOOK_S)

    def _do(self, work: Callable[[Link], T]) -> T:
        """Every statement here is harmless when repeated, so a connection that was lost is no doubt."""
        deadline = monotonic() + _PATIENCE_S
        while True:
            try:
                link = self._taken()
                try:
                    done = work(link)
                except BaseException:
                    link.close()
                    raise
                self._put_back(link)
                return done
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if monotonic() > deadline or self._closed:
                    raise VaultUnavailable(f"the vault does not answer: {error}") from error
                sleep(0.05)
            except psycopg.Error as error:
                raise VaultUnavailable(f"the vault cannot be used: {error}") from error

    def _taken(self) -> Link:
        with self._lock:
            if self._closed:
                raise VaultUnavailable("the vault is closed")
            if self._idle:
                return self._idle.pop()
        return self._connection()

    def _connection(self) -> Link:
        return psycopg.connect(
            self._dsn,
            autocommit=True,
            row_factory=tuple_row,
            connect_timeout=3,
            application_name="zeus vault",
            options=f"-c statement_timeout={_STATEMENT_MS}",
            tcp_user_timeout=10_000,
        )

    def _put_back(self, link: Link) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < IDLE:
                self._idle.append(link)
                return
        link.close()


def _rows(link: Link, statement: LiteralString, values: tuple[Any, ...]) -> list[VaultRow]:
    return [_row(row) for row in link.execute(statement, values)]


def _row(row: tuple[Any, ...]) -> VaultRow:
    return VaultRow(
        tenant=row[0],
        lookup=bytes(row[1]),
        ref=row[2],
        wrapped_key=bytes(row[3]),
        spelling=bytes(row[4]),
        key_version=row[5],
        plain_stream=row[6],
        created_at=row[7],
    )
