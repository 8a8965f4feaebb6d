"""`/sign-in`, `/sign-out`: people come in by a password and a code, or by an invitation, and go."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pydantic import Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Fault as Part
from adapters.http.problems import Problem, invalid, rate_limited
from adapters.http.route import Body, Shape
from adapters.http.services import Services
from adapters.http.session_cookie import end_cookie, set_cookie
from application.own_account import Account
from application.proofs import HashingBusy
from application.session_door import Person
from application.sessions import Stage
from application.sign_in import Admitted, MustWait, SignInFailed
from domain.people.passwords import PasswordUnfit
from domain.people.user import InvitationVoid

_STATES = {Stage.FULL: "signed_in", Stage.CODE: "code", Stage.ENROL: "enrol"}


class Credentials(Body):
    """What somebody types in."""

    tenant: str = Field("", max_length=31, description="Its slug; the default tenant's where it is empty.")
    login: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=1024)


class Code(Body):
    """What the authenticator shows."""

    code: str = Field(
        min_length=1, max_length=40, description="Six digits, or a recovery code. Each opens once."
    )


class Acceptance(Body):
    """Somebody who was invited."""

    invitation: str = Field(min_length=1, max_length=200)
    password: str = Field(max_length=1024, description="At least 12 characters, and none of the common ones.")


class SignedInShape(Shape):
    """How far one has come; the session itself is in a cookie that scripts cannot read."""

    state: str = Field(
        description="`signed_in`; `code`: show a code at `/sign-in/totp`; `enrol`: an authenticator, at `/me/totp`."
    )
    csrf: str = Field(description="To be sent as `X-CSRF-Token` with every change.")
    expires_at: datetime = Field(description="At the latest; half an hour without a request ends it too.")


async def sign_in(doing: Doing[PlainQuery, Credentials]) -> Answered:
    """By a password. What is wrong is not told, and costs the same whether there is such a login or not; who tries
    too often waits, longer each time."""
    services: Services = doing.services
    body = doing.body
    set_cookie("", doing.origin)  # refuses before the password is looked at
    tenant = body.tenant or services.default_tenant
    with told_as_problems():
        admitted = await services.people.desk.sign_in(tenant, body.login, body.password, doing.visit)
    return admitted_as(admitted, doing.origin)


async def show_code(doing: Doing[PlainQuery, Code]) -> Answered:
    """After the password, where `state` was `code`. The session goes on under another id."""
    services: Services = doing.services
    with told_as_problems():
        admitted = await services.people.desk.second_factor(
            person_of(doing).session, doing.body.code.strip(), doing.visit
        )
    return admitted_as(admitted, doing.origin)


async def accept_invitation(doing: Doing[PlainQuery, Acceptance]) -> Answered:
    """Choose the password that you were invited to choose; then sign in. An invitation opens once."""
    services: Services = doing.services
    with told_as_problems("password"):
        await services.people.desk.accept(doing.body.invitation.strip(), doing.body.password, doing.visit)
    return Answered(None, 204)


async def sign_out(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """This session is over, in every process at once."""
    services: Services = doing.services
    await Account(services.people.desk, person_of(doing).session, doing.visit).sign_out()
    return Answered(None, 204, cookies=(end_cookie(doing.origin),))


def person_of(doing: Doing[Any, Any]) -> Person:
    """Who signed in. Raises a 409 Problem for a token."""
    person = doing.caller.person
    if person is None:
        raise Problem("not_a_person", "You are asking with a token: there is nothing of this about it.")
    return person


def admitted_as(admitted: Admitted, origin: str) -> Answered:
    """The session goes into the cookie, and what a page needs into the body."""
    return Answered(
        SignedInShape(
            state=_STATES[admitted.session.stage], csrf=admitted.csrf, expires_at=admitted.session.ends_at
        ),
        cookies=(set_cookie(admitted.session_id, origin),),
    )


@contextmanager
def told_as_problems(password: str = "password") -> Iterator[None]:  # noqa: S107 - the name of a field
    """What can go wrong with a proof, as the caller is told it; `password` is the field with a new one."""
    try:
        yield
    except (SignInFailed, InvitationVoid) as error:
        words = "Nothing is told about which." if isinstance(error, SignInFailed) else _words(error)
        raise Problem("sign_in_refused", words) from error
    except MustWait as error:
        raise rate_limited(error.seconds) from error
    except HashingBusy as error:
        raise Problem("overloaded", "Many people are signing in. Ask again in a moment.") from error
    except PasswordUnfit as error:
        raise invalid(Part(f"body.{password}", str(error))) from error


def _words(error: Exception) -> str:
    return " ".join((type(error).__doc__ or "").split())
