"""The words a charging story is told in, before a dialect turns them into OCPP messages."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

Payload = dict[str, Any]


class Step(NamedTuple):
    """One message a charger wants to send: the action's wire name and its payload."""

    action: str
    payload: Payload


class Equipment(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the pavement: identity, nameplate and number of EVSEs (each with one connector)."""

    charger_id: str
    version: str = "1.6"
    """`1.6`, `2.0.1` or `2.1`."""
    vendor: str = "Zeus"
    model: str = "Simulated AC 22"
    serial: str | None = None
    firmware: str = "1.0.0"
    evses: int = 1
    phases: int = 3
    max_current_a: float = 32.0
    voltage_v: float = 230.0
    tethered: bool = False
    """A fixed cable: UnlockConnector is not supported (1.6 errata 3.85)."""
    register_wh: int = 0
    """Where the energy register of every EVSE stands at the beginning."""

    @property
    def max_power_w(self) -> float:
        """The power of one EVSE with all phases at full current."""
        return self.max_current_a * self.voltage_v * self.phases


class Reading(NamedTuple):
    """What the meter shows at one instant. `currents_a` has one entry a phase in use."""

    at_s: float
    register_wh: int
    power_w: float
    voltage_v: float
    currents_a: tuple[float, ...]
    soc_percent: float | None = None


class Transaction:
    """A charging session as the charger remembers it; `number` is the 1.6 id, once the server gave one."""

    __slots__ = (
        "began",
        "evse_id",
        "key",
        "number",
        "remote_start_id",
        "sequence",
        "started_at_s",
        "state",
        "token",
    )

    def __init__(self, key: str, evse_id: int, token: str, began: Reading) -> None:
        self.key = key
        self.evse_id = evse_id
        self.token = token
        self.began = began
        self.started_at_s = began.at_s
        self.number: int | None = None
        self.remote_start_id: int | None = None
        self.sequence = 0
        self.state = "EVConnected"

    def next_sequence(self) -> int:
        """The 2.x seqNo of the next event: 0, 1, 2 … without gaps (2.0.1 E01.FR.07)."""
        self.sequence += 1
        return self.sequence - 1


def timestamp(at_s: float) -> str:
    """Seconds since 1970 as OCPP writes time: UTC, milliseconds, `Z`."""
    return f"{_second(int(at_s))}.{int(at_s % 1 * 1000):03d}Z"


@lru_cache(maxsize=4096)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def instant(text: str) -> float:
    """The seconds since 1970 of a timestamp received; without a zone it is taken for UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
