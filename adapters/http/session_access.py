"""Turns a session's cookie into a caller, for pages of ours and for nobody else's."""

import hmac
from collections.abc import Collection

from starlette.requests import Request

from adapters.http.access import Caller
from adapters.http.origin import SAFE, check_origin
from adapters.http.problems import Problem
from adapters.http.session_cookie import session_id_in
from application import clock
from application.fleet import FleetUnavailable
from application.ports import StoreUnavailable
from application.session_door import Person, SessionDoor
from application.sessions import Stage

CSRF = "x-csrf-token"


class SessionAccess:
    """Asked where a request carries no `Authorization`."""

    def __init__(self, door: SessionDoor, allowed_origins: Collection[str] = ()) -> None:
        self._door = door
        self.allowed_origins = allowed_origins

    async def caller(self, request: Request, origin: str) -> Caller | None:
        """Whose session it is; None without one that holds. Raises a 403 Problem for one that another site uses, or
        a change without its token; 503 where nobody can tell."""
        session_id = session_id_in(request.headers.get("cookie", ""), origin)
        if not session_id:
            return None
        try:
            person = await self._door.person(session_id, clock.now())
        except (StoreUnavailable, FleetUnavailable) as error:
            raise Problem("store_unavailable", "Your session cannot be looked up now.") from error
        if person is None:
            return None
        check_origin(request.headers, request.method, origin, self.allowed_origins)
        if request.method not in SAFE:
            check_csrf(request.headers.get(CSRF, ""), person)
        return caller_of(person)


def check_csrf(told: str, person: Person) -> None:
    """Raises a 403 Problem: what changes something shows the token that only our own page can know."""
    if not hmac.compare_digest(told.encode("utf-8", "surrogatepass"), person.csrf.encode()):
        raise Problem("csrf", "Send the `csrf` of `/me` as `X-CSRF-Token` with every change.")


def caller_of(person: Person) -> Caller:
    """With the rights of the role; half-way in there are none."""
    whole = person.session.stage is Stage.FULL
    return Caller(
        person.session.tenant,
        f"user:{person.session.user_id}",
        person.role.rights if whole else frozenset(),
        person.role,
        person.name or person.login,
        person.session.ends_at,
        person=person,
    )
