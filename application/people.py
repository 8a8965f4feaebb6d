"""People of a tenant: invited, disabled, given another role, erased, by those who administer it."""

import unicodedata
from collections.abc import Callable, Collection
from datetime import datetime

import msgspec

from application import clock
from application.passwords import Passwords
from application.ports import EventStore, VersionConflict
from application.proofs import Keyring
from application.registry import ATTEMPTS
from application.sessions import Sessions
from domain.event import Event, Fact, Told, events_of
from domain.people.user import (
    INVITED_FOR,
    RECOVERY_CODES,
    Admins,
    Login,
    User,
    UserUnknown,
    admins_stream,
    check_names,
    digest_of,
    folded_code,
    is_user_id,
    login_stream,
    user_stream,
)
from domain.tenants.roles import Right, Role

NOBODY = "-"
"""An id that nobody has: to look for it costs the same."""

Decide = Callable[[User], list[Fact]]


class RightLacking(Exception):
    """The role has a right that you lack: nobody gives away, or takes from another, what is not his."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was invited to choose a password."""

    user_id: str
    expires_at: datetime
    text: str
    """Shown this once, kept as a digest."""

    def __repr__(self) -> str:
        """Never the invitation."""
        return f"Invitation(user_id={self.user_id!r}, text=…)"

    __str__ = __repr__


class UserBook:
    """People as they stand in the log, and the one way to write about them."""

    def __init__(self, store: EventStore, keys: Keyring) -> None:
        self.store = store
        self.keys = keys

    async def load(self, tenant: str, user_id: str) -> User:
        """Whoever has this id; one without a role where nobody has."""
        state = User(user_stream(tenant, user_id if is_user_id(user_id) else NOBODY))
        for event in await self.store.read(state.stream):
            state.when(event)
        return state

    async def login(self, tenant: str, login: str) -> Login:
        """Whose this login is."""
        state = Login(login_stream(tenant, self.pseudonym(tenant, login)))
        for event in await self.store.read(state.stream):
            state.when(event)
        return state

    def pseudonym(self, tenant: str, login: str) -> str:
        """Stands for the login, however its letters are written."""
        folded = unicodedata.normalize("NFKC", login).casefold()
        return self.keys.pseudonym(f"login\0{tenant}\0{folded}")

    async def change(
        self, tenant: str, user_id: str, decide: Decide, told: Told, *, claim: str = "", free: bool = False
    ) -> User:
        """What was decided is stored, with what it means for the roster of admins and for the login.

        `claim` is the login that is to become his; with `free` the present one is released. Whatever `decide`
        raises is raised.
        """
        for _ in range(ATTEMPTS):
            person = await self.load(tenant, user_id)
            login_before = person.login
            units = [(person.stream, person.version, decide(person))]
            if not units[0][2]:
                return person
            for event in events_of(person.stream, person.version, units[0][2], told):
                person.when(event)
            units.append(await self._roster(tenant, person))
            if claim:
                units.append(await self._claimed(tenant, claim, user_id))
            if free and login_before and not person.provider:
                login = await self.login(tenant, login_before)
                units.append((login.stream, login.version, login.release(user_id)))
            events: list[Event[Fact]] = []
            for stream, version, facts in units:
                events += events_of(stream, version, facts, told)
            try:
                await self.store.append(events)
            except VersionConflict:
                continue
            return person
        raise VersionConflict(user_stream(tenant, user_id))

    async def _roster(self, tenant: str, person: User) -> tuple[str, int, list[Fact]]:
        admins = Admins(admins_stream(tenant))
        for event in await self.store.read(admins.stream):
            admins.when(event)
        return admins.stream, admins.version, admins.follow(person)

    async def _claimed(self, tenant: str, login: str, user_id: str) -> tuple[str, int, list[Fact]]:
        state = await self.login(tenant, login)
        return state.stream, state.version, state.claim(user_id)


