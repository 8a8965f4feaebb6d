"""From rows of the route table to ASGI: the method, access, the rate, the media type; then the row's kind of answer."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.access import ANYONE, Caller
from adapters.http.acting import respond_by_acting, respond_by_transferring
from adapters.http.action import Action
from adapters.http.backing import Backing
from adapters.http.body import JSON
from adapters.http.negotiation import CSV, wanted
from adapters.http.origin import SAFE, check_address, check_if_told
from adapters.http.problems import Problem, method_not_allowed, not_found, unauthenticated
from adapters.http.reading import respond_by_reading
from adapters.http.route import Route, Row
from adapters.http.transfer import Transfer
from application.lockouts import origin_of
from application.sessions import Stage

AnyRow: TypeAlias = Route | Action | Transfer


class Endpoint:
    """All methods of one path."""

    def __init__(self, pattern: str, routes: Mapping[str, AnyRow], backing: Backing) -> None:
        """`pattern` is the path with its prefix, `routes` are by method."""
        self._pattern = pattern
        self._routes = routes
        self._backing = backing
        names = {*routes, "OPTIONS"} | ({"HEAD"} if "GET" in routes else set())
        self._allowed = ", ".join(sorted(names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["zeus.route"] = self._pattern
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> ASGIApp:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": self._allowed})
        row = self._routes.get("GET" if request.method == "HEAD" else request.method)
        if row is None:
            raise method_not_allowed(self._allowed)
        caller = await self._admit(request, row)
        if isinstance(row, Action):
            wanted(request.headers.get("accept"), (JSON,))
            return await respond_by_acting(request, row, caller, self._backing)
        if isinstance(row, Transfer):
            wanted(request.headers.get("accept"), row.gives or (JSON,))
            return await respond_by_transferring(request, row, caller, self._backing)
        offered = (JSON, *((CSV,) if row.csv else ()), *row.also)
        media_type = wanted(request.headers.get("accept"), offered)
        return await respond_by_reading(request, row, caller, self._backing, media_type)

    async def _admit(self, request: Request, row: Row) -> Caller:
        """Who is asking, if they may, and not too often. What the caller lacks is told before anything is
        looked up, so that nothing can be learnt from it."""
        backing, limits = self._backing, self._backing.limits
        check_address(request.query_params)
        if row.public:
            return await self._admit_anyone(request)
        caller = await self._identified(request)
        if caller is None:
            raise unauthenticated()
        name = f"token/{caller.tenant}/{caller.name}"
        await backing.spare(name, per_s=limits.token_per_s, burst=limits.token_burst)
        check_rights(caller, row)
        check_scope(caller, row, request.path_params)
        return caller

    async def _identified(self, request: Request) -> Caller | None:
        """By the token where there is one, and a cookie beside it counts for nothing."""
        backing = self._backing
        if "authorization" in request.headers or backing.sessions is None:
            return await backing.doorman.caller(request)
        found = await backing.sessions.caller(request, backing.origin(request))
        return None if found is None else replace(found, cause=request.scope["zeus.request_id"])

    async def _admit_anyone(self, request: Request) -> Caller:
        """By address, and not for a page of another site."""
        backing, limits = self._backing, self._backing.limits
        name = f"anyone/{origin_of(backing.visit(request).remote)}"
        await backing.spare(name, per_s=limits.token_per_s, burst=limits.token_burst)
        if request.method not in SAFE:  # a provider's page may lead here, and nothing is changed by it
            allowed = () if backing.sessions is None else backing.sessions.allowed_origins
            check_if_told(request.headers, backing.origin(request), allowed)
        return ANYONE


def check_rights(caller: Caller, row: Row) -> None:
    """Raises a 403 Problem for what the caller lacks."""
    if caller.person is not None and caller.person.session.stage is not Stage.FULL:
        if not row.halfway:
            raise Problem("second_factor", "Show a code of your authenticator, or enrol one.")
        return
    if row.right not in caller.rights:
        raise Problem("role", f"The right `{row.right}` is needed.")


def check_scope(caller: Caller, row: Row, path: Mapping[str, str]) -> None:
    """The one place where a token for some chargers is kept to them: another charger is answered as one that does
    not exist, and rows about no charger in particular are closed, since they might tell of others."""
    if not caller.chargers or row.path == OWN:
        return
    if "{cpid}" not in row.path:
        raise Problem("scope", "Your token is good for some chargers; ask about one of them.")
    if path.get("cpid", "").upper() not in caller.chargers:
        raise not_found()


OWN = "/me"
"""Everybody may know who he is."""
