"""Where providers may be: at public addresses by https, at an inner one that was named, and here when trying out."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from adapters.oidc.fetching import Fetch
from application.oidc import ProviderAway


def at(address: str) -> Any:
    """A resolver that knows one address."""

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    return getaddrinfo


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/x",
        "ftp://login.example/x",
        "file:///etc/passwd",
        "https://user:pw@login.example/x",
        "https:///x",
        "//login.example",
        "javascript:alert(1)",
        "gopher://127.0.0.1:6379/_x",
    ],
)
def test_sec_17_only_https_is_asked(url: str) -> None:
    with pytest.raises(ProviderAway):
        Fetch().check(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "224.0.0.1", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fc00::1",
        "192.0.2.1", "::",
    ],
)  # fmt: skip
async def test_sec_17_a_name_that_leads_inside_is_not_followed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", at(address), raising=False)
    fetch = Fetch()
    with pytest.raises(ProviderAway, match="inner network"):
        await fetch._judged(httpx.URL("https://login.example/x"))


async def test_an_inner_host_may_be_named_but_never_the_metadata_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch, url = Fetch(private_hosts=("Login.Example",)), httpx.URL("https://login.example/x")
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", at("10.0.0.7"), raising=False)
    assert await fetch._judged(url) == "10.0.0.7"
    for address in ("169.254.169.254", "127.0.0.1", "fe80::1"):
        monkeypatch.setattr(loop, "getaddrinfo", at(address), raising=False)
        with pytest.raises(ProviderAway):
            await fetch._judged(url)
    monkeypatch.setattr(loop, "getaddrinfo", at("93.184.216.34"), raising=False)
    assert await Fetch()._judged(url) == "93.184.216.34"


async def test_trying_out_is_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Fetch(loopback=True)
    for address in ("10.0.0.1", "93.184.216.34"):
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", at(address), raising=False)
        with pytest.raises(ProviderAway):
            await fetch._judged(httpx.URL("http://login.example/x"))


async def test_nobody_there_is_told_as_such() -> None:
    fetch = Fetch(loopback=True)
    with pytest.raises(ProviderAway, match="does not answer"):
        await fetch.get("http://127.0.0.1:1/.well-known/openid-configuration")
    await fetch.close()
