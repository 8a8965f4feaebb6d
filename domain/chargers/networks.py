"""Networks that a charger without a password may come from."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

MOST = 32
"""Networks of one charger."""


class NetworkInvalid(ValueError):
    """A network is written as address and length, such as 10.20.0.0/16, 192.168.1.17 or fd00:12::/32; at most 32 of
    them.
    """


class NetworksNeeded(ValueError):
    """Security profile 0 asks nothing of whoever knocks: name the networks that the charger comes from."""


def networks_of(texts: Iterable[str]) -> tuple[str, ...]:
    """In one spelling, each once, in order. Raises NetworkInvalid."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[str(ip_network(text.strip(), strict=False))] = None
        except ValueError:
            raise NetworkInvalid(text) from None
    if len(found) > MOST:
        raise NetworkInvalid(f"{len(found)} networks")
    return tuple(found)


def within(address: str, networks: Iterable[str]) -> bool:
    """Is the address in one of them? One that cannot be read is in none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ip_network(one) for one in networks)
