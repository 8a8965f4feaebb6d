"""What people do about themselves: another password, an authenticator, and where they are signed in."""

from datetime import timedelta

import msgspec

from application import clock
from application.passwords import purpose_of
from application.people import Decide, new_recovery_codes
from application.sessions import Session, Stage
from application.sign_in import Admitted, FrontDesk, SignInFailed, Visit, visitor_of
from domain.event import Fact
from domain.people import totp
from domain.people.events import SignedIn
from domain.people.user import AuthenticatorMissing, NothingOffered, User

FRESH = timedelta(minutes=15)
"""A second factor is changed by one who showed his password lately: a browser left open is no proof."""


class SignInAgain(Exception):
    """You signed in too long ago for this: sign in again, then repeat it."""


class AuthenticatorNeeded(Exception):
    """Your role needs an authenticator: somebody who administers can take it away, and you enrol another."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """The secret of an authenticator, shown this once."""

    letters: str
    address: str
    """What the QR code says."""

    def __repr__(self) -> str:
        """Never the secret."""
        return "Offered(…)"

    __str__ = __repr__


class Account:
    """One's own, by the session one is asking with."""

    def __init__(self, desk: FrontDesk, held: Session, visit: Visit) -> None:
        self._desk = desk
        self._held = held
        self._visit = visit

    async def change_password(self, current: str, new: str) -> Admitted:
        """Every session is over, and this one goes on under a new id.

        Raises SignInFailed (the current one is wrong), MustWait, PasswordUnfit, UserElsewhere, HashingBusy.
        """
        held, desk = self._held, self._desk
        visitor = visitor_of(held.tenant, f"own:{held.user_id}", self._visit)

        async def look() -> tuple[User, str]:
            person = await desk.book.load(held.tenant, held.user_id)
            checked = await desk.passwords.check(person, current)
            return person, "" if checked.good or person.provider else "password"

        person = await desk.attempt(visitor, self._visit, look)
        verifier = "" if person.provider else await desk.passwords.verifier(person, new)
        return await self._go_on(lambda one: one.choose_password(verifier))

    async def offer_authenticator(self, issuer: str) -> Offered:
        """A new secret, which counts when a code of it is shown.

        Raises SignInAgain, AuthenticatorExists, UserElsewhere.
        """
        self._freshly()
        secret = clock.random_bytes(totp.SECRET_BYTES)
        person = await self._person()
        sealed = self._desk.book.keys.seal(purpose_of(person, "authenticator"), secret)
        await self._change(lambda one: one.offer_authenticator(sealed))
        address = totp.address_of(secret, issuer, person.login)
        return Offered(letters=totp.in_letters(secret), address=address)

    async def enrol(self, code: str) -> tuple[Admitted, list[str]]:
        """By a code of what was offered; the recovery codes are shown this once.

        Raises SignInFailed, MustWait, NothingOffered.
        """
        held, desk = self._held, self._desk
        visitor = visitor_of(held.tenant, f"code:{held.user_id}", self._visit)
        shown: list[tuple[str, int]] = []

        async def look() -> tuple[User, str]:
            person = await self._person()
            if not person.offered:
                raise NothingOffered(person.id)
            secret = desk.book.keys.open(purpose_of(person, "authenticator"), person.offered)
            step = totp.matching_step(secret, code, desk.now(), 0)
            if step is not None:
                shown.append((person.offered, step))
            return person, "" if step is not None else "code"

        person = await desk.attempt(visitor, self._visit, look)
        codes, digests = new_recovery_codes(person.stream)
        (offered, step), halfway = shown[0], held.stage is not Stage.FULL
        new = await self._go_on(
            lambda one: one.enrol(offered, step, digests), "password+code", signed_in=halfway
        )
        return new, codes

    async def remove_authenticator(self, code: str) -> Admitted:
        """With a code of it. Raises SignInFailed, MustWait, SignInAgain, AuthenticatorNeeded."""
        self._freshly()
        if self._desk.needs_code(await self._person()):
            raise AuthenticatorNeeded
        return await self._with_code(code, lambda one: one.remove_authenticator("by himself"))

    async def new_recovery_codes(self, code: str) -> list[str]:
        """In place of the former ones. Raises SignInFailed, MustWait, SignInAgain, AuthenticatorMissing."""
        self._freshly()
        person = await self._person()
        codes, digests = new_recovery_codes(person.stream)
        if not person.authenticator:
            raise AuthenticatorMissing(person.id)
        await self._with_code(code, lambda one: one.issue_recovery_codes(digests), rotate=False)
        return codes

    async def sessions(self) -> list[Session]:
        """Where one is signed in, the newest first."""
        now, person = self._desk.now(), await self._person()
        found = await self._desk.sessions.of_user(self._held.tenant, self._held.user_id)
        return [one for one in found if one.holds(now) and one.epoch == person.epoch]

    async def end_session(self, handle: str) -> bool:
        """False where there is none of this name."""
        return await self._desk.sessions.end(self._held.tenant, self._held.user_id, handle)

    async def end_others(self, reason: str = "") -> Admitted:
        """This one goes on under a new id."""
        return await self._go_on(lambda one: one.end_sessions(reason))

    async def sign_out(self) -> None:
        """This session is over."""
        await self.end_session(self._held.handle)

    async def _with_code(self, code: str, then: Decide, *, rotate: bool = True) -> Admitted:
        held, desk = self._held, self._desk
        visitor = visitor_of(held.tenant, f"code:{held.user_id}", self._visit)
        done: list[Admitted] = []

        def decide(one: User) -> list[Fact]:
            return [*desk.show_code(one, code), *then(one)]

        async def look() -> tuple[User, str]:
            person = await self._person()
            try:
                if rotate:
                    done.append(await self._go_on(decide))
                else:
                    await self._change(decide)
            except SignInFailed:
                return person, "code"
            return person, ""

        await desk.attempt(visitor, self._visit, look)
        return done[0] if done else Admitted(session=held, session_id="")

    async def _go_on(self, decide: Decide, proof: str = "", *, signed_in: bool = False) -> Admitted:
        """Under a new id, at the new epoch; the sessions from before it are over anyway, and are cleared away."""
        held, desk = self._held, self._desk
        handle = clock.time_ordered_id()

        def facts(one: User) -> list[Fact]:
            decided = decide(one)
            more = SignedIn(proof=proof or held.proof, session=handle)
            return [*decided, more] if signed_in else decided

        person = await self._change(facts)
        stage = Stage.FULL if held.stage is Stage.FULL or proof else held.stage
        former = held if stage is held.stage else None
        new = await desk.begin(held.tenant, person, stage, proof or held.proof, self._visit, handle, former)
        await desk.sessions.end_all(held.tenant, held.user_id, but=new.session.digest)
        return new

    async def _change(self, decide: Decide) -> User:
        held = self._held
        told = self._desk.told(held.user_id, self._visit)
        return await self._desk.book.change(held.tenant, held.user_id, decide, told)

    async def _person(self) -> User:
        return await self._desk.book.load(self._held.tenant, self._held.user_id)

    def _freshly(self) -> None:
        if self._desk.now() - self._held.began_at > FRESH:
            raise SignInAgain
