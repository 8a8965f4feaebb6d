"""The OCPP versions Zeus speaks, and their names on the wire."""

from enum import StrEnum


class Version(StrEnum):
    """An OCPP-J version; the value is the one used in URLs, settings and events."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The name registered with IANA for `Sec-WebSocket-Protocol`: `ocpp1.6`, `ocpp2.0.1`, `ocpp2.1`."""
        return f"ocpp{self.value}"
