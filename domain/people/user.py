"""A person: added, invited, proved by a password and an authenticator, changed and disabled by those who administer."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.people import events as user
from domain.tenants.roles import Right, Role

LONGEST_LOGIN = 100
LONGEST_NAME = 100
INVITED_FOR = timedelta(days=3)
RECOVERY_CODES = 10
_ID = re.compile(r"[0-9a-f]{22}")


class UserUnknown(Exception):
    """There is nobody of this id or login; `zeus user list` shows those that are."""


class UserExists(Exception):
    """Somebody of the tenant has this login already."""


class UserImpossible(ValueError):
    """A login has 1 to 100 printable characters without blanks; a name has at most 100."""


class UserErased(Exception):
    """The person was erased: nothing is left to be changed."""


class UserElsewhere(Exception):
    """The person signs in by the tenant's provider: role, password and second factor are decided there."""


class InvitationVoid(Exception):
    """The invitation was used, replaced, or is over: ask for a new one."""


class NothingOffered(Exception):
    """No authenticator was offered; begin with that."""


class AuthenticatorMissing(Exception):
    """There is no authenticator; enrol one first."""


class AuthenticatorExists(Exception):
    """There is an authenticator already; remove it first."""


class LastAdmin(Exception):
    """Nobody else could administer the tenant then: appoint somebody first."""


class User(msgspec.Struct):
    """State of a person; the only way to change it is `when`."""

    stream: str
    version: int = 0
    role: Role | None = None
    """None: there is nobody of this id."""
    provider: str = ""
    login: str = ""
    name: str = ""
    invitation: user.Invited | None = None
    verifier: str = ""
    offered: str = ""
    authenticator: str = ""
    """The sealed secret; empty without one."""
    last_step: int = 0
    recovery: frozenset[str] = frozenset()
    disabled: bool = False
    by_provider: bool = False
    erased: bool = False
    epoch: int = 0
    """The version of the last fact that ended every session: one begun before is over."""

    @property
    def id(self) -> str:
        """The last part of the stream."""
        return self.stream.rpartition("/")[2]

    @property
    def may_come_in(self) -> bool:
        """Is there such a person, and neither disabled nor erased?"""
        return self.role is not None and not self.disabled and not self.erased

    @property
    def administers(self) -> bool:
        """Can administer the tenant, by a password of his own."""
        able = self.may_come_in and not self.provider and bool(self.verifier)
        return able and self.role is not None and Right.ADMINISTER in self.role.rights

    # -- by those who administer -----------------------------------------------------------------------------

    def add(self, role: Role, login: str, name: str, *, provider: str = "") -> list[Fact]:
        """Raises UserExists, UserImpossible."""
        if self.role is not None:
            raise UserExists(self.id)
        check_names(login, name)
        added = user.Added(user_id=self.id, role=role, provider=provider)
        return [added, user.Named(login=login, name=name)]

    def invite(self, digest: str, expires_at: datetime, reason: str) -> list[Fact]:
        """To choose a password, the first or a new one. Raises what `_local` does."""
        self._local()
        return [user.Invited(digest=digest, expires_at=expires_at, reason=reason)]

    def change_role(self, role: Role, reason: str) -> list[Fact]:
        """Already so: no event. Raises what `_local` does."""
        self._local()
        return [] if role is self.role else [user.RoleChanged(role=role, reason=reason)]

    def disable(self, reason: str) -> list[Fact]:
        """Already so by a person: no event. Raises UserUnknown."""
        self._existing()
        by_hand = self.disabled and not self.by_provider
        return [] if by_hand else [user.Disabled(reason=reason)]

    def enable(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises UserUnknown, UserErased."""
        self._present()
        return [user.Enabled(reason=reason)] if self.disabled else []

    def remove_authenticator(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises UserUnknown."""
        self._existing()
        there = self.authenticator or self.offered or self.recovery
        return [user.AuthenticatorRemoved(reason=reason)] if there else []

    def end_sessions(self, reason: str) -> list[Fact]:
        """Raises UserUnknown."""
        self._existing()
        return [user.SessionsEnded(reason=reason)]

    def erase(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises UserUnknown."""
        self._existing()
        return [] if self.erased else [user.Erased(reason=reason)]

    # -- by the person ---------------------------------------------------------------------------------------

    def accept(self, secret: str, verifier: str, now: datetime) -> list[Fact]:
        """Choose the password that one was invited to choose. Raises InvitationVoid."""
        if not self.invites(secret, now):
            raise InvitationVoid(self.id)
        return [user.PasswordChosen(verifier=verifier)]

    def invites(self, secret: str, now: datetime) -> bool:
        """Does this invitation hold? Takes the same time whatever is wrong."""
        kept = self.invitation.digest if self.invitation is not None else "0" * 64
        same = hmac.compare_digest(digest_of(self.stream, secret), kept)
        in_time = self.invitation is not None and now < self.invitation.expires_at
        return same and in_time and not self.erased

    def choose_password(self, verifier: str) -> list[Fact]:
        """Raises what `_local` does."""
        self._local()
        return [user.PasswordChosen(verifier=verifier)]

    def rehash(self, former: str, verifier: str) -> list[Fact]:
        """At a higher cost; nothing where another password was chosen meanwhile."""
        return [user.PasswordRehashed(verifier=verifier)] if self.verifier == former else []

    def offer_authenticator(self, sealed: str) -> list[Fact]:
        """Raises AuthenticatorExists, and what `_local` does."""
        self._local()
        if self.authenticator:
            raise AuthenticatorExists(self.id)
        return [user.AuthenticatorOffered(secret=sealed)]

    def enrol(self, offered: str, step: int, codes: tuple[str, ...]) -> list[Fact]:
        """A code of what was offered was right. Raises NothingOffered, also where another was offered since."""
        self._local()
        if not self.offered or self.offered != offered:
            raise NothingOffered(self.id)
        return [
            user.AuthenticatorEnrolled(),
            user.CodeShown(step=step),
            user.RecoveryCodesIssued(digests=codes),
        ]

    def show_code(self, step: int | None) -> list[Fact] | None:
        """A code of the authenticator; None where it was no good, or was shown before."""
        if not self.authenticator or step is None or step <= self.last_step:
            return None
        return [user.CodeShown(step=step)]

    def show_recovery_code(self, code: str) -> list[Fact] | None:
        """None where it was none, or was shown before."""
        digest = digest_of(self.stream, folded_code(code))
        return [user.RecoveryCodeShown(digest=digest)] if digest in self.recovery else None

    def issue_recovery_codes(self, codes: tuple[str, ...]) -> list[Fact]:
        """In place of all former ones. Raises AuthenticatorMissing."""
        if not self.authenticator:
            raise AuthenticatorMissing(self.id)
        return [user.RecoveryCodesIssued(digests=codes)]

    # -- by the provider -------------------------------------------------------------------------------------

    def vouched_for(self, role: Role | None, login: str, name: str, provider: str) -> list[Fact]:
        """What the provider says of a person now; no role: none of the groups has one here any more.

        Whom a person disabled stays so, whatever the provider says.
        """
        if self.role is None:
            return [] if role is None else self.add(role, login, name, provider=provider)
        if self.erased or (self.disabled and not self.by_provider):
            return []
        if role is None:
            return [] if self.disabled else [user.Disabled(reason=NO_GROUP, by_provider=True)]
        facts: list[Fact] = [user.Enabled(reason=GROUP_AGAIN)] if self.disabled else []
        if role is not self.role:
            facts.append(user.RoleChanged(role=role, reason="the provider's groups"))
        if (login, name) != (self.login, self.name):
            facts.append(user.Named(login=login, name=name))
        return facts

    # -- the state -------------------------------------------------------------------------------------------

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state, once; never refuses, never looks at a clock."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        self._take(event.fact)
        if isinstance(event.fact, _ENDING):
            self.epoch = event.originator_version

    def _take(self, fact: Fact) -> None:
        match fact:
            case user.Added(role=role, provider=provider):
                self.role, self.provider = role, provider
            case user.Named(login=login, name=name):
                self.login, self.name = login, name
            case user.Invited():
                self.invitation = fact
            case user.PasswordChosen(verifier=verifier):
                self.verifier, self.invitation = verifier, None
            case user.PasswordRehashed(verifier=verifier):
                self.verifier = verifier
            case user.Disabled(by_provider=by_provider):
                self.disabled, self.by_provider = True, by_provider
            case user.Enabled():
                self.disabled = self.by_provider = False
            case user.RoleChanged(role=role):
                self.role = role
            case user.Erased():
                self.erased, self.login, self.name, self.invitation = True, "", "", None
                self.verifier = self.offered = self.authenticator = ""
                self.recovery = frozenset()
            case _:
                self._take_factor(fact)

    def _take_factor(self, fact: Fact) -> None:
        match fact:
            case user.AuthenticatorOffered(secret=secret):
                self.offered = secret
            case user.AuthenticatorEnrolled():
                self.authenticator, self.offered, self.last_step = self.offered, "", 0
            case user.AuthenticatorRemoved():
                self.authenticator = self.offered = ""
                self.recovery = frozenset()
            case user.RecoveryCodesIssued(digests=digests):
                self.recovery = frozenset(digests)
            case user.CodeShown(step=step):
                self.last_step = max(self.last_step, step)
            case user.RecoveryCodeShown(digest=digest):
                self.recovery -= {digest}
            case _:
                pass

    def _existing(self) -> None:
        if self.role is None:
            raise UserUnknown(self.id)

    def _present(self) -> None:
        self._existing()
        if self.erased:
            raise UserErased(self.id)

    def _local(self) -> None:
        """Raises UserUnknown, UserErased, UserElsewhere."""
        self._present()
        if self.provider:
            raise UserElsewhere(self.id)


NO_GROUP = "no group with a role here"
GROUP_AGAIN = "a group with a role here again"
_ENDING = (
    user.PasswordChosen,
    user.AuthenticatorEnrolled,
    user.AuthenticatorRemoved,
    user.Disabled,
    user.RoleChanged,
    user.SessionsEnded,
    user.Erased,
)
"""After each of these every session that began before is over."""


class Login(msgspec.Struct):
    """Whose a login is; the stream is named by a keyed digest of it."""

    stream: str
    version: int = 0
    user_id: str = ""

    def claim(self, user_id: str) -> list[Fact]:
        """Raises UserExists."""
        if self.user_id:
            raise UserExists(user_id)
        return [user.LoginClaimed(user_id=user_id)]

    def release(self, user_id: str) -> list[Fact]:
        """Nothing where it is not his."""
        return [user.LoginReleased()] if self.user_id == user_id else []

    def when(self, event: Event[Any]) -> None:
        """Take a fact in."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        self.user_id = event.fact.user_id if isinstance(event.fact, user.LoginClaimed) else ""


class Admins(msgspec.Struct):
    """Who can administer a tenant by a password of his own: at least one, once there was one."""

    stream: str
    version: int = 0
    names: frozenset[str] = frozenset()

    def follow(self, after: User) -> list[Fact]:
        """What the change of a person means here. Raises LastAdmin."""
        if after.administers == (after.id in self.names):
            return []
        if after.administers:
            return [user.AdminJoined(user_id=after.id)]
        if len(self.names) == 1:
            raise LastAdmin(after.id)
        return [user.AdminLeft(user_id=after.id)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact in."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        if isinstance(event.fact, user.AdminJoined):
            self.names |= {event.fact.user_id}
        elif isinstance(event.fact, user.AdminLeft):
            self.names -= {event.fact.user_id}


def user_stream(tenant: str, user_id: str) -> str:
    """`user/<tenant>/<id>`."""
    return f"user/{tenant}/{user_id}"


def login_stream(tenant: str, pseudonym: str) -> str:
    """`login/<tenant>/<digest>`."""
    return f"login/{tenant}/{pseudonym}"


def admins_stream(tenant: str) -> str:
    """`admins/<tenant>/roster`."""
    return f"admins/{tenant}/roster"


def is_user_id(text: str) -> bool:
    """Could a person have this id?"""
    return _ID.fullmatch(text) is not None


def check_names(login: str, name: str) -> None:
    """Raises UserImpossible."""
    blank = not login or any(sign.isspace() for sign in login)
    if blank or len(login) > LONGEST_LOGIN or len(name) > LONGEST_NAME or not (login + name).isprintable():
        raise UserImpossible


def digest_of(stream: str, secret: str) -> str:
    """Hex of SHA-256 over both, for secrets of many random bits."""
    return hashlib.sha256(f"zeus person\0{stream}\0{secret}".encode("utf-8", "surrogatepass")).hexdigest()


def folded_code(code: str) -> str:
    """A recovery code as it is compared: without blanks and hyphens, in small letters."""
    return re.sub(r"[\s-]", "", code).lower()


def needs_authenticator(role: Role) -> bool:
    """Roles that may operate: a guessed password must not move a charger."""
    return Right.OPERATE in role.rights
