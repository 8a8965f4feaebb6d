"""`/me`: who is asking, and what people do about themselves: password, authenticator, sessions."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import segno
from pydantic import Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.control import PlainQuery
from adapters.http.api.sign_in import Code, SignedInShape, admitted_as, person_of, told_as_problems
from adapters.http.problems import Problem, not_found
from adapters.http.route import Body, Shape
from adapters.http.services import Services
from adapters.http.session_cookie import end_cookie
from application.own_account import Account, AuthenticatorNeeded, SignInAgain
from application.sessions import Stage
from domain.people.user import (
    AuthenticatorExists,
    AuthenticatorMissing,
    NothingOffered,
    UserElsewhere,
)


class Me(Shape):
    """Whoever is asking."""

    tenant: str
    name: str = Field(description="As it stands in the log as the actor, such as `key:…` or `user:…`.")
    label: str = Field(description="What the token or the person is called.")
    role: str
    rights: list[str]
    chargers: list[str] = Field(description="The only chargers that the token is good for; empty: all.")
    expires_at: datetime | None = Field(description="When the token or the session ends; null: never.")
    state: str = Field(description="`token`; of a person `signed_in`, `code` or `enrol`.")
    csrf: str | None = Field(description="To be sent as `X-CSRF-Token` with every change; null for tokens.")


class NewPassword(Body):
    """The present one proves that it is you."""

    current: str = Field(min_length=1, max_length=1024)
    new: str = Field(max_length=1024, description="At least 12 characters, and none of the common ones.")


class OfferedShape(Shape):
    """For the authenticator; shown this once."""

    secret: str = Field(description="To be typed in where nothing can be scanned.")
    uri: str = Field(description="`otpauth://totp/…`.")
    qr_svg: str = Field(description="The same as a QR code, an SVG.")


class EnrolledShape(SignedInShape):
    """The authenticator counts."""

    recovery_codes: list[str] = Field(description="For the day it is lost; each opens once. Shown this once.")


class RecoveryCodes(Shape):
    """For the day the authenticator is lost; each opens once."""

    recovery_codes: list[str] = Field(description="Shown this once; former ones open nothing.")


class SessionShape(Shape):
    """Where one is signed in."""

    id: str
    current: bool = Field(description="The one you are asking with.")
    proof: str
    began_at: datetime
    seen_at: datetime = Field(description="To the minute.")
    ends_at: datetime
    remote: str
    agent: str = Field(description="The browser, as it calls itself.")


class SessionsShape(Shape):
    """The newest first."""

    items: list[SessionShape]


async def who_am_i(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """What your credential may do, and for whom."""
    caller = doing.caller
    state = "token"
    if caller.person is not None:
        stage = caller.person.session.stage
        state = "signed_in" if stage is Stage.FULL else str(stage)
    return Answered(
        Me(
            tenant=caller.tenant,
            name=caller.name,
            label=caller.label,
            role=caller.role,
            rights=sorted(caller.rights),
            chargers=sorted(caller.chargers),
            expires_at=caller.expires_at,
            state=state,
            csrf=None if caller.person is None else caller.person.csrf,
        )
    )


async def change_password(doing: Doing[PlainQuery, NewPassword]) -> Answered:
    """Every session is over but this one, which goes on under another id."""
    with _told_as_problems(), told_as_problems("new"):
        admitted = await _account(doing).change_password(doing.body.current, doing.body.new)
    return admitted_as(admitted, doing.origin)


async def offer_authenticator(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """A secret for an authenticator app; it counts when a code of it is shown at `/me/totp/confirm`."""
    with _told_as_problems():
        offered = await _account(doing).offer_authenticator(f"Zeus {doing.caller.tenant}")
    svg = io.BytesIO()
    segno.make(offered.address, error="m").save(svg, kind="svg", xmldecl=False, scale=4)
    shape = OfferedShape(secret=offered.letters, uri=offered.address, qr_svg=svg.getvalue().decode())
    return Answered(shape)


async def confirm_authenticator(doing: Doing[PlainQuery, Code]) -> Answered:
    """The code shows that the app has the secret. Sessions without it are over, this one goes on."""
    with _told_as_problems(), told_as_problems():
        admitted, codes = await _account(doing).enrol(doing.body.code.strip())
    answered = admitted_as(admitted, doing.origin)
    assert isinstance(answered.shape, SignedInShape)  # noqa: S101 - for the type alone
    shape = EnrolledShape(recovery_codes=codes, **answered.shape.model_dump())
    return Answered(shape, cookies=answered.cookies)


async def remove_authenticator(doing: Doing[PlainQuery, Code]) -> Answered:
    """With a code of it, lately signed in, and where the role needs none."""
    with _told_as_problems(), told_as_problems():
        admitted = await _account(doing).remove_authenticator(doing.body.code.strip())
    return admitted_as(admitted, doing.origin)


async def renew_recovery_codes(doing: Doing[PlainQuery, Code]) -> Answered:
    """With a code of the authenticator; former recovery codes open nothing."""
    with _told_as_problems(), told_as_problems():
        codes = await _account(doing).new_recovery_codes(doing.body.code.strip())
    return Answered(RecoveryCodes(recovery_codes=codes))


async def list_own_sessions(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Where you are signed in."""
    current = person_of(doing).session.handle
    items = [
        SessionShape(
            id=one.handle,
            current=one.handle == current,
            proof=one.proof,
            began_at=one.began_at,
            seen_at=one.seen_at,
            ends_at=one.ends_at,
            remote=one.remote,
            agent=one.agent,
        )
        for one in await _account(doing).sessions()
    ]
    return Answered(SessionsShape(items=items))


async def end_own_session(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Wherever it is; it may be the one you are asking with."""
    handle = doing.path["id"]
    if not await _account(doing).end_session(handle):
        raise not_found()
    gone = handle == person_of(doing).session.handle
    return Answered(None, 204, cookies=(end_cookie(doing.origin),) if gone else ())


async def end_other_sessions(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Everywhere else you are signed out; this session goes on under another id."""
    return admitted_as(await _account(doing).end_others("by himself"), doing.origin)


def _account(doing: Doing[Any, Any]) -> Account:
    services: Services = doing.services
    return Account(services.people.desk, person_of(doing).session, doing.visit)


_KINDS: dict[type[Exception], str] = {
    SignInAgain: "stale_session",
    AuthenticatorNeeded: "second_factor",
    AuthenticatorExists: "exists",
    AuthenticatorMissing: "ended",
    NothingOffered: "ended",
    UserElsewhere: "not_a_person",
}


@contextmanager
def _told_as_problems() -> Iterator[None]:
    try:
        yield
    except tuple(_KINDS) as error:
        raise Problem(_KINDS[type(error)], " ".join((type(error).__doc__ or "").split())) from error
