"""What the charger does between plug and parking bay: cars, tokens, transactions, time; no frames, no I/O."""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from entrypoints.simulator.connector import Connector, Vehicle
from entrypoints.simulator.dialects.dialect import Dialect
from entrypoints.simulator.faults import Fault, Faults
from entrypoints.simulator.outbox import Call, Outbox
from entrypoints.simulator.profiles import Profiles
from entrypoints.simulator.settings import settings_of
from entrypoints.simulator.story import Equipment, Step, Transaction


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a charger is, in simulated seconds (a fleet stretches them by its time-lapse)."""

    timeout_s: float = 30.0
    max_attempts: int = 10
    retry_interval_s: float = 30.0
    stretch: float = 1.0
    """Factor on all waiting for the server, so that a time-lapse does not shorten the server's time."""


class Away(msgspec.Struct, frozen=True):
    """Leave the network: close (or, `deaf`, merely stop reading and writing) and come back after a while."""

    for_s: float
    deaf: bool = False


class Station:
    """The hardware and its firmware's behaviour. Every method takes the true time `now_s`."""

    def __init__(
        self, equipment: Equipment, dialect: Dialect, seed: int, born_s: float, faults: Faults, pace: Pace
    ) -> None:
        self.equipment = equipment
        self.dialect = dialect
        self.pace = pace
        self.random = Random(f"{seed}:{equipment.charger_id}:{born_s}")  # noqa: S311 – chance, not secrecy
        self.plan = faults.plan(equipment.charger_id, seed, born_s)
        self.settings = settings_of(equipment)
        self.profiles = Profiles(equipment.voltage_v, equipment.phases)
        self.connectors = {n: Connector(equipment, n) for n in range(1, equipment.evses + 1)}
        self.outbox = Outbox(
            max_attempts=pace.max_attempts,
            retry_interval_s=pace.retry_interval_s * pace.stretch,
            timeout_s=pace.timeout_s * pace.stretch,
        )
        self.online = False
        self.accepted = False
        self.boot_reason = "PowerUp"
        self.away: Away | None = None
        self.heartbeat_at_s: float | None = None
        self.token_cache: set[str] = set()
        self.local_list: dict[str, str] = {}
        self.local_list_version = 0
        self.tariffs: dict[int, dict[str, Any]] = {}
        """2.1: the default tariff of each EVSE, 0 for all."""
        self.certificates: dict[str, tuple[str, dict[str, Any]]] = {}
        self._later: list[tuple[float, int, Callable[[float], None]]] = []
        self._tie = count()
        self._wanted: tuple[str, frozenset[str]] = ("", frozenset())

    # The bay ---------------------------------------------------------------------------------------

    def plug(self, evse_id: int, vehicle: Vehicle, now_s: float) -> None:
        """A car is plugged in; when its driver is known already, charging begins."""
        connector = self.connectors[evse_id]
        if connector.vehicle is not None or not connector.operative:
            return
        connector.vehicle = vehicle
        self.show(connector, "Preparing", now_s)
        self._begin_if_ready(connector, now_s, "CablePluggedIn")

    def unplug(self, evse_id: int, now_s: float) -> None:
        """The cable is pulled; a running transaction ends with it."""
        connector = self.connectors[evse_id]
        if connector.transaction is not None:
            self.end(connector, now_s, "EVDisconnected")
        connector.vehicle = None
        connector.authorized = None
        self.show(connector, "Available" if connector.operative else "Unavailable", now_s)

    def present(self, evse_id: int, token: str, now_s: float) -> None:
        """A token is held to the reader: ends its own transaction, else asks to begin one."""
        connector = self.connectors[evse_id]
        if connector.transaction is not None:
            if connector.transaction.token == token:
                self.end(connector, now_s, "Local", token)
            return
        if self.online and self.accepted:
            self.outbox.put(Call(self.dialect.authorize(token), about=(connector, token)))
        elif self._known_offline(token):
            self.authorized(connector, token, now_s, "Authorized")

    def _known_offline(self, token: str) -> bool:
        known = self.local_list.get(token) == "Accepted" or token in self.token_cache
        flags = ("AllowOfflineTxForUnknownId", "AuthCtrlr.OfflineTxForUnknownIdEnabled")
        return known or any(self.settings.flag(name) for name in flags)

    def authorized(self, connector: Connector, token: str, now_s: float, trigger: str) -> None:
        """The driver may charge; without a car the permission lapses after the connection time-out."""
        connector.authorized = token
        self._begin_if_ready(connector, now_s, trigger)
        if connector.transaction is None:
            wait_s = max(self.settings.number("ConnectionTimeOut", 120), 1)
            self.after(now_s + wait_s, lambda _: self._forget(connector, token))

    def _forget(self, connector: Connector, token: str) -> None:
        if connector.transaction is None and connector.authorized == token:
            connector.authorized = None

    def remote_start(self, evse_id: int, token: str, now_s: float, remote_id: int | None = None) -> bool:
        """The server wants a transaction; False when the EVSE is taken or out of order."""
        connector = self.connectors.get(evse_id)
        if connector is None or connector.transaction is not None or not connector.operative:
            return False
        connector.remote_start_id = remote_id
        if any(
            self.settings.flag(k) for k in ("AuthorizeRemoteTxRequests", "AuthCtrlr.AuthorizeRemoteStart")
        ):
            self.outbox.put(Call(self.dialect.authorize(token), about=(connector, token)))
        else:
            self.authorized(connector, token, now_s, "RemoteStart")
        return True

    # Transactions ----------------------------------------------------------------------------------

    def _begin_if_ready(self, connector: Connector, now_s: float, trigger: str) -> None:
        token = connector.authorized
        if token is None or connector.vehicle is None or connector.transaction is not None:
            return
        if connector.state != "Preparing":
            return  # after a transaction the cable must be pulled first, as most boxes want it
        if connector.reservation is not None:
            connector.reservation = None
        connector.at_s = now_s
        key = str(UUID(int=self.random.getrandbits(128), version=4))
        began = connector.reading(self.plan.clock(now_s))
        transaction = Transaction(key, connector.evse_id, token, began)
        transaction.remote_start_id, connector.remote_start_id = connector.remote_start_id, None
        connector.transaction = transaction
        connector.authorized = None
        self._keep(self.dialect.start(transaction, trigger, not self.online), transaction, connector)
        connector.next_sample_s = now_s + self.sample_interval_s
        self._flow(connector, now_s)

    def _flow(self, connector: Connector, now_s: float) -> None:
        """Show what the power does: charging, suspended by the car, or by us."""
        transaction, vehicle = connector.transaction, connector.vehicle
        if transaction is None or vehicle is None:
            return
        limit_w = self.limit_w(connector, now_s)
        connector.power_w = vehicle.power_w(min(limit_w, self.equipment.max_power_w))
        state = "SuspendedEV" if vehicle.full else "SuspendedEVSE" if limit_w <= 0 else "Charging"
        if state == connector.state:
            return
        self.show(connector, state, now_s)
        transaction.state = state
        step = self.dialect.charging_state(transaction, self.plan.clock(now_s), not self.online)
        if step is not None:
            self._keep(step, transaction, connector)

    def end(self, connector: Connector, now_s: float, reason: str, token: str | None = None) -> None:
        """A transaction ends; `reason` in 2.x words."""
        transaction = connector.transaction
        if transaction is None:
            return
        connector.advance(now_s, self.limit_w(connector, now_s))
        connector.power_w = 0.0
        reading = connector.reading(self.plan.clock(now_s))
        connector.transaction = None
        connector.next_sample_s = None
        self.profiles.end_transaction(connector.evse_id)
        if not self.plan.strikes(Fault.MISSING_STOP, now_s):
            step = self.dialect.stop(transaction, reading, reason, token, not self.online)
            self._keep(step, transaction, connector)
        self.show(connector, "Finishing", now_s)

    def transaction_known_as(self, name: str) -> Connector | None:
        """The connector whose transaction has this 2.x id or 1.6 number."""
        for connector in self.connectors.values():
            running = connector.transaction
            if running is not None and name in (running.key, str(running.number)):
                return connector
        return None

    def limit_w(self, connector: Connector, now_s: float) -> float:
        """What the installed profiles offer to this EVSE now."""
        if not len(self.profiles):
            return float("inf")
        running = connector.transaction
        return self.profiles.limit_w(connector.evse_id, now_s, running.started_at_s if running else None)

    @property
    def sample_interval_s(self) -> float:
        """Seconds between meter values of a transaction; infinite when switched off."""
        return self.settings.number(self.dialect.metering_interval_key, 60) or float("inf")

    @property
    def wanted(self) -> frozenset[str]:
        """The measurands to sample."""
        text = self.settings.value(self.dialect.sampled_data_key)
        if self._wanted[0] != text:
            self._wanted = (text, frozenset(part.strip() for part in text.split(",")))
        return self._wanted[1]

    # Messages --------------------------------------------------------------------------------------

    def _keep(self, step: Step, transaction: Transaction, connector: Connector) -> None:
        self.outbox.put(Call(step, kept=True, transaction=transaction, about=connector))

    def tell(self, step: Step, *, kept: bool = False) -> None:
        """Queue a message; a kept one survives a lost connection (security events)."""
        if kept or self.online:
            self.outbox.put(Call(step, kept=kept))

    def show(self, connector: Connector, state: str, now_s: float) -> None:
        """Change the connector's state; the server hears of it when it knows a word for the difference."""
        connector.state = state
        word = self.dialect.connector_word(state)
        if self.online and self.accepted and word != connector.word_queued:
            connector.word_queued = word
            status = self.dialect.status(connector.evse_id, word, self.plan.clock(now_s))
            self.outbox.put(Call(status, about=(connector, word)))

    def show_all(self, now_s: float, *, again: bool = False) -> None:
        """Report every connector whose state the server does not know (`again`: all of them)."""
        if again and self.equipment.version == "1.6":
            self.tell(self.dialect.status(0, "Available", self.plan.clock(now_s)))
        for connector in self.connectors.values():
            connector.word_queued = None if again else connector.told
            self.show(connector, connector.state, now_s)

    def security_event(self, kind: str, now_s: float, info: str = "") -> None:
        """Something the server must not miss: kept until acknowledged."""
        self.tell(self.dialect.security_event(kind, self.plan.clock(now_s), info), kept=True)

    # Time ------------------------------------------------------------------------------------------

    def after(self, at_s: float, action: Callable[[float], None]) -> None:
        """Do something at a later time."""
        heapq.heappush(self._later, (at_s, next(self._tie), action))

    def elapse(self, now_s: float) -> None:
        """Let time pass: what was planned, energy, samples, heartbeat."""
        while self._later and self._later[0][0] <= now_s:
            heapq.heappop(self._later)[2](now_s)
        for connector in self.connectors.values():
            if connector.transaction is not None:
                connector.advance(now_s, self.limit_w(connector, now_s))
                self._flow(connector, now_s)
                self._sample_if_due(connector, now_s)
        if self.heartbeat_at_s is not None and self.heartbeat_at_s <= now_s:
            self.heartbeat_at_s = now_s + max(1.0, self.settings.number(self.dialect.heartbeat_key, 300))
            if self.accepted:
                self.tell(self.dialect.heartbeat())

    def _sample_if_due(self, connector: Connector, now_s: float) -> None:
        if connector.next_sample_s is None or connector.next_sample_s > now_s:
            return
        connector.next_sample_s = now_s + self.sample_interval_s
        if self.plan.strikes(Fault.METER_JUMP, now_s):
            connector.register_wh = max(0.0, connector.register_wh - 5000)
        self.sample(connector, now_s, "Sample.Periodic")

    def sample(self, connector: Connector, now_s: float, context: str) -> None:
        """Send a reading now, inside or outside a transaction."""
        reading = connector.reading(self.plan.clock(now_s))
        running = connector.transaction
        if running is None:
            self.tell(self.dialect.idle_meter(connector.evse_id, reading, self.wanted))
        else:
            step = self.dialect.meter(running, reading, self.wanted, not self.online, context)
            self._keep(step, running, connector)

    def reboot(self, now_s: float, reason: str) -> None:
        """Go down and come back in a few seconds as after power-up; the kept queue survives."""
        self.boot_reason = reason
        self.accepted = False
        self.away = Away(for_s=5.0)

    def due_s(self) -> float | None:
        """When time alone will change something."""
        times = [self._later[0][0]] if self._later else []
        times += [c.next_sample_s for c in self.connectors.values() if c.next_sample_s is not None]
        if self.heartbeat_at_s is not None and self.online:
            times.append(self.heartbeat_at_s)
        return min(times, default=None)
