"""Sessions in memory, which pass the contract of the real ones; several processes share one."""

from datetime import datetime

import msgspec

from application.fleet import FleetUnavailable
from application.sessions import Session


class InMemorySessions:
    """`application.sessions.Sessions`; `unavailable = True` makes every call raise."""

    def __init__(self) -> None:
        """Empty."""
        self.kept: dict[str, Session] = {}
        self.unavailable = False

    async def begin(self, session: Session) -> None:
        """By digest."""
        self._check()
        self.kept[session.digest] = session

    async def find(self, digest: str) -> Session | None:
        """By digest."""
        self._check()
        return self.kept.get(digest)

    async def touch(self, digest: str, seen_at: datetime) -> None:
        """Never back."""
        self._check()
        if digest in self.kept:
            found = self.kept[digest]
            self.kept[digest] = msgspec.structs.replace(found, seen_at=max(found.seen_at, seen_at))

    async def of_user(self, tenant: str, user_id: str) -> list[Session]:
        """The newest first."""
        self._check()
        found = [one for one in self.kept.values() if (one.tenant, one.user_id) == (tenant, user_id)]
        return sorted(found, key=lambda one: one.handle, reverse=True)

    async def end(self, tenant: str, user_id: str, handle: str) -> bool:
        """If it is his."""
        for one in await self.of_user(tenant, user_id):
            if one.handle == handle:
                del self.kept[one.digest]
                return True
        return False

    async def end_all(self, tenant: str, user_id: str, *, but: str = "") -> None:
        """But one."""
        for one in await self.of_user(tenant, user_id):
            if one.digest != but:
                del self.kept[one.digest]

    async def sweep(self, now: datetime) -> None:
        """What holds stays."""
        self._check()
        self.kept = {digest: one for digest, one in self.kept.items() if one.holds(now)}

    def _check(self) -> None:
        if self.unavailable:
            raise FleetUnavailable("sessions cannot be reached")
