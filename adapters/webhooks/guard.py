"""Which addresses we connect to ourselves: none within our networks, whatever a name leads to (SEC-17, SSRF)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → numeric addresses. Raises OSError."""

_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


class AddressRefused(Exception):
    """The name leads to an address that webhooks are not delivered to."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """As the system resolves names."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def addresses_of(host: str, port: int, *, private: bool, how: Resolve = resolve) -> list[str]:
    """Where to connect, looked up this once: what is connected to is what was judged.

    One forbidden address among several forbids all: whoever mixes them has something in mind. Raises
    AddressRefused, OSError.
    """
    found = await how(host, port)
    for one in found:
        if not private and not is_public(ip_address(one.partition("%")[0])):
            raise AddressRefused
    if not found:
        raise OSError("the name has no address")
    return list(found)


def is_public(address: Address) -> bool:
    """Whether it is somebody else's on the internet; an IPv4 address within an IPv6 one is judged as itself."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address in _SIX_TO_FOUR:
            inner = IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or address.teredo is not None:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )
