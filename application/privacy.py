"""Personal data: who is known, who is erased, and who was shown what is sealed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from application import clock
from application.desired_state import DesiredState
from application.ports import EventStore, VersionConflict
from application.registry import ChargerUnknown
from domain.commands.drivers import ListEntry
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId, IdToken
from domain.privacy.events import PersonalDataRead, SubjectErased

_AT_ONCE = 50
"""Lists that are looked through at the same time."""


class SubjectUnknown(LookupError):
    """Nothing is kept under this token; perhaps it was erased already."""


class KnownSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault has of somebody."""

    ref: str
    """The pseudonym in the log."""
    spelling: str
    """The token as it was first spelled."""
    plain_stream: bool
    """The log has events from before sealing that name the token in plain text."""
    created_at: datetime


class Keeper(Protocol):
    """Knows who is behind pseudonyms. Every method may raise VaultUnavailable."""

    async def known(self, tenant: str, token: str) -> KnownSubject | None:
        """Whose this token is; None where nobody's."""
        ...

    async def erase(self, tenant: str, ref: str) -> None:
        """Destroy the key, for good, here and in every process; harmless when repeated."""
        ...

    async def restored(self, tenant: str, frames: Sequence[str]) -> list[str]:
        """Frames as they were received; what belongs to nobody any more stays sealed."""
        ...


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a subject."""

    ref: str
    plain: bool
    """Something stays in plain text: events from before sealing."""
    lists: tuple[str, ...] = ()
    """Chargers whose local lists it was taken off."""


class PersonalData:
    """The personal data of a tenant, in the hands of `actor`."""

    def __init__(
        self,
        store: EventStore,
        keeper: Keeper,
        tenant: str,
        actor: str,
        books: DesiredState,
        wanted: Callable[[ChargerId], Awaitable[None]],
        cause: str = "",
    ) -> None:
        """`books` are the wishes of the tenant, `wanted` is told of each charger whose list was changed, and `cause`
        is the request behind what is written.
        """
        self._store, self._keeper = store, keeper
        self._tenant, self._actor = tenant, actor
        self._books, self._wanted = books, wanted
        self._cause = cause

    async def subject(self, token: str) -> KnownSubject:
        """What is known of a token. Raises SubjectUnknown."""
        found = await self._keeper.known(self._tenant, token)
        if found is None:
            raise SubjectUnknown
        return found

    async def erase(
        self,
        token: str,
        legal_basis: str,
        *,
        lists: Collection[str] = (),
        requests: Collection[str] = (),
    ) -> Erased:
        """Take the token off local lists, say that its owner is erased, and destroy the key. Raises SubjectUnknown.

        `lists`: chargers that should hold a local list; `requests`: under what else something of him is sealed.
        Where it ends half-way, do it again: first comes what needs the key, then the word, then its end.
        """
        found = await self.subject(token)
        changed = await self._off_lists(found.spelling, lists)
        others = [one for text in requests if (one := await self._keeper.known(self._tenant, text))]
        for subject in (*others, found):
            fact = SubjectErased(ref=subject.ref, legal_basis=legal_basis, plain=subject.plain_stream)
            await self._say(f"subject/{self._tenant}/{subject.ref}", fact)
            await self._keeper.erase(self._tenant, subject.ref)
        return Erased(ref=found.ref, plain=found.plain_stream, lists=changed)

    async def disclose(
        self,
        what: str,
        reason: str,
        *,
        subjects: Sequence[str] = (),
        places: Sequence[int] = (),
    ) -> None:
        """Record that somebody is about to be shown what is sealed; only then show it."""
        fact = PersonalDataRead(what=what, reason=reason, subjects=tuple(subjects), places=tuple(places))
        await self._say(f"disclosure/{self._tenant}/{clock.time_ordered_id()}", fact)

    async def restored(self, frames: Sequence[str]) -> list[str]:
        """Frames as they were received; call `disclose` before."""
        return await self._keeper.restored(self._tenant, frames)

    async def _off_lists(self, token: str, chargers: Collection[str]) -> tuple[str, ...]:
        changed: list[str] = []
        todo = list(chargers)
        while todo:
            some, todo = todo[:_AT_ONCE], todo[_AT_ONCE:]
            done = await asyncio.gather(*(self._off_list(token, charger) for charger in some))
            changed += [charger for charger, was_on in zip(some, done, strict=True) if was_on]
        return tuple(changed)

    async def _off_list(self, token: str, charger: str) -> bool:
        key = IdToken(token).key
        try:
            entry = (await self._books.local_list_of(charger)).tokens.get(key)
            if entry is None:
                return False
            gone = ListEntry(id_token=entry.id_token, status="")
            await self._books.want_local_list(charger, [gone], full=False)
        except ChargerUnknown:  # it was retired, and nobody leads it any more
            return False
        await self._wanted(ChargerId(self._tenant, charger))
        return True

    async def _say(self, stream: str, fact: Fact) -> None:
        """Once on its stream: the word of an erasure that was cut short stands already."""
        told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
        try:
            await self._store.append(events_of(stream, 0, [fact], told))
        except VersionConflict:
            return
