"""Which addresses of other people's servers a charger may be sent to for a file (SEC-17).

The charger opens the address, not we: from its own network, with its own resolver. What an attacker would gain is a
request from inside a site, or firmware from a host nobody vouches for. So hosts are vouched for by name, one by
one. Numeric addresses are never taken, whatever the list says: they name private networks, the metadata services of
clouds and the charger itself, and no certificate vouches for them. Names are not resolved here, since the answer
we would get proves nothing about the one the charger gets; who lists a name answers for where it leads.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

LONGEST = 512
"""OCPP 2.0.1 `locationType`."""
PORTS = {"https": 443, "http": 80, "ftp": 21, "ftps": 990, "sftp": 22}
"""Schemes that OCPP names for files, and their own ports."""
ALWAYS = "https"

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_PLAIN = re.compile(r"[!-~]+")
_NUMERIC = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
"""The last label is a number: resolvers take all of these for addresses (WHATWG URL, inet_aton)."""
_INWARD = ("localhost", "local", "internal", "localdomain", "home.arpa", "in-addr.arpa", "ip6.arpa")
"""Names that lead inside the charger's own network wherever it stands (RFC 6761, 6762, 8375)."""


def why_unsafe(location: str, hosts: Collection[str], protocols: Collection[str] = ()) -> str:
    """Why a charger may not be sent to `location`, as a sentence; empty where it may.

    `hosts` are the names an operator vouches for, `host` or `host:port`; without a port the scheme's own. `protocols`
    are those the charger told (1.6 SupportedFileTransferProtocols, 2.x FileTransferProtocols): all but HTTPS
    are taken only where it names them.
    """
    if len(location) > LONGEST or "\\" in location or _PLAIN.fullmatch(location) is None:
        return f"An address is at most {LONGEST} printable ASCII characters, without blanks and backslashes."
    try:
        parts = urlsplit(location)
        name, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "This is no address."
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        return f"Files are fetched by {', '.join(PORTS)}."
    if scheme != ALWAYS and scheme not in {one.strip().lower() for one in protocols}:
        return f"This charger does not tell that it transfers files by {scheme.upper()}; use HTTPS."
    if "@" in parts.netloc:
        return "An address with a user or password in it would stand in the log for ever."
    if parts.fragment:
        return "Leave out what follows the `#`."
    return _why_not_host(name) or _why_not_listed(name, port or PORTS[scheme], scheme, hosts)


def _why_not_host(name: str) -> str:
    if ":" in name or _NUMERIC.fullmatch(name) is not None:
        return "Hosts are vouched for by name: a numeric address is not taken."
    if _HOST.fullmatch(name) is None:
        return "The host is no full name."
    if any(name.endswith(f".{inward}") for inward in _INWARD):
        return "This name leads into the charger's own network."
    return ""


def _why_not_listed(name: str, port: int, scheme: str, hosts: Collection[str]) -> str:
    listed = {one.strip().lower() for one in hosts}
    wanted = {f"{name}:{port}"} | ({name} if port == PORTS[scheme] else set())
    if listed.isdisjoint(wanted):
        return f"{name}:{port} is not among the hosts chargers may be sent to (ZEUS_FIRMWARE_HOSTS)."
    return ""
