"""`/ca/crl.der` and `/ca/ocsp`: whether certificates of our own authority still count, for whoever asks."""

import asyncio
import base64
import binascii
import hashlib
from typing import Protocol
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from adapters.http.problems import Problem, not_found
from application.certificates import CRL_PATH, OCSP_PATH, AuthorityFailed

LARGEST_REQUEST = 4096
"""Bytes; a request about one certificate has a hundred or two."""
MOMENT_S, HOUR_S = 300, 3600


class Status(Protocol):
    """What our authority tells of its certificates."""

    def revocation_list(self) -> bytes:
        """In DER. Raises AuthorityFailed."""
        ...

    def answer(self, request: bytes) -> tuple[bytes, bool]:
        """An OCSP response, and whether it may be kept for an hour."""
        ...


def certificate_status_routes(status: Status | None) -> list[BaseRoute]:
    """The routes, which ask for no token: what they tell is signed, and made to be handed around.

    Without an authority of our own there is nothing at these addresses.
    """

    async def revocations(request: Request) -> Response:
        if status is None:
            raise not_found()
        try:
            found = await asyncio.to_thread(status.revocation_list)
        except AuthorityFailed as error:
            raise Problem("storage_unavailable", "The list cannot be read now.") from error
        etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
        headers = {"Cache-Control": f"public, max-age={MOMENT_S}", "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(found, media_type="application/pkix-crl", headers=headers)

    async def posted(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_REQUEST:
                raise Problem("too_large", f"At most {LARGEST_REQUEST} bytes.")
        return await _answered(status, bytes(body), keep=False)

    async def in_the_address(request: Request) -> Response:
        """RFC 6960 appendix A.1.1: the request in base64, percent-encoded."""
        raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
        text = unquote_to_bytes(raw.partition(OCSP_PATH.encode() + b"/")[2])
        try:
            asked = base64.b64decode(text, validate=True) if len(text) <= 2 * LARGEST_REQUEST else b""
        except binascii.Error:
            asked = b""
        return await _answered(status, asked, keep=True)

    return [
        StarletteRoute(CRL_PATH, revocations, methods=["GET"]),
        StarletteRoute(OCSP_PATH, posted, methods=["POST"]),
        StarletteRoute(OCSP_PATH + "/{asked:path}", in_the_address, methods=["GET"]),
    ]


async def _answered(status: Status | None, asked: bytes, *, keep: bool) -> Response:
    if status is None:
        raise not_found()
    answer, lasting = await asyncio.to_thread(status.answer, asked)  # it is signed
    kept = f"public, max-age={HOUR_S}" if keep and lasting else "no-store"
    return Response(answer, media_type="application/ocsp-response", headers={"Cache-Control": kept})
