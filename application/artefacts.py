"""Artefacts: firmware brought by operators, URLs made for chargers, downloads served, uploads taken."""

import hmac
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from datetime import datetime

import msgspec

from application import clock
from application.artefact_links import LinkId, LinkSigner
from application.artefact_names import display_name, url_name
from application.artefact_shelf import Shelf
from application.blobs import Blob, BlobError, BlobMissing, BlobStore
from application.ports import EventStore
from domain.artefacts.artefact import Artefact, LinkUnusable
from domain.artefacts.events import Kind, Purpose, Released, Stored
from domain.commands.intent import SECRET
from domain.event import Told

log = logging.getLogger("zeus.artefacts")

MIB = 1024 * 1024
PATH = "/artefacts"
"""Where chargers find them, below the public URL."""


class ExpiryPassed(ValueError):
    """A link must expire in the future, at a time with a time zone, and allow at least one use."""


class ArtefactEmpty(ValueError):
    """There was not a single byte: nothing was stored, and a link is still good."""


class ChecksumMismatch(ValueError):
    """The bytes that arrived are not those that were announced: nothing was stored. Send them again."""


class ArtefactSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    tenant: str
    public_url: str
    """`https://host[:port]` as chargers reach it."""
    firmware_bytes: int = 512 * MIB
    """The largest firmware."""
    upload_bytes: int = 100 * MIB
    """The largest upload of a charger, unless its link says less."""


class SignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was made. The URL is a secret: it goes to the charger and into no log of ours."""

    url: str
    kept: str
    """The same with SECRET in place of the seal: what an intent carries, and `Artefacts.seal_of` completes."""
    artefact: str
    link: str

    def __repr__(self) -> str:
        """Without the URL."""
        return f"SignedUrl(artefact={self.artefact}, link={self.link})"

    __str__ = __repr__


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A stored artefact."""

    artefact: str
    name: str
    size_bytes: int
    sha256: str
    blob: str
    link: str = ""
    """The download link it was opened with; empty for operators."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """An upload link that is good at the moment."""

    artefact: str
    link: str
    charger: str
    command: str
    max_bytes: int
    opened_at: datetime
    """What began in time may end late: lines to chargers are slow."""


class Artefacts:
    """The artefacts of one tenant. Every method may raise StoreUnavailable and BlobStoreUnavailable."""

    def __init__(
        self,
        store: EventStore,
        blobs: BlobStore,
        secret: bytes,
        settings: ArtefactSettings,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """`secret` seals the URLs: the same for all processes of an installation."""
        self._shelf = Shelf(store, settings.tenant)
        self._blobs = blobs
        self._signer = LinkSigner(secret, settings.tenant)
        self._settings = settings
        self._now = now

    @property
    def firmware_bytes(self) -> int:
        """The largest firmware that is taken."""
        return self._settings.firmware_bytes

    def seal_of(self, kept: str) -> str:
        """What stands for SECRET in `SignedUrl.kept`; empty for any other address."""
        named, found, _ = kept.removeprefix(self.address).partition(SECRET)
        return self._signer.seal(named) if found and kept.startswith(self.address) else ""

    @property
    def tenant(self) -> str:
        """Whose they are."""
        return self._settings.tenant

    @property
    def address(self) -> str:
        """What every URL made here begins with."""
        return f"{self._settings.public_url.rstrip('/')}{PATH}/"

    async def store_firmware(
        self,
        chunks: AsyncIterable[bytes],
        name: Callable[[], str],
        *,
        actor: str,
        sha256: str = "",
        cause: str = "",
    ) -> Content:
        """Keep a firmware; `name` is asked when all has come, `sha256` (hex) is checked where it is given.

        Raises BlobTooLarge, ArtefactEmpty, ChecksumMismatch, and what the chunks raise.
        """
        artefact, blob = clock.time_ordered_id(), clock.time_ordered_id()
        written = await self._write(blob, chunks, self._settings.firmware_bytes)
        if sha256 and not hmac.compare_digest(sha256.strip().lower().encode(), written.sha256.encode()):
            await self._discard(blob)
            raise ChecksumMismatch(f"the bytes have SHA-256 {written.sha256}")
        fact = Stored(
            name=display_name(name(), "firmware"),
            kind=Kind.FIRMWARE,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            blob=blob,
        )
        await self._shelf.change(artefact, lambda state: state.store(fact), self._told(actor, cause))
        return _content(artefact, fact)

    async def link_for_download(
        self,
        artefact: str,
        charger: str,
        *,
        expires_at: datetime,
        fetches: int = 1,
        command: str = "",
        actor: str = "zeus",
        cause: str = "",
    ) -> SignedUrl:
        """A URL for one charger (its key) to fetch a firmware, completely at most `fetches` times.

        Give chargers that retry `retries + 1` fetches. Raises ArtefactUnknown, ExpiryPassed.
        """
        content = await self.read(artefact)
        fact = self._released(charger, Purpose.DOWNLOAD, expires_at, uses=fetches, command=command)
        await self._shelf.change(artefact, lambda state: state.release(fact), self._told(actor, cause))
        return self._url(artefact, fact.link, url_name(content.name))

    async def link_for_upload(
        self,
        charger: str,
        *,
        expires_at: datetime,
        command: str = "",
        max_bytes: int | None = None,
        name: str = "",
        actor: str = "zeus",
        cause: str = "",
    ) -> SignedUrl:
        """A URL for one charger to send one file to; without `name` it ends in `/`, as a directory.

        Raises ExpiryPassed.
        """
        artefact = clock.time_ordered_id()
        limit = min(max_bytes or self._settings.upload_bytes, self._settings.upload_bytes)
        fact = self._released(charger, Purpose.UPLOAD, expires_at, max_bytes=limit, command=command)
        await self._shelf.change(artefact, lambda state: state.release(fact), self._told(actor, cause))
        return self._url(artefact, fact.link, url_name(name) if name else "")

    async def open_download(self, token: str) -> Content:
        """What a charger's link leads to. Raises LinkUnusable, BlobMissing."""
        artefact, link = self._signer.read(token)
        state = await self._shelf.artefact(artefact)
        state.link(link, Purpose.DOWNLOAD, self._now())
        return await self._present(msgspec.structs.replace(_content(artefact, state.content()), link=link))

    async def read(self, artefact: str) -> Content:
        """An artefact for an operator. Raises ArtefactUnknown, BlobMissing."""
        state = await self._shelf.artefact(artefact)
        return await self._present(_content(artefact, state.content()))

    def bytes_of(self, content: Content, offset: int, length: int) -> AsyncGenerator[bytes, None]:
        """Its bytes, in pieces. Raises BlobMissing."""
        return self._blobs.read(content.blob, offset, length)

    async def note_sent(self, content: Content, offset: int, length: int, remote: str) -> None:
        """Record what goes over a link; call it before the last piece leaves, or when the client has gone.

        Raises ArtefactUnknown where it was withdrawn meanwhile.
        """
        if content.link and length:
            span = (offset, offset + length)
            told = self._told("charger", content.link)
            await self._shelf.change(
                content.artefact, lambda state: state.fetch(content.link, span, remote), told
            )

    async def open_upload(self, token: str) -> Slot:
        """What a charger's link takes. Raises LinkUnusable."""
        artefact, link = self._signer.read(token)
        state = await self._shelf.artefact(artefact)
        now = self._now()
        found = state.link(link, Purpose.UPLOAD, now)
        return Slot(
            artefact=artefact,
            link=link,
            charger=found.charger,
            command=found.command,
            max_bytes=self._settings.upload_bytes if found.max_bytes is None else found.max_bytes,
            opened_at=now,
        )

    async def take_upload(
        self, slot: Slot, chunks: AsyncIterable[bytes], *, name: Callable[[], str], remote: str = ""
    ) -> Content:
        """Keep a charger's file; `name` is asked when all has come. The first complete upload wins.

        Raises LinkUnusable, BlobTooLarge, ArtefactEmpty, and what the chunks raise; then nothing is kept.
        """
        blob = clock.time_ordered_id()
        written = await self._write(blob, chunks, slot.max_bytes)
        fact = Stored(
            name=display_name(name(), "upload"),
            kind=Kind.UPLOAD,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            blob=blob,
            charger=slot.charger,
            command=slot.command,
            link=slot.link,
            remote=remote,
        )
        told = self._told("charger", slot.link)
        try:
            await self._shelf.change(slot.artefact, lambda state: state.receive(fact, slot.opened_at), told)
        except LinkUnusable:
            await self._discard(blob)
            raise
        return _content(slot.artefact, fact)

    async def withdraw(self, artefact: str, reason: str, *, actor: str, cause: str = "") -> None:
        """Delete its bytes; links to it are dead from now on. Again: harmless. Raises ArtefactUnknown."""
        told = self._told(actor, cause)
        state: Artefact = await self._shelf.change(artefact, lambda state: state.withdraw(reason), told)
        if state.stored is not None:
            await self._blobs.delete(state.stored.blob)

    async def close(self) -> None:
        """Let go of the blob store's connections."""
        await self._blobs.close()

    async def _write(self, blob: str, chunks: AsyncIterable[bytes], max_bytes: int) -> Blob:
        written = await self._blobs.write(blob, chunks, max_bytes)
        if not written.size_bytes:
            await self._discard(blob)
            raise ArtefactEmpty
        return written

    async def _present(self, content: Content) -> Content:
        """The log says that it is there; before promising it to anybody, see whether it is."""
        if await self._blobs.size(content.blob) != content.size_bytes:
            log.error("artefact %s: its bytes are not in the blob store as stored", content.artefact)
            raise BlobMissing(content.blob)
        return content

    async def _discard(self, blob: str) -> None:
        """Bytes that no event speaks of; where they cannot be deleted now, the log line names them."""
        try:
            await self._blobs.delete(blob)
        except BlobError as error:
            log.warning("blob %s belongs to nothing and could not be deleted: %s", blob, error)

    def _released(
        self,
        charger: str,
        purpose: Purpose,
        expires_at: datetime,
        *,
        command: str,
        uses: int = 1,
        max_bytes: int | None = None,
    ) -> Released:
        if expires_at.tzinfo is None or expires_at <= self._now() or uses < 1:
            raise ExpiryPassed
        return Released(
            link=clock.time_ordered_id(),
            charger=charger,
            purpose=purpose,
            expires_at=expires_at,
            uses=uses,
            max_bytes=max_bytes,
            command=command,
        )

    def _url(self, artefact: str, link: str, name: str) -> SignedUrl:
        token = self._signer.token(LinkId(artefact, link))
        url, kept = (f"{self.address}{part}/{name}" for part in (token, f"{artefact}{link}{SECRET}"))
        return SignedUrl(url=url, kept=kept, artefact=artefact, link=link)

    def _told(self, actor: str, cause: str) -> Told:
        return Told(recorded_at=self._now(), actor=actor, cause=cause)


def _content(artefact: str, stored: Stored) -> Content:
    return Content(
        artefact=artefact,
        name=stored.name,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        blob=stored.blob,
    )
