"""Mirrors, as far as the log tells of them: who had whose traffic said again where, and what came of it."""

import re

from application import clock
from application.ports import EventStore, VersionConflict
from domain.event import Told, events_of
from domain.mirrors.events import MirrorBegun, MirrorEnded, MirrorForgotten

ATTEMPTS = 8
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class MirrorNameInvalid(ValueError):
    """A mirror's name is 1 to 40 small letters, digits and hyphens, such as `trial`."""


def check_name(name: str) -> None:
    """Raises MirrorNameInvalid."""
    if not _NAME.fullmatch(name):
        raise MirrorNameInvalid(name[:40])


class Mirrors:
    """What one person begins and ends."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._actor, self._cause = actor, cause

    async def tell(self, name: str, fact: MirrorBegun | MirrorEnded | MirrorForgotten) -> None:
        """Write it down. Raises MirrorNameInvalid, StoreUnavailable."""
        check_name(name)
        stream = f"mirror/{self._tenant}/{name}"
        told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
        for _ in range(ATTEMPTS):
            version = len(await self._store.read(stream))
            try:
                await self._store.append(events_of(stream, version, [fact], told))
            except VersionConflict:
                continue
            return
        raise VersionConflict(stream)
