"""`/users`: who may sign in for the tenant, in which role."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.commands import one_of
from adapters.http.api.control import PlainQuery
from adapters.http.api.tokens import RoleName
from adapters.http.problems import Problem, not_found
from adapters.http.route import Asked, Body, Page, PageQuery, Query, Shape
from adapters.http.services import Services
from application.people import Invitation, People, RightLacking
from domain.people.user import (
    LONGEST_LOGIN,
    LONGEST_NAME,
    LastAdmin,
    UserElsewhere,
    UserErased,
    UserExists,
    UserImpossible,
    UserUnknown,
    is_user_id,
)
from domain.tenants.roles import Role
from projections.users import queries


class UsersQuery(PageQuery):
    """Those who were added last first."""

    state: Literal["active", "invited", "disabled", "erased"] | None = None
    role: RoleName | None = None


class ReasonQuery(Query):
    """Why."""

    reason: str = Field("", max_length=200, description="For whoever reads the log later.")


class Reason(Body):
    """Why."""

    reason: str = Field("", max_length=200, description="For whoever reads the log later.")


class NewUser(Body):
    """Somebody who is to come in."""

    login: str = Field(
        min_length=1, max_length=LONGEST_LOGIN, description="What is typed in, such as an e-mail address."
    )
    name: str = Field("", max_length=LONGEST_NAME, description="For people.")
    role: RoleName = Field(description="With no right that you lack yourself.")


class NewRole(Reason):
    """Another role."""

    role: RoleName = Field(description="With no right that you lack yourself.")


class UserShape(Shape):
    """A person, without anything that proves him."""

    id: str
    login: str | None = Field(description="Null once the person was erased.")
    name: str | None
    role: str | None
    provider: str | None = Field(
        description="The issuer that vouches for the person; null: has a password here."
    )
    state: str = Field(description="`active`, `invited`, `disabled` or `erased`.")
    added_at: datetime | None
    added_by: str | None
    invited_until: datetime | None
    authenticator: bool
    signed_in_at: datetime | None
    refused_at: datetime | None = Field(description="When somebody last failed to sign in as this person.")
    locked_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None
    reason: str | None
    erased_at: datetime | None


class InvitedShape(Shape):
    """Somebody was invited to choose a password."""

    id: str
    expires_at: datetime | None
    invitation: str | None = Field(
        description="For `/sign-in/invitation`. Shown this once; null in a repetition."
    )


def list_users(asked: Asked[UsersQuery]) -> Page[UserShape]:
    """The people of your tenant."""
    rows = queries.list_users(
        asked.connection,
        asked.caller.tenant,
        state=asked.query.state,
        role=asked.query.role,
        after=asked.after,
        limit=asked.query.limit,
    )
    return asked.page(UserShape, rows)


def one_user(asked: Asked[PlainQuery]) -> UserShape | None:
    """How somebody stands."""
    name = asked.path["id"]
    found = queries.get_user(asked.connection, asked.caller.tenant, name if is_user_id(name) else "-")
    return None if found is None else UserShape.model_validate(found)


async def add_user(doing: Doing[PlainQuery, NewUser]) -> Answered:
    """Somebody new, who is invited to choose a password. Nobody gives a right away that he lacks."""
    body, user_id = doing.body, doing.key[:22]
    with _told_as_problems():
        try:
            made = await _people(doing).add(body.login, Role(body.role), body.name, user_id=user_id)
        except UserExists:
            if not user_id or not await _is_the_same(doing, user_id):
                raise
            # The first answer was lost on its way: the person is there, and the invitation is known to nobody.
            shape = InvitedShape(id=user_id, expires_at=None, invitation=None)
            return Answered(shape, 201, f"/api/ocpp/users/{user_id}")
    return _invited(made, 201)


async def invite_user(doing: Doing[PlainQuery, Reason]) -> Answered:
    """To choose another password; the present one holds until then. Former invitations open nothing."""
    with _told_as_problems():
        made = await _people(doing).invite(doing.path["id"], doing.body.reason)
    return _invited(made, 200)


async def change_role(doing: Doing[PlainQuery, NewRole]) -> Answered:
    """Every session of the person is over. The last one who can administer the tenant stays so."""
    body = doing.body
    with _told_as_problems():
        await _people(doing).change_role(doing.path["id"], Role(body.role), body.reason)
    return Answered(None, 204)


async def disable_user(doing: Doing[PlainQuery, Reason]) -> Answered:
    """Comes in no more, and every session is over. The last one who can administer the tenant stays."""
    with _told_as_problems():
        await _people(doing).disable(doing.path["id"], doing.body.reason)
    return Answered(None, 204)


async def enable_user(doing: Doing[PlainQuery, Reason]) -> Answered:
    """May come in again."""
    with _told_as_problems():
        await _people(doing).enable(doing.path["id"], doing.body.reason)
    return Answered(None, 204)


async def reset_authenticator(doing: Doing[ReasonQuery, NoBody]) -> Answered:
    """The telephone is lost: every session is over, and the next sign-in enrols another where the role needs one."""
    with _told_as_problems():
        await _people(doing).remove_authenticator(doing.path["id"], doing.query.reason)
    return Answered(None, 204)


async def end_user_sessions(doing: Doing[ReasonQuery, NoBody]) -> Answered:
    """Signed out everywhere, in every process at once."""
    with _told_as_problems():
        await _people(doing).end_sessions(doing.path["id"], doing.query.reason)
    return Answered(None, 204)


async def erase_user(doing: Doing[PlainQuery, Reason]) -> Answered:
    """What the person is called is forgotten, for good; what was done stays under the id."""
    with _told_as_problems():
        await _people(doing).erase(doing.path["id"], doing.body.reason)
    return Answered(None, 204)


def _people(doing: Doing[Any, Any]) -> People:
    services: Services = doing.services
    return services.people.of(doing.caller, doing.request_id)


async def _is_the_same(doing: Doing[PlainQuery, NewUser], user_id: str) -> bool:
    services: Services = doing.services
    person = await services.people.desk.book.load(doing.caller.tenant, user_id)
    return person.login == doing.body.login


def _invited(made: Invitation, status: int) -> Answered:
    shape = InvitedShape(id=made.user_id, expires_at=made.expires_at, invitation=made.text)
    discreet = shape.model_copy(update={"invitation": None})
    location = f"/api/ocpp/users/{made.user_id}" if status == 201 else ""
    return Answered(shape, status, location, kept=discreet)


_KINDS: dict[type[Exception], str] = {
    RightLacking: "role",
    UserExists: "exists",
    UserErased: "ended",
    UserElsewhere: "ended",
    LastAdmin: "last_admin",
}


@contextmanager
def _told_as_problems() -> Iterator[None]:
    try:
        yield
    except UserUnknown as error:
        raise not_found() from error
    except UserImpossible as error:
        raise one_of("login", " ".join((type(error).__doc__ or "").split())) from error
    except tuple(_KINDS) as error:
        raise Problem(_KINDS[type(error)], " ".join((type(error).__doc__ or "").split())) from error
