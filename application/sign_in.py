"""The front desk: who comes in by a password, a code or a provider's word, and who has to wait.

What is wrong is told to nobody, and costs the same: for a login that nobody has, a password is hashed and a stream is
read all the same, and what is put on record about a refusal is written after the answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from math import ceil
from typing import Any, NoReturn

import msgspec

from application import clock
from application.lockouts import Failure, Lockouts, Visitor, origin_of
from application.passwords import Passwords, purpose_of
from application.people import Decide, UserBook
from application.ports import StoreUnavailable, VersionConflict
from application.sessions import (
    HALFWAY,
    LONGEST,
    Session,
    Sessions,
    Stage,
    csrf_token_of,
    digest_of_session,
)
from application.tenants import NOBODY, Directory
from domain.event import Fact, Told
from domain.identity import ChargerId
from domain.people import totp
from domain.people.events import Locked, SignedIn, SignInRefused
from domain.people.user import InvitationVoid, User, is_user_id, needs_authenticator
from domain.tenants.tenant import is_slug

log = logging.getLogger("zeus.people")

INVITATION = "zeusinvite"
RECORD_PATIENCE_S = 10.0
RECORD_PAUSE_S = 0.005
RECORD_PAUSE_MOST_S = 0.5
"""So long a refusal is tried to be put on record, and so long are the pauses: each twice the one before."""


class SignInFailed(Exception):
    """Login, password or code are not right, or the person may not come in: nobody is told which."""


class MustWait(Exception):
    """Too many attempts: `seconds` says how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.0f} s")
        self.seconds = seconds


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """From where somebody comes, and with which request."""

    remote: str = ""
    """The address."""
    agent: str = ""
    cause: str = ""
    """The request's id."""


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came in, or half-way in."""

    session: Session
    session_id: str
    """The secret; it is in the owner's cookie and nowhere else."""

    @property
    def csrf(self) -> str:
        """To be shown with every change."""
        return csrf_token_of(self.session_id)

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Admitted(session={self.session.handle!r})"

    __str__ = __repr__


