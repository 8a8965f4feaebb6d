"""People, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from application.phrasing import told_as
from domain.event import Fact
from domain.people import events as user
from domain.people import provider as oidc


def _added(fact: user.Added) -> str:
    how = f", vouched for by {fact.provider}" if fact.provider else ""
    return f"User {fact.user_id} was added as {_role(fact.role)}{how}."


def _disabled(fact: user.Disabled) -> str:
    return _because(
        "The provider let the user go" if fact.by_provider else "The user was disabled", fact.reason
    )


def _role(role: str) -> str:
    return role.replace("_", " ")


def _because(words: str, reason: str) -> str:
    return f"{words}: {reason}." if reason else f"{words}."


PEOPLE: Mapping[type[Fact], Callable[[Any], str]] = {
    user.Added: _added,
    user.Named: lambda f: f"The user is called {f.login}{told_as(f.name)}.",
    user.Invited: lambda f: _because("The user was invited to choose a password", f.reason),
    user.PasswordChosen: lambda _: "The user chose a password; former sessions are over.",
    user.PasswordRehashed: lambda _: "The password is kept at a higher cost.",
    user.AuthenticatorOffered: lambda _: "A secret for an authenticator was shown.",
    user.AuthenticatorEnrolled: lambda _: "The authenticator was enrolled; former sessions are over.",
    user.AuthenticatorRemoved: lambda f: _because("The authenticator was removed", f.reason),
    user.RecoveryCodesIssued: lambda f: f"{len(f.digests)} recovery codes were shown; former ones are void.",
    user.CodeShown: lambda f: f"A code of the authenticator was shown, the one of step {f.step}.",
    user.RecoveryCodeShown: lambda _: "A recovery code was used up.",
    user.SignedIn: lambda f: f"The user signed in by {f.proof.replace('+', ' and ')}.",
    user.SignInRefused: lambda f: f"Somebody failed to sign in as this user: {f.why.replace('_', ' ')}.",
    user.Locked: lambda f: f"Too many attempts: whoever tries has to wait for {f.seconds} s.",
    user.Disabled: _disabled,
    user.Enabled: lambda f: _because("The user may come in again", f.reason),
    user.RoleChanged: lambda f: _because(f"The user is {_role(f.role)} from now on", f.reason),
    user.SessionsEnded: lambda f: _because("Every session of the user was ended", f.reason),
    user.Erased: lambda f: _because("What the user was called is forgotten", f.reason),
    user.LoginClaimed: lambda f: f"The login belongs to user {f.user_id}.",
    user.LoginReleased: lambda _: "The login is free again.",
    user.AdminJoined: lambda f: f"User {f.user_id} can administer the tenant.",
    user.AdminLeft: lambda f: f"User {f.user_id} can administer the tenant no more.",
    oidc.ProviderChosen: lambda f: f"People sign in by {f.issuer}; {len(f.roles)} of its groups have a role.",
    oidc.ProviderDropped: lambda f: _because("Nobody signs in by the provider any more", f.reason),
}
"""A part of `narrative.SENTENCES`."""
