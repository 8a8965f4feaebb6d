"""From rows of the route table to ASGI: the method, access, the rate, the media type; then the row's kind of answer."""

from collections.abc import Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.access import Caller
from adapters.http.acting import respond_by_acting, respond_by_transferring
from adapters.http.action import Action
from adapters.http.backing import Backing
from adapters.http.body import JSON
from adapters.http.negotiation import CSV, wanted
from adapters.http.problems import Problem, method_not_allowed, unauthenticated
from adapters.http.reading import respond_by_reading
from adapters.http.route import Route, Row
from adapters.http.transfer import Transfer

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
        caller = await self._backing.doorman.caller(request)
        if caller is None:
            raise unauthenticated()
        limits = self._backing.limits
        name = f"token/{caller.tenant}/{caller.name}"
        await self._backing.spare(name, per_s=limits.token_per_s, burst=limits.token_burst)
        if row.right not in caller.rights:
            raise Problem("role", f"The right `{row.right}` is needed.")
        return caller