class FrontDesk:
    """Signs people in; one for a process."""

    def __init__(
        self,
        book: UserBook,
        directory: Directory,
        passwords: Passwords,
        sessions: Sessions,
        lockouts: Lockouts,
        *,
        code_needed: bool = True,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """Without `code_needed` no role has to have an authenticator: for laptops."""
        self.book = book
        self.sessions = sessions
        self.passwords = passwords
        self.now = now
        self._directory = directory
        self._lockouts = lockouts
        self._code_needed = code_needed
        self._trying: set[ChargerId] = set()
        """Of each login one password is looked at at a time: guesses in parallel gain nothing."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._pen = asyncio.Lock()
        """One puts on record at a time, in order: many at once would get in each other's way on a person's stream."""

    async def sign_in(self, tenant: str, login: str, password: str, visit: Visit) -> Admitted:
        """By a password. Raises SignInFailed, MustWait, HashingBusy, StoreUnavailable, FleetUnavailable."""
        tenant = tenant if is_slug(tenant) else NOBODY
        visitor = visitor_of(tenant, f"login:{self.book.pseudonym(tenant, login)}", visit)

        async def look() -> tuple[User, str]:
            user_id = (await self.book.login(tenant, login)).user_id
            person = await self.book.load(tenant, user_id)
            checked = await self.passwords.check(person, password)
            served = await self._directory.serves(tenant)
            if checked.good and checked.outdated and person.may_come_in:
                self._later(self._rehash(tenant, person, password, visit))
            why = "" if checked.good else "password" if person.verifier else "no_password"
            if not why and not person.may_come_in:
                why = "disabled"
            return person, why if why or served else "suspended"

        person = await self.attempt(visitor, visit, look)
        return await self.admit(tenant, person, "password", visit)

    async def attempt(
        self, visitor: Visitor, visit: Visit, look: Callable[[], Awaitable[tuple[User, str]]]
    ) -> User:
        """Let `look` look at what is shown, one at a time and so often; it says who it is, and what is wrong."""
        wait = self._lockouts.closed(visitor)
        if wait is not None:
            raise MustWait(wait.seconds)
        if visitor.charger in self._trying:
            raise MustWait(1.0)
        self._trying.add(visitor.charger)
        try:
            person, why = await look()
            if why:
                await self._lockouts.failed(visitor.origin, Failure.PASSWORD, visitor)
                self._refuse(visitor, visit, person, why)
        finally:
            self._trying.discard(visitor.charger)
        self._lockouts.let_in(visitor)
        return person

    async def admit(self, tenant: str, person: User, proof: str, visit: Visit) -> Admitted:
        """The first proof was good: a session, as far as that leads."""
        stage = self._stage_after(person, proof)
        if stage is not Stage.FULL:
            return await self.begin(tenant, person, stage, proof, visit)
        return await self.come_in(tenant, person.id, proof, visit, lambda _: [])

    async def second_factor(self, held: Session, code: str, visit: Visit) -> Admitted:
        """By a code of the authenticator or a recovery code, after the password. Each opens once.

        Raises SignInFailed, MustWait, StoreUnavailable, FleetUnavailable.
        """
        if held.stage is not Stage.CODE:
            raise SignInFailed
        visitor = visitor_of(held.tenant, f"code:{held.user_id}", visit)
        admitted: list[Admitted] = []

        async def look() -> tuple[User, str]:
            person = await self.book.load(held.tenant, held.user_id)
            by_code = is_code(code)
            proof = "password+code" if by_code else "password+recovery"

            def show(person: User) -> list[Fact]:
                if person.epoch != held.epoch or not person.may_come_in:
                    raise SignInFailed
                return self.show_code(person, code)

            try:
                admitted.append(await self.come_in(held.tenant, held.user_id, proof, visit, show))
            except SignInFailed:
                return person, "code"
            return person, ""

        await self.attempt(visitor, visit, look)
        await self.sessions.end(held.tenant, held.user_id, held.handle)
        return admitted[0]

    def show_code(self, person: User, code: str) -> list[Fact]:
        """What it means that this code was shown; the store lets each pass once. Raises SignInFailed."""
        if not is_code(code):
            facts = person.show_recovery_code(code)
        elif not person.authenticator:
            facts = None
        else:
            secret = self.book.keys.open(purpose_of(person, "authenticator"), person.authenticator)
            facts = person.show_code(totp.matching_step(secret, code, self.now(), person.last_step))
        if facts is None:
            raise SignInFailed
        return facts

    async def accept(self, text: str, password: str, visit: Visit) -> None:
        """Choose the password that one was invited to choose. Raises InvitationVoid, PasswordUnfit, MustWait."""
        wait = self._lockouts.shut_to(origin_of(visit.remote))
        if wait is not None:
            raise MustWait(wait.seconds)
        tenant, user_id, secret = _taken_apart(text)
        person = await self.book.load(tenant, user_id)
        if not person.invites(secret, self.now()) or not await self._directory.serves(tenant):
            await self._lockouts.failed(origin_of(visit.remote), Failure.OTHER)
            raise InvitationVoid
        verifier = await self.passwords.verifier(person, password)
        told = self.told(person.id, visit)
        await self.book.change(tenant, user_id, lambda one: one.accept(secret, verifier, self.now()), told)
        await self.sessions.end_all(tenant, user_id)

    async def come_in(
        self, tenant: str, user_id: str, proof: str, visit: Visit, first: Decide, *, tell: bool = True
    ) -> Admitted:
        """A whole session, after whatever `first` decides; the log has it before the browser has."""
        handle = clock.time_ordered_id()

        def decide(person: User) -> list[Fact]:
            facts = first(person)
            return [*facts, SignedIn(proof=proof, session=handle)] if tell else facts

        person = await self.book.change(tenant, user_id, decide, self.told(user_id, visit))
        return await self.begin(tenant, person, Stage.FULL, proof, visit, handle)

    async def begin(
        self,
        tenant: str,
        person: User,
        stage: Stage,
        proof: str,
        visit: Visit,
        handle: str = "",
        former: Session | None = None,
    ) -> Admitted:
        """A session at the person's present epoch, under a new id; it grows no older than the `former` one may."""
        session_id, now = clock.api_secret(), self.now()
        session = Session(
            digest=digest_of_session(session_id),
            handle=handle or clock.time_ordered_id(),
            tenant=tenant,
            user_id=person.id,
            epoch=person.epoch,
            stage=stage,
            proof=proof,
            began_at=now if former is None else former.began_at,
            seen_at=now,
            ends_at=now + (LONGEST if stage is Stage.FULL else HALFWAY) if former is None else former.ends_at,
            remote=visit.remote,
            agent=visit.agent.replace("\0", "")[:200],
        )
        await self.sessions.begin(session)
        return Admitted(session=session, session_id=session_id)

    def told(self, user_id: str, visit: Visit) -> Told:
        """The person stands in the log under his id: what he is called can be erased."""
        return Told(recorded_at=self.now(), actor=f"user:{user_id}", cause=visit.cause)

    async def finish(self) -> None:
        """Wait for what is being put on record."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def needs_code(self, person: User) -> bool:
        """Has the person to have an authenticator?"""
        return self._code_needed and person.role is not None and needs_authenticator(person.role)

    def _stage_after(self, person: User, proof: str) -> Stage:
        if proof == "oidc":
            return Stage.FULL
        if person.authenticator:
            return Stage.CODE
        return Stage.ENROL if self.needs_code(person) else Stage.FULL

    async def failed(self, origin: str, failure: Failure) -> None:
        """Somebody showed something that is no proof: it counts against the address."""
        await self._lockouts.failed(origin, failure)

    def put_on_record(self, tenant: str, person: User, why: str, visit: Visit) -> None:
        """Somebody was refused, after the answer."""
        self._later(self._record(tenant, person.id, [SignInRefused(why=why)], visit))

    # -- on record -------------------------------------------------------------------------------------------

    def _refuse(self, visitor: Visitor, visit: Visit, person: User, why: str) -> NoReturn:
        if person.role is not None:
            facts: list[Fact] = [SignInRefused(why=why)]
            wait = self._lockouts.closed(visitor)
            if wait is not None:
                facts.append(Locked(seconds=ceil(wait.seconds)))
            self._later(self._record(visitor.charger.tenant, person.id, facts, visit))
        raise SignInFailed

    async def _record(self, tenant: str, user_id: str, facts: list[Fact], visit: Visit) -> None:
        told = Told(recorded_at=self.now(), actor="zeus", cause=visit.cause)
        until, pause_s = clock.monotonic() + RECORD_PATIENCE_S, RECORD_PAUSE_S
        async with self._pen:
            while True:
                try:
                    await self.book.change(tenant, user_id, lambda _: facts, told)
                    return
                except (StoreUnavailable, VersionConflict):  # away, or another process was first
                    if clock.monotonic() > until:
                        raise
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RECORD_PAUSE_MOST_S)

    async def _rehash(self, tenant: str, person: User, password: str, visit: Visit) -> None:
        former = person.verifier
        sealed = await self.passwords.again(person, password)
        told = Told(recorded_at=self.now(), actor="zeus", cause=visit.cause)
        await self.book.change(tenant, person.id, lambda one: one.rehash(former, sealed), told)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """After the answer, so that its time tells nothing; `finish` waits for it."""
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def is_code(text: str) -> bool:
    """Is it written as a code of an authenticator? Else it may be a recovery code."""
    return len(text) == totp.DIGITS and text.isascii() and text.isdecimal()


def visitor_of(tenant: str, what: str, visit: Visit) -> Visitor:
    """As the door counts: a name that no charger can have, for its colon."""
    return Visitor(ChargerId(tenant, what), origin_of(visit.remote), home=False)


def _taken_apart(text: str) -> tuple[str, str, str]:
    """(tenant, user id, secret); of nobody where it is no invitation."""
    parts = text.split("_", 2)
    if len(parts) == 3 and parts[0] == INVITATION:
        tenant, _, user_id = parts[1].rpartition("-")
        if is_slug(tenant) and is_user_id(user_id):
            return tenant, user_id, parts[2]
    return NOBODY, NOBODY, ""


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """What cannot be put on record is in the process's own log."""
    try:
        await work
    except (StoreUnavailable, VersionConflict) as error:
        log.warning("an attempt to sign in could not be put on record: %r", error)
    except Exception:  # the border of a job: it has nobody to tell
        log.exception("an attempt to sign in could not be put on record")
