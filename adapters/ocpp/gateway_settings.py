"""What an operator may choose about the sockets."""

from collections.abc import Collection

import msgspec

from adapters.ocpp.frames import LIMITS, Limits
from adapters.ocpp.versions import Version


class GatewaySettings(msgspec.Struct, frozen=True):
    """One process's choices."""

    tenant: str
    gateway: str
    """This process, by a name of its own: tells its connections from those of a predecessor."""
    versions: frozenset[Version]
    trusted_proxies: frozenset[str] = frozenset()
    limits: Limits = LIMITS
    frames_per_s: float = 50.0
    """Sustained frames of one charger; beyond it and the burst, reading is delayed."""
    burst: int = 500
    """A reconnecting charger empties a backlog of hundreds of messages at once: that must pass."""
    unknown_id_status: int = 404
    """404, as OCPP-J wants it; with 401 an unknown id is answered as a wrong password is."""
    organisation: str = ""
    """The operator's name, which certificates of chargers have to bear (A00.FR.404); empty: any."""
    ping_timeout_s: float = 5.0
    """How long the first of two connections has to prove that it is alive."""


def enabled_versions(names: Collection[str]) -> frozenset[Version]:
    """The versions of these names; raises ValueError for one that does not exist."""
    return frozenset(Version(name) for name in names)