class People:
    """The people of one tenant, for somebody who administers it."""

    def __init__(
        self,
        book: UserBook,
        tenant: str,
        actor: str,
        rights: Collection[Right] = frozenset(Right),
        *,
        cause: str = "",
        sessions: Sessions | None = None,
    ) -> None:
        """`rights` are those of the actor; `sessions`, where there are any, end at once."""
        self._book = book
        self._tenant = tenant
        self._actor = actor
        self._rights = frozenset(rights)
        self._cause = cause
        self._sessions = sessions

    async def add(self, login: str, role: Role, name: str = "", *, user_id: str = "") -> Invitation:
        """Somebody new, invited to choose a password. Raises UserExists, UserImpossible, RightLacking."""
        self._allow(role)
        check_names(login, name)
        user_id = user_id or clock.time_ordered_id()
        secret, until = clock.api_secret(), clock.now() + INVITED_FOR
        digest = digest_of(user_stream(self._tenant, user_id), secret)

        def decide(person: User) -> list[Fact]:
            added = person.add(role, login, name)
            person_with_role = msgspec.structs.replace(person, role=role)
            return [*added, *person_with_role.invite(digest, until, "")]

        await self._book.change(self._tenant, user_id, decide, self._told(), claim=login)
        return self._invitation(user_id, until, secret)

    async def invite(self, user_id: str, reason: str = "") -> Invitation:
        """A new invitation, to choose another password. Raises UserUnknown, UserElsewhere, RightLacking."""
        secret, until = clock.api_secret(), clock.now() + INVITED_FOR
        digest = digest_of(user_stream(self._tenant, user_id), secret)
        await self._change(user_id, lambda person: person.invite(digest, until, reason))
        return self._invitation(user_id, until, secret)

    async def give_password(self, user_id: str, password: str, passwords: Passwords) -> None:
        """As one who sits beside the person does. Raises UserUnknown, UserElsewhere, PasswordUnfit, HashingBusy."""
        verifier = await passwords.verifier(await self._book.load(self._tenant, user_id), password)
        await self._change(user_id, lambda person: person.choose_password(verifier), ends=True)

    async def change_role(self, user_id: str, role: Role, reason: str = "") -> None:
        """Raises UserUnknown, UserElsewhere, RightLacking, LastAdmin."""
        self._allow(role)
        await self._change(user_id, lambda person: person.change_role(role, reason), ends=True)

    async def disable(self, user_id: str, reason: str = "") -> None:
        """He comes in no more, and every session is over. Raises UserUnknown, RightLacking, LastAdmin."""
        await self._change(user_id, lambda person: person.disable(reason), ends=True)

    async def enable(self, user_id: str, reason: str = "") -> None:
        """Raises UserUnknown, UserErased, RightLacking."""
        await self._change(user_id, lambda person: person.enable(reason))

    async def remove_authenticator(self, user_id: str, reason: str = "") -> None:
        """The telephone is lost: a new one is enrolled at the next sign-in. Raises UserUnknown, RightLacking."""
        await self._change(user_id, lambda person: person.remove_authenticator(reason), ends=True)

    async def end_sessions(self, user_id: str, reason: str = "") -> None:
        """Raises UserUnknown, RightLacking."""
        await self._change(user_id, lambda person: person.end_sessions(reason), ends=True)

    async def erase(self, user_id: str, reason: str = "") -> None:
        """Forget what he is called. Raises UserUnknown, RightLacking, LastAdmin."""
        await self._change(user_id, lambda person: person.erase(reason), ends=True, free=True)

    async def find(self, login: str) -> str:
        """The id of whoever has this login. Raises UserUnknown."""
        found = (await self._book.login(self._tenant, login)).user_id
        if not found:
            raise UserUnknown(login)
        return found

    async def _change(self, user_id: str, decide: Decide, *, ends: bool = False, free: bool = False) -> None:
        def allowed(person: User) -> list[Fact]:
            facts = decide(person)
            if person.role is not None:
                self._allow(person.role)
            return facts

        await self._book.change(self._tenant, user_id, allowed, self._told(), free=free)
        if ends and self._sessions is not None:
            await self._sessions.end_all(self._tenant, user_id)

    def _allow(self, role: Role) -> None:
        if not role.rights <= self._rights:
            raise RightLacking(role)

    def _told(self) -> Told:
        return Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)

    def _invitation(self, user_id: str, until: datetime, secret: str) -> Invitation:
        return Invitation(
            user_id=user_id, expires_at=until, text=invitation_text(self._tenant, user_id, secret)
        )


def invitation_text(tenant: str, user_id: str, secret: str) -> str:
    """`zeusinvite_<tenant>-<id>_<secret>`: whoever finds one in the wrong place knows what it is and whose."""
    return f"zeusinvite_{tenant}-{user_id}_{secret}"


def new_recovery_codes(stream: str) -> tuple[list[str], tuple[str, ...]]:
    """(as they are shown once, as they are kept)."""
    codes = [clock.recovery_code() for _ in range(RECOVERY_CODES)]
    return codes, tuple(digest_of(stream, folded_code(code)) for code in codes)
