"""Who came over TLS is told to stay with it; nobody else is, and no name of this machine."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from adapters.http.traffic import HSTS, Border, Traffic


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(Request(scope).url.path)(scope, receive, send)


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("https://csms.example.com", HSTS),
        ("https://csms.example.com:8443", HSTS),
        ("http://csms.example.com", None),
        ("https://localhost:8443", None),
        ("http://localhost:8080", None),
        ("https://zeus.localhost", None),
    ],
)
async def test_sec_07_answers_over_tls_ask_for_tls(origin: str, told: str | None) -> None:
    transport = httpx.ASGITransport(Border(answer, Traffic()))
    async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
        assert (await client.get("/")).headers.get("strict-transport-security") == told
