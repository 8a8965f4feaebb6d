"""How rows that read are answered: the handler in a thread, a document with its ETag, or a whole table."""

from collections.abc import AsyncIterator, Mapping

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.http.access import Caller
from adapters.http.backing import Backing
from adapters.http.body import JSON
from adapters.http.csv_table import csv_head, csv_lines
from adapters.http.entity_tags import tag_of, unchanged, version_of
from adapters.http.negotiation import CSV
from adapters.http.parameters import read_query
from adapters.http.problems import Fault, invalid, not_found
from adapters.http.route import LARGEST_PAGE, Page, PageQuery, Query, Route, Row, Shape, asked

VARY = "Authorization, Cookie, Accept"


async def respond_by_reading(
    request: Request, route: Route, caller: Caller, backing: Backing, media_type: str
) -> Response:
    """The answer to a request that passed access and limits; raises a Problem for anything that is wrong."""
    query = read_query(route.query, request.query_params)
    if media_type == CSV:
        return await _table(request, route, caller, backing, query)
    if other := route.also.get(media_type):
        prepared = asked(
            route, caller, request.path_params, query, backing.cursors, backing.naming.pseudonyms
        )
        text = await backing.database.read(lambda connection: other(prepared(connection)), caller.tenant)
        if text is None:
            raise not_found()
        return Response(text, 200, {"Cache-Control": "no-store", "Vary": VARY}, media_type)
    found = await _read(route, caller, backing, request.path_params, query)
    return document(request, route, await backing.naming.shown(caller, found))


def document(
    request: Request, row: Row, shape: Shape, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A shape as JSON, with an ETag where the row wants one; 304 where the client has it already."""
    body = shape.model_dump_json().encode()
    marked = {"Cache-Control": "no-store", "Vary": VARY, **(headers or {})}
    if row.etag:
        tag = tag_of(body, version_of(shape, row.version))
        marked |= {"ETag": tag, "Cache-Control": "private, no-cache"}
        if row.method == "GET" and unchanged(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=marked)
    return Response(body, status, marked, JSON)


async def _table(request: Request, route: Route, caller: Caller, backing: Backing, query: Query) -> Response:
    """The whole list from the cursor on, as CSV. The first page is read before the answer begins, so
    that errors are still answered as problems; a later one breaks the connection off."""
    if not isinstance(query, PageQuery) or "limit" in query.model_fields_set:
        raise invalid(Fault("limit", "CSV has no pages: it holds the whole list. Leave `limit` out."))
    query = query.model_copy(update={"limit": LARGEST_PAGE})
    first = await _read(route, caller, backing, request.path_params, query)

    async def lines() -> AsyncIterator[bytes]:
        page, more = first, query
        yield csv_head(route.csv)
        while isinstance(page, Page):
            yield csv_lines(route.csv, (await backing.naming.shown(caller, page)).items)
            if page.next is None:
                return
            more = more.model_copy(update={"cursor": page.next})
            page = await _read(route, caller, backing, request.path_params, more)

    name = route.path.rsplit("/", 1)[-1]
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Vary": VARY,
    }
    kind = "text/csv; charset=utf-8; header=present"
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers, media_type=kind)
    return StreamingResponse(lines(), 200, headers, kind)


async def _read(
    route: Route, caller: Caller, backing: Backing, path: Mapping[str, str], query: Query
) -> Shape:
    prepared = asked(route, caller, path, query, backing.cursors, backing.naming.pseudonyms)

    def do(connection: Connection) -> Shape | None:
        return route.handler(prepared(connection))

    database = backing.database
    found = await (database.read_all(do) if route.whole else database.read(do, caller.tenant))
    if found is None:
        raise not_found()
    return found
