"""Faults on demand: which chargers misbehave, how, and how often, drawn from the seed or scripted."""

from collections.abc import Mapping
from enum import Enum
from random import Random

import msgspec


class Fault(Enum):
    """One way to misbehave, each seen in the field."""

    OFFLINE = "offline"
    """The connection drops for a while; transaction messages pile up and are sent later."""
    DUPLICATE = "duplicate"
    """The same CALL is sent twice with the same message id."""
    RETRANSMIT = "retransmit"
    """The same payload is sent twice, the second time with a new message id."""
    DRIFT = "drift"
    """The clock runs 2 % fast."""
    WRONG_ZONE = "wrong zone"
    """Local time (UTC+3) is sent as if it were UTC."""
    HALF_OPEN = "half open"
    """The charger stops reading and answering without closing, and later connects anew."""
    MISSING_STOP = "missing stop"
    """A transaction ends without a word (power loss, lost queue)."""
    BAD_JSON = "bad json"
    """An unreadable frame (a leading comma, as Beny firmware 1.0.31 sends)."""
    BAD_SCHEMA = "bad schema"
    """A frame with a required field missing and an unknown one in its place."""
    BAD_TYPE = "bad type"
    """A frame with a text where a number belongs."""
    RUBBISH = "rubbish"
    """A burst of frames that are no OCPP at all."""
    METER_JUMP = "meter jump"
    """The energy register falls back (meter replaced or overflowed)."""
    STOP_MINUS_ONE = "stop -1"
    """The stop (and meter values) of a 1.6 transaction carry transactionId -1 (errata 3.18)."""
    SLOW = "slow"
    """A call of the server is done at once and answered late, or not at all if the connection ends meanwhile."""


class Scripted(msgspec.Struct, frozen=True):
    """A fault that strikes one charger once, at the first occasion after `after_s` seconds of its life.

    A wrong clock (DRIFT, WRONG_ZONE) lasts from then on.
    """

    charger_id: str
    after_s: float
    fault: Fault


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """The faults of a fleet: the share of chargers that has each, and how often it strikes those."""

    share: Mapping[Fault, float] = {}
    """Fault → probability (0–1) that a given charger has it."""
    chance: float = 0.1
    """Probability that a fault a charger has strikes at an occasion (a message sent, a session ended)."""
    scripted: tuple[Scripted, ...] = ()
    away_s: float = 300.0
    """How long OFFLINE and HALF_OPEN last, in simulated seconds."""
    slow_s: float = 60.0
    """How late a SLOW answer is, in simulated seconds."""
    burst: int = 20
    """Frames in one burst of RUBBISH."""

    def plan(self, charger_id: str, seed: int, born_s: float) -> "FaultPlan":
        """The faults of one charger; the same seed gives the same plan."""
        return FaultPlan(self, charger_id, seed, born_s)


NO_FAULTS = Faults()


class FaultPlan:
    """What one charger has to suffer, and whether it strikes now."""

    __slots__ = ("_armed", "_born_s", "_has", "_random", "_scripted", "faults", "quiet")

    def __init__(self, faults: Faults, charger_id: str, seed: int, born_s: float) -> None:
        self.faults = faults
        self._random = Random(f"faults:{seed}:{charger_id}")  # noqa: S311 – chance, not secrecy
        self._has = frozenset(
            fault for fault in Fault if self._random.random() < faults.share.get(fault, 0.0)
        )
        self._scripted = [entry for entry in faults.scripted if entry.charger_id == charger_id]
        self._armed: set[Fault] = set()
        self._born_s = born_s
        self.quiet = not self._has and not self._scripted
        """True as long as nothing can strike: the usual case, kept free of cost."""

    def arm(self, fault: Fault) -> None:
        """Let `fault` strike at its next occasion."""
        self._armed.add(fault)
        self.quiet = False

    def strikes(self, fault: Fault, now_s: float) -> bool:
        """Does `fault` strike at this occasion? A scripted one strikes once."""
        if self.quiet:
            return False
        for entry in self._scripted:
            if entry.fault is fault and now_s - self._born_s >= entry.after_s:
                self._scripted.remove(entry)
                return True
        if fault in self._armed:
            self._armed.discard(fault)
            return True
        return fault in self._has and self._random.random() < self.faults.chance

    def clock(self, now_s: float) -> float:
        """The time the charger believes it is."""
        if self.quiet:
            return now_s
        wrong_s = (now_s - self._born_s) * 0.02 if self._lasting(Fault.DRIFT, now_s) else 0.0
        zone_s = 3 * 3600.0 if self._lasting(Fault.WRONG_ZONE, now_s) else 0.0
        return now_s + wrong_s + zone_s

    def _lasting(self, fault: Fault, now_s: float) -> bool:
        """A wrong clock stays wrong: from birth, or from its scripted time on."""
        age_s = now_s - self._born_s
        return fault in self._has or any(e.fault is fault and age_s >= e.after_s for e in self._scripted)

    def bad_frames(self, evse_id: int, message_id: str, now_s: float) -> list[str]:
        """The frames no server should have to see, of the kinds that strike now."""
        if self.quiet:
            return []
        out = []
        if self.strikes(Fault.BAD_JSON, now_s):
            out.append(f'[2,"{message_id}-j","MeterValues",{{"connectorId":{evse_id},"meterValue":[,]}}]')
        if self.strikes(Fault.BAD_SCHEMA, now_s):
            out.append(f'[2,"{message_id}-s","StatusNotification",{{"connector":{evse_id}}}]')
        if self.strikes(Fault.BAD_TYPE, now_s):
            out.append(f'[2,"{message_id}-t","MeterValues",{{"connectorId":"one","meterValue":[]}}]')
        if self.strikes(Fault.RUBBISH, now_s):
            out.extend(self._rubbish() for _ in range(self.faults.burst))
        return out

    def _rubbish(self) -> str:
        kinds = ("", "null", "{}", "[]", "[9]", '[2,"",""]', "ping", '[3,"nobody asked",{}]', "[" * 50)
        return self._random.choice(kinds) + " " * self._random.randrange(4)
