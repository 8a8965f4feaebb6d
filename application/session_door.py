"""Who presented a session: one look at where sessions are kept, and the person from memory, a moment old at most."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore
from application.remembered import Remembered
from application.sessions import SEEN_EVERY, Session, Sessions, csrf_token_of, digest_of_session
from application.tenants import Directory
from domain.people.user import User, user_stream
from domain.tenants.roles import Role


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose session holds."""

    session: Session
    role: Role
    login: str
    name: str
    csrf: str

    def __repr__(self) -> str:
        """Neither what he is called nor what he shows with a change."""
        return f"Person(id={self.session.user_id!r}, role={self.role!r})"

    __str__ = __repr__


class SessionDoor:
    """Knows sessions."""

    def __init__(
        self,
        store: EventStore,
        directory: Directory,
        sessions: Sessions,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._people: Remembered[User] = Remembered(store, User, monotonic=monotonic)

    async def person(self, session_id: str, now: datetime) -> Person | None:
        """Whose session it is; None where it does not hold. Raises StoreUnavailable, FleetUnavailable."""
        digest = digest_of_session(session_id)
        session = await self._sessions.find(digest)
        if session is None or not session.holds(now):
            return None
        person = await self._people.state(user_stream(session.tenant, session.user_id))
        if session.epoch > person.epoch:  # begun by another process, after what is remembered here
            await self._people.catch_up(person)
        if session.epoch != person.epoch or not person.may_come_in or person.role is None:
            return None
        if not await self._directory.serves(session.tenant):
            return None
        if now - session.seen_at >= SEEN_EVERY:
            await self._sessions.touch(digest, now)
        return Person(
            session=session,
            role=person.role,
            login=person.login,
            name=person.name,
            csrf=csrf_token_of(session_id),
        )
