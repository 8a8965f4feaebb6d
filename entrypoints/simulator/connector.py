"""One EVSE with its connector: the car plugged in, the power that flows, the register that counts it."""

from entrypoints.simulator.story import Equipment, Reading, Transaction

_TAPER_FROM = 0.8
_TAPER_TO = 0.15
_STEP_S = 60.0


class Vehicle:
    """A car that wants energy: full power up to 80 %, then tapering to 15 % of it."""

    __slots__ = ("battery_wh", "delivered_wh", "max_power_w", "phases", "soc_at_arrival", "wanted_wh")

    def __init__(
        self,
        wanted_wh: float,
        max_power_w: float,
        *,
        phases: int = 3,
        battery_wh: float | None = None,
        soc_at_arrival: float = 0.2,
    ) -> None:
        self.wanted_wh = wanted_wh
        self.max_power_w = max_power_w
        self.phases = phases
        self.battery_wh = battery_wh
        self.soc_at_arrival = soc_at_arrival
        self.delivered_wh = 0.0

    @property
    def full(self) -> bool:
        """It has all the energy it wanted."""
        return self.delivered_wh >= self.wanted_wh

    def power_w(self, offered_w: float) -> float:
        """What it draws now when `offered_w` are offered."""
        if self.full:
            return 0.0
        share = self.delivered_wh / self.wanted_wh
        left = (
            1.0 if share < _TAPER_FROM else 1.0 - (share - _TAPER_FROM) / (1 - _TAPER_FROM) * (1 - _TAPER_TO)
        )
        return min(self.max_power_w * left, offered_w)

    def soc_percent(self) -> float | None:
        """State of charge; None for a car that does not tell (AC without ISO 15118)."""
        if self.battery_wh is None:
            return None
        return min(100.0, 100.0 * (self.soc_at_arrival + self.delivered_wh / self.battery_wh))


class Connector:
    """State of one EVSE. `state` uses the 1.6 words, which tell more than those of 2.x."""

    __slots__ = (
        "at_s",
        "authorized",
        "equipment",
        "evse_id",
        "next_sample_s",
        "operative",
        "power_w",
        "register_wh",
        "remote_start_id",
        "reservation",
        "state",
        "told",
        "transaction",
        "vehicle",
        "word_queued",
    )

    def __init__(self, equipment: Equipment, evse_id: int) -> None:
        self.equipment = equipment
        self.evse_id = evse_id
        self.state = "Available"
        self.operative = True
        self.told: str | None = None
        """The status word the server has acknowledged."""
        self.word_queued: str | None = None
        """The status word last handed to the outbox."""
        self.vehicle: Vehicle | None = None
        self.authorized: str | None = None
        self.remote_start_id: int | None = None
        self.reservation: tuple[int, str, float] | None = None
        """Reservation id, token and expiry."""
        self.transaction: Transaction | None = None
        self.register_wh = float(equipment.register_wh)
        self.power_w = 0.0
        self.at_s = 0.0
        self.next_sample_s: float | None = None

    def advance(self, now_s: float, limit_w: float) -> None:
        """Let energy flow from the last time looked at until now, at most `limit_w`."""
        while self.transaction is not None and self.vehicle is not None and self.at_s < now_s:
            step_s = min(_STEP_S, now_s - self.at_s)
            self.power_w = self.vehicle.power_w(min(limit_w, self.equipment.max_power_w))
            energy_wh = min(self.power_w * step_s / 3600, self.vehicle.wanted_wh - self.vehicle.delivered_wh)
            self.vehicle.delivered_wh += energy_wh
            self.register_wh += energy_wh
            self.at_s += step_s
            if self.power_w == 0.0:
                break
        self.at_s = now_s
        idle = self.transaction is None or self.vehicle is None
        self.power_w = 0.0 if idle or self.vehicle is None else self.vehicle.power_w(limit_w)

    def reading(self, at_s: float) -> Reading:
        """What the meter shows; `at_s` is the time the charger believes it is."""
        vehicle = self.vehicle
        phases = min(vehicle.phases, self.equipment.phases) if vehicle else self.equipment.phases
        current_a = self.power_w / (self.equipment.voltage_v * phases)
        soc = vehicle.soc_percent() if vehicle else None
        return Reading(
            at_s, round(self.register_wh), self.power_w, self.equipment.voltage_v, (current_a,) * phases, soc
        )
