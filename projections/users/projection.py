"""What happens to people → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.people import events as user
from projections.bounds import key_text
from projections.read_model import ReadModel
from projections.users.tables import METADATA, USERS
from projections.writes import Upsert, Values, Write


class Users(ReadModel):
    """Who may sign in."""

    name, version = "users", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row changes."""
        event: Event[Any] = recorded.event
        _, owner, name = event.originator_id.split("/", 2)
        return [Upsert(USERS, (owner, key_text(name)), _TELL[type(event.fact)](event.fact, event))]


def _added(fact: user.Added, event: Event[Any]) -> Values:
    return {
        "role": fact.role,
        "provider": fact.provider or None,
        "added_at": event.told.recorded_at,
        "added_by": event.told.actor,
    }


def _disabled(fact: user.Disabled, event: Event[Any]) -> Values:
    told = event.told
    return {"disabled_at": told.recorded_at, "disabled_by": told.actor, "reason": fact.reason or None}


def _erased(fact: user.Erased, event: Event[Any]) -> Values:
    return {
        "login": None,
        "name": None,
        "invited_until": None,
        "password": False,
        "authenticator": False,
        "erased_at": event.told.recorded_at,
        "reason": fact.reason or None,
    }


def _at(column: str) -> Callable[[Any, Event[Any]], Values]:
    return lambda _, event: {column: event.told.recorded_at}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    user.Added: _added,
    user.Named: lambda fact, _: {"login": fact.login, "name": fact.name or None},
    user.Invited: lambda fact, _: {"invited_until": fact.expires_at},
    user.PasswordChosen: lambda _, __: {"password": True, "invited_until": None},
    user.AuthenticatorEnrolled: lambda _, __: {"authenticator": True},
    user.AuthenticatorRemoved: lambda _, __: {"authenticator": False},
    user.SignedIn: _at("signed_in_at"),
    user.SignInRefused: _at("refused_at"),
    user.Locked: _at("locked_at"),
    user.Disabled: _disabled,
    user.Enabled: lambda _, __: {"disabled_at": None, "disabled_by": None, "reason": None},
    user.RoleChanged: lambda fact, _: {"role": fact.role},
    user.Erased: _erased,
}
