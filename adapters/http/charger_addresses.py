"""Where a charger is to connect, in the three ways in which boxes ask for it."""

from urllib.parse import quote, urlsplit

import msgspec

PORTS = {"wss": 443, "ws": 80}


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a backend URL."""

    base: str
    """Variant A, for boxes that append the id themselves."""
    full: str
    """Variant B, for boxes that want the full URL."""
    scheme: str
    host: str
    port: int
    path: str
    """Variant C, for boxes with a field for each part; without a slash at either end."""


def addresses_of(origin: str, cpid: str, security_profile: int, slug: str = "") -> Addresses:
    """The addresses below `https://host[:port]` as clients see it; profile 2 is TLS whatever they see.

    The path names no version: it outlives a change of it (2.1 part 4 §3.1.2). The id is percent-encoded
    (OCPP-J 1.6 §3.1.1). `slug` names the tenant; the default one has none.
    """
    seen = urlsplit(origin)
    scheme = "wss" if seen.scheme == "https" or security_profile >= 2 else "ws"
    host = seen.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = seen.port or PORTS[scheme]
    place = shown if port == PORTS[scheme] else f"{shown}:{port}"
    path = f"ocpp/{slug}" if slug else "ocpp"
    base = f"{scheme}://{place}/{path}"
    return Addresses(
        base=base,
        full=f"{base}/{quote(cpid, safe='')}",
        scheme=scheme,
        host=host,
        port=port,
        path=path,
    )
