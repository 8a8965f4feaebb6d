"""Facts of people. What names a person stands in `user.named` alone, so that it can be erased."""

from datetime import datetime

from domain.event import Fact
from domain.tenants.roles import Role


class Added(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody may come to act for the tenant."""

    TOPIC = "user.added"
    user_id: str
    role: Role
    provider: str = ""
    """The issuer that vouches for the person; empty for one who has a password here."""


class Named(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What the person is called. The only fact that holds personal data."""

    TOPIC = "user.named"
    login: str
    """What is typed in to sign in, such as an e-mail address."""
    name: str = ""


class Invited(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Whoever has the invitation may choose the password, once; it was shown to whoever asked for it."""

    TOPIC = "user.invited"
    digest: str
    """Hex of SHA-256 over the stream and the invitation's 256 random bits."""
    expires_at: datetime
    reason: str = ""


class PasswordChosen(Fact, frozen=True, kw_only=True):
    """The person chose a password; sessions from before it are over."""

    TOPIC = "user.password_chosen"
    verifier: str
    """What an argon2id hash was made into by the installation's key: nobody can guess at it without that."""


class PasswordRehashed(Fact, frozen=True, kw_only=True):
    """The same password, hashed at a higher cost when it was shown."""

    TOPIC = "user.password_rehashed"
    verifier: str


class AuthenticatorOffered(Fact, frozen=True, kw_only=True):
    """A secret for an authenticator was made and shown; it counts when a code of it was."""

    TOPIC = "user.authenticator_offered"
    secret: str
    """Sealed with the installation's key."""


class AuthenticatorEnrolled(Fact, frozen=True):
    """The person showed a code of the secret that was offered last; sessions without it are over."""

    TOPIC = "user.authenticator_enrolled"


class AuthenticatorRemoved(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """There is no second factor any more, and no recovery code; sessions from before are over."""

    TOPIC = "user.authenticator_removed"
    reason: str = ""


class RecoveryCodesIssued(Fact, frozen=True, kw_only=True):
    """Codes for the day the authenticator is lost; they were shown once, and former ones open nothing."""

    TOPIC = "user.recovery_codes_issued"
    digests: tuple[str, ...]
    """Hex of SHA-256 over the stream and each code, which has 80 random bits."""


class CodeShown(Fact, frozen=True, kw_only=True):
    """A code of the authenticator was right; it and those before it open nothing any more."""

    TOPIC = "user.code_shown"
    step: int
    """Its number: 30 s each since 1970 (RFC 6238)."""


class RecoveryCodeShown(Fact, frozen=True, kw_only=True):
    """A recovery code was right; it opens nothing any more."""

    TOPIC = "user.recovery_code_shown"
    digest: str


class SignedIn(Fact, frozen=True, kw_only=True):
    """The person came in."""

    TOPIC = "user.signed_in"
    proof: str
    """`password`, `password+code`, `password+recovery` or `oidc`."""
    session: str
    """By which its owner ends it; not what opens it."""


class SignInRefused(Fact, frozen=True, kw_only=True):
    """Somebody tried to come in as this person."""

    TOPIC = "user.sign_in_refused"
    why: str
    """`password`, `no_password`, `code`, `disabled` or `suspended`; the caller is told none of it."""


class Locked(Fact, frozen=True, kw_only=True):
    """Too many attempts: whoever tries has to wait. Each time in a row the wait doubles."""

    TOPIC = "user.locked"
    seconds: int


class Disabled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The person comes in no more, and every session is over."""

    TOPIC = "user.disabled"
    reason: str = ""
    by_provider: bool = False
    """The provider named no group any more that has a role here: it may name one again."""


class Enabled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The person may come in again."""

    TOPIC = "user.enabled"
    reason: str = ""


class RoleChanged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The person has another role; sessions from before are over."""

    TOPIC = "user.role_changed"
    role: Role
    reason: str = ""


class SessionsEnded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Every session of the person from before this is over."""

    TOPIC = "user.sessions_ended"
    reason: str = ""


class Erased(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What the person was called is forgotten, and so are his proofs; what he did stays under his id."""

    TOPIC = "user.erased"
    reason: str = ""


class LoginClaimed(Fact, frozen=True, kw_only=True):
    """A login is one person's; its stream is named by a keyed digest of it."""

    TOPIC = "login.claimed"
    user_id: str


class LoginReleased(Fact, frozen=True):
    """The login is free again."""

    TOPIC = "login.released"


class AdminJoined(Fact, frozen=True, kw_only=True):
    """One more who can administer the tenant by a password of his own."""

    TOPIC = "admins.joined"
    user_id: str


class AdminLeft(Fact, frozen=True, kw_only=True):
    """One fewer; the last one stays."""

    TOPIC = "admins.left"
    user_id: str
