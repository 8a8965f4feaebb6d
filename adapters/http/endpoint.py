"""From rows of the route table to ASGI: access, validation, the handler in a thread, the answer."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.http.access import Access, Caller
from adapters.http.csv_table import csv_head, csv_lines
from adapters.http.cursors import Cursors
from adapters.http.database import Database
from adapters.http.negotiation import CSV, wanted
from adapters.http.parameters import read_query
from adapters.http.problems import Fault, Problem, invalid, method_not_allowed, not_found, unauthenticated
from adapters.http.route import LARGEST_PAGE, Page, PageQuery, Query, Route, Shape, asked

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Backing:
    """What every endpoint needs."""

    access: Access
    database: Database
    cursors: Cursors


class Endpoint:
    """All methods of one path."""

    def __init__(self, pattern: str, routes: Mapping[str, Route], backing: Backing) -> None:
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

    async def _respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": self._allowed})
        route = self._routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            raise method_not_allowed(self._allowed)
        caller = await self._backing.access.caller(request.headers.get("authorization"))
        if caller is None:
            raise unauthenticated()
        if route.right not in caller.rights:
            raise Problem("role", f"The right `{route.right}` is needed.")
        media_type = wanted(request.headers.get("accept"), (JSON, CSV) if route.csv else (JSON,))
        query = read_query(route.query, request.query_params)
        if media_type == CSV:
            return await self._table(request, route, caller, query)
        return await self._document(request, route, caller, query)

    async def _document(self, request: Request, route: Route, caller: Caller, query: Query) -> Response:
        found = await self._read(route, caller, request.path_params, query)
        body = found.model_dump_json().encode()
        headers = {"Cache-Control": "no-store", "Vary": "Authorization, Accept"}
        if route.etag:
            tag = f'"{sha256(body).hexdigest()[:32]}"'
            headers |= {"ETag": tag, "Cache-Control": "private, no-cache"}
            if _matches(request.headers.get("if-none-match", ""), tag):
                return Response(status_code=304, headers=headers)
        return Response(body, 200, headers, JSON)

    async def _table(self, request: Request, route: Route, caller: Caller, query: Query) -> Response:
        """The whole list from the cursor on, as CSV. The first page is read before the answer begins, so
        that errors are still answered as problems; a later one breaks the connection off."""
        if not isinstance(query, PageQuery) or "limit" in query.model_fields_set:
            raise invalid(Fault("limit", "CSV has no pages: it holds the whole list. Leave `limit` out."))
        query = query.model_copy(update={"limit": LARGEST_PAGE})
        first = await self._read(route, caller, request.path_params, query)

        async def lines() -> AsyncIterator[bytes]:
            page, more = first, query
            yield csv_head(route.csv)
            while isinstance(page, Page):
                yield csv_lines(route.csv, page.items)
                if page.next is None:
                    return
                more = more.model_copy(update={"cursor": page.next})
                page = await self._read(route, caller, request.path_params, more)

        name = route.path.rsplit("/", 1)[-1]
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Vary": "Authorization, Accept",
        }
        if request.method == "HEAD":
            return Response(
                status_code=200, headers=headers, media_type="text/csv; charset=utf-8; header=present"
            )
        return StreamingResponse(lines(), 200, headers, "text/csv; charset=utf-8; header=present")

    async def _read(self, route: Route, caller: Caller, path: Mapping[str, str], query: Query) -> Shape:
        prepared = asked(route, caller, path, query, self._backing.cursors)
        found = await self._backing.database.read(lambda connection: route.handler(prepared(connection)))
        if found is None:
            raise not_found()
        return found


def _matches(header: str, tag: str) -> bool:
    """Weak comparison, as `If-None-Match` asks for (RFC 9110 §13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in tags or tag in tags
