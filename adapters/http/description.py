"""Where the API describes itself: `/api/openapi.json` for programs, `/api/docs` for people."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.endpoint import AnyRow
from adapters.http.entity_tags import tag_of, unchanged
from adapters.http.openapi import Json, document
from adapters.http.reference_page import STYLE, page

API_VERSION = "1"
"""Of the contract. The version of Zeus is not told to strangers, and whoever has no token may read this."""


class Description:
    """Made at the first request and then kept.

    No token is needed: nothing in it is anybody's data, every installation of a version says the same, and
    tools read it before they have a token.
    """

    def __init__(self, routes: Sequence[AnyRow], prefix: str) -> None:
        self._routes = routes
        self._prefix = prefix
        digest = b64encode(sha256(STYLE.encode()).digest()).decode()
        self._page_headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'"
            )
        }

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document."""
        return _served(request, self._as_json, "application/json", {})

    async def docs(self, request: Request) -> Response:
        """The page."""
        return _served(request, self._as_html, "text/html; charset=utf-8", self._page_headers)

    @cached_property
    def _document(self) -> Json:
        return document(self._routes, API_VERSION, self._prefix)

    @cached_property
    def _as_json(self) -> bytes:
        return orjson.dumps(self._document)

    @cached_property
    def _as_html(self) -> bytes:
        return page(self._document).encode()


def _served(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Caches may keep it and must ask whether it is still true."""
    tag = tag_of(body, None)
    marked = {"ETag": tag, "Cache-Control": "no-cache", **headers}
    if unchanged(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=marked)
    return Response(body, 200, marked, media_type)
