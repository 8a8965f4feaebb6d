"""Requests to providers, and to nobody else: a provider's document must not lead us into our own network (SSRF).

Every address is resolved, judged and then connected to as judged, so that no name can change its mind in between.
Redirects are not followed, answers are short and soon, and no proxy of the environment is used.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Collection, Mapping
from typing import Any

import httpx

from application.oidc import ProviderAway

PATIENCE_S = 5.0
LARGEST = 256 * 1024
"""Bytes of an answer."""

Resolve = Any


class Fetch:
    """GET and POST of JSON documents."""

    def __init__(self, *, loopback: bool = False, private_hosts: Collection[str] = ()) -> None:
        """With `loopback` http to this very machine is allowed; `private_hosts` may be anywhere, by https."""
        self._loopback = loopback
        self._private = frozenset(one.lower() for one in private_hosts)
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """The document at `url`. Raises ProviderAway."""
        return await self._ask("GET", url, headers or {}, None)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The answer to a form. Raises ProviderAway."""
        return await self._ask("POST", url, headers, dict(form))

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()

    def check(self, url: str) -> httpx.URL:
        """An address that a browser may be sent to, or that we may ask. Raises ProviderAway."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise ProviderAway("it names an address that is none") from error
        plain = parsed.scheme == "http" and self._loopback
        if not parsed.host or parsed.userinfo or not (parsed.scheme == "https" or plain):
            raise ProviderAway(f"{str(parsed)[:200]} is not at https")
        return parsed

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: dict[str, str] | None
    ) -> Any:
        parsed = self.check(url)
        try:
            async with asyncio.timeout(PATIENCE_S):
                address = await self._judged(parsed)
                return await self._answer(method, parsed, address, headers, form)
        except (httpx.HTTPError, OSError, TimeoutError, ValueError) as error:
            raise ProviderAway(f"{parsed.host} does not answer: {type(error).__name__}") from error

    async def _judged(self, url: httpx.URL) -> str:
        """The address behind the name, where we may go there. Raises ProviderAway, OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not self._may_go_to(url, address):
                raise ProviderAway(f"{url.host} is at an address of an inner network")
        return str(found[0][4][0])

    def _may_go_to(self, url: httpx.URL, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if address.is_loopback:
            return self._loopback
        if url.scheme == "http":
            return False
        inner = not address.is_global or address.is_multicast
        return not inner or (url.host.lower() in self._private and not address.is_link_local)

    async def _answer(
        self,
        method: str,
        url: httpx.URL,
        address: str,
        headers: Mapping[str, str],
        form: dict[str, str] | None,
    ) -> Any:
        """Connected to as judged; the certificate is that of the name."""
        client = self._opened()
        request = client.build_request(
            method,
            url.copy_with(host=address),
            headers={"Accept": "application/json", **headers, "Host": url.netloc.decode("ascii")},
            data=form,
            extensions={"sni_hostname": url.host},
        )
        response = await client.send(request, stream=True)
        try:
            raw = bytearray()
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > LARGEST:
                    raise ProviderAway(f"{url.host} answers with more than {LARGEST} bytes")
        finally:
            await response.aclose()
        if response.status_code != 200:
            raise ProviderAway(f"{url.host} answers {response.status_code} to {method} {url.path}")
        return json.loads(raw)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=ssl.create_default_context(),
                timeout=PATIENCE_S,
                follow_redirects=False,
                trust_env=False,
                limits=httpx.Limits(max_connections=10, max_keepalive_connections=0),
            )
        return self._client
