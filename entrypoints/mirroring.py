"""A mirror of this installation: its connections, its passwords, and going on when the database was away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from adapters.mirror.book import Book, MirrorRunning
from adapters.mirror.mirroring import Mirroring, Standing
from adapters.mirror.peer import Peer, open_peer
from adapters.mirror.traffic import Traffic
from adapters.ocpp.versions import Version
from adapters.privacy.opening import subjects_named
from adapters.privacy.sealing import restored
from adapters.privacy.spelling import SEALED_LITERAL
from adapters.privacy.subjects import Subjects
from application.ports import StoreUnavailable
from entrypoints.listening import raise_file_limit
from entrypoints.privacy import watched_subjects
from entrypoints.settings import Settings

log = logging.getLogger("zeus.mirror")

PAUSE_S = 2.0
STANDS_FOR = 20
"""Signs of the name that stands for a token: as many as 1.6 allows an id tag."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ChargersUnknown(LookupError):
    """There is nothing of these chargers in the log; `zeus charger list` shows those there are."""


class BegunElsewhere(ValueError):
    """The mirror exists and goes on where it was; forget it, or give it another name, to begin elsewhere."""


class PasswordsUnreadable(ValueError):
    """A file of passwords is one password for all, or a line `CPID:password` for each charger."""


class Wanted(NamedTuple):
    """What is to be mirrored, and where."""

    name: str
    url: str
    chargers: tuple[str, ...]
    """Keys; none: all of the tenant."""
    passwords: Mapping[str, str]
    """By key; under the empty one that of all others."""
    revealed: bool
    """Say tokens as they are."""
    follow: bool
    begin: datetime | None = None
    """A new mirror begins with what was recorded from then on; None: with what comes."""
    from_beginning: bool = False


def why_unfit(url: str, *, unencrypted: bool) -> str:
    """Why nothing can be said to this address, as a sentence; empty where it may be tried."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is no address."
    if parts.scheme not in ("ws", "wss") or not host or port == 0:
        return "The other system's address begins with wss://, such as wss://csms.example/ocpp."
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "Leave out what is not the address itself; passwords go into --password-file."
    if parts.scheme == "ws" and host not in _LOOPBACK and not unencrypted:
        return "With ws:// everybody on the way can read along. Use wss://, or say --unencrypted."
    return ""


def read_passwords(path: Path | None) -> dict[str, str]:
    """By key; under the empty one that of all. Raises PasswordsUnreadable, OSError."""
    if path is None:
        return {}
    try:
        lines = [line for line in path.read_text().splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise PasswordsUnreadable(str(path)) from None
    if len(lines) == 1 and ":" not in lines[0]:
        return {"": lines[0].strip()}
    pairs = [line.partition(":") for line in lines]
    if not all(sign and cpid.strip() and password for cpid, sign, password in pairs):
        raise PasswordsUnreadable(str(path))
    return {cpid.strip().upper(): password for cpid, _, password in pairs}


async def mirror(
    database_url: str,
    settings: Settings,
    wanted: Wanted,
    stop: asyncio.Event,
    begun: Callable[[int], Awaitable[None]],
    tell: Callable[[Standing], None],
) -> Standing:
    """Until everything is said, or with `follow` until it is told to stop; then a database that is away is waited for.

    `begun` hears where it begins, before anything is said. Raises MirrorRunning, ChargersUnknown, BegunElsewhere,
    StoreUnavailable, PrivacyKeyWrong, psycopg.Error.
    """
    raise_file_limit()  # a connection for each charger
    at_work = False
    while True:
        try:
            with _parts(database_url, settings, wanted) as (traffic, book):
                position = _begin(traffic, book, wanted)
                if not at_work:
                    await begun(position)
                at_work, wanted = (
                    True,
                    wanted._replace(begin=None, from_beginning=False),
                )  # from now on it goes on
                run = Mirroring(
                    wanted.name,
                    traffic,
                    book,
                    _connecting(wanted),
                    position,
                    follow=wanted.follow,
                    tell=tell,
                )
                return await run.run(stop)
        except (psycopg.OperationalError, StoreUnavailable, MirrorRunning) as error:
            if not at_work or not wanted.follow or stop.is_set():
                raise
            log.warning("the mirror cannot reach the database, beginning again: %r", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_S)


@contextmanager
def kept_book(database_url: str, settings: Settings) -> Iterator[Book]:
    """What mirrors found."""
    with _link(database_url) as connection, _let_go(Book(connection, settings.tenant)) as book:
        yield book


@contextmanager
def _let_go(book: Book) -> Iterator[Book]:
    try:
        yield book
    finally:
        with suppress(psycopg.OperationalError):  # with the connection goes what it holds
            book.let_go()


@contextmanager
def _parts(database_url: str, settings: Settings, wanted: Wanted) -> Iterator[tuple[Traffic, Book]]:
    subjects = watched_subjects(database_url, settings)
    try:
        with _link(database_url) as connection:
            spelled = _spelling(subjects, settings.tenant, revealed=wanted.revealed)
            traffic = Traffic(connection, settings.tenant, wanted.chargers, spelled)
            with _let_go(Book(connection, settings.tenant)) as book:
                yield traffic, book
    finally:
        subjects.close()


@contextmanager
def _link(database_url: str) -> "Iterator[psycopg.Connection[Any]]":
    with psycopg.connect(database_url, autocommit=True, application_name="zeus mirror") as connection:
        connection.execute("SET ROLE zeus_engine; SET timezone = 'UTC'")
        yield connection


def _begin(traffic: Traffic, book: Book, wanted: Wanted) -> int:
    if unknown := traffic.unknown(wanted.chargers):
        raise ChargersUnknown(", ".join(unknown))
    if book.position(wanted.name) is not None and (wanted.begin or wanted.from_beginning):
        raise BegunElsewhere(wanted.name)
    after = 0 if wanted.from_beginning else traffic.head()
    if wanted.begin is not None:
        after = traffic.place_before(wanted.begin)
    return book.open(wanted.name, wanted.url, wanted.chargers, after)


def _connecting(wanted: Wanted) -> "Callable[[str, Version], Awaitable[Peer]]":
    async def connect(cpid: str, version: Version) -> Peer:
        password = wanted.passwords.get(cpid.upper(), wanted.passwords.get(""))
        return await open_peer(wanted.url, cpid, version, password)

    return connect


def _spelling(subjects: Subjects, tenant: str, *, revealed: bool) -> Callable[[str], str]:
    """Tokens as they were received, or a name in their place; whoever was erased has a name in any case."""

    def spelled(frame: str) -> str:
        if revealed and subjects_named([frame], subjects, tenant):
            frame = restored(frame, subjects, tenant)
        return SEALED_LITERAL.sub(lambda found: f'"{found[1][-STANDS_FOR:]}"', frame)

    return spelled
