"""The charger without its socket: frames, time and people go in, frames to send come out."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from entrypoints.simulator.commands.answer import Refusal, answer_for
from entrypoints.simulator.connector import Connector, Vehicle
from entrypoints.simulator.dialects.dialect import Dialect
from entrypoints.simulator.dialects.v2x import V2x
from entrypoints.simulator.dialects.v16 import V16
from entrypoints.simulator.faults import NO_FAULTS, Fault, Faults
from entrypoints.simulator.outbox import Call
from entrypoints.simulator.station import Away, Pace, Station
from entrypoints.simulator.story import Equipment, Payload


class Outcome(NamedTuple):
    """What became of a CALL: `result`, `error`, `timeout` (may be tried again) or `given up`."""

    call: Call
    kind: str
    text: str
    """The answer as received, empty where none came."""


def dialect_of(version: str) -> Dialect:
    """The dialect of `1.6`, `2.0.1` or `2.1`."""
    if version == "1.6":
        return V16()
    if version in ("2.0.1", "2.1"):
        return V2x(version)
    raise ValueError(f"no charger speaks OCPP {version!r}: choose 1.6, 2.0.1 or 2.1")


class Charger:
    """One simulated charger; all inputs take the simulated time in seconds and return frames in order.

    `born_s` (with the seed) makes message ids and transaction ids, so that a later run of the same seed does
    not repeat them to the same server.
    """

    def __init__(
        self,
        equipment: Equipment,
        *,
        seed: int,
        born_s: float,
        faults: Faults = NO_FAULTS,
        pace: Pace | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.station = Station(equipment, dialect_of(equipment.version), seed, born_s, faults, pace or Pace())
        self.story: Iterator[Call] | None = None
        """Calls to make one after the other as fast as they are answered (the replay of sessions)."""
        self.unexpected = 0
        """Frames received that were no answer of ours and no readable call."""
        self._on_outcome = on_outcome
        self._run = f"{int(born_s * 1000):x}-{self.station.random.getrandbits(24):06x}"
        self._calls_made = 0
        self._out: list[str] = []

    # Inputs ----------------------------------------------------------------------------------------

    def opened(self, now_s: float) -> list[str]:
        """The socket is open: boot when not yet accepted, else only what changed (OCPP-J 5.4)."""
        station = self.station
        station.online = True
        if station.accepted:
            station.show_all(now_s)
        else:
            self._boot(now_s)
        return self._frames(now_s)

    def closed(self, now_s: float) -> None:
        """The socket is gone."""
        self.station.online = False
        self.station.outbox.disconnected()

    def elapsed(self, now_s: float) -> list[str]:
        """Time has passed."""
        station = self.station
        late = station.outbox.expired(now_s)
        if late is not None:
            self._failed(late, "timeout", "", now_s)
        station.elapse(now_s)
        return self._frames(now_s)

    def plug(self, evse_id: int, vehicle: Vehicle, now_s: float) -> list[str]:
        """A car is plugged in."""
        self.station.plug(evse_id, vehicle, now_s)
        return self._frames(now_s)

    def unplug(self, evse_id: int, now_s: float) -> list[str]:
        """The cable is pulled."""
        self.station.unplug(evse_id, now_s)
        return self._frames(now_s)

    def present(self, evse_id: int, token: str, now_s: float) -> list[str]:
        """A token is held to the reader of an EVSE."""
        self.station.present(evse_id, token, now_s)
        return self._frames(now_s)

    def received(self, text: str, now_s: float) -> list[str]:
        """A frame arrived."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            frame = None
        match frame:
            case [3, str(message_id), dict(payload)]:
                self._result(message_id, payload, text, now_s)
            case [4, str(message_id), *_]:
                self._error(message_id, text, now_s)
            case [2, str(message_id), str(action), dict(payload)]:
                self._answer(message_id, action, payload, now_s)
            case _:
                self.unexpected += 1
        return self._frames(now_s)

    def due_s(self) -> float | None:
        """When `elapsed` has to be called at the latest, None when time changes nothing."""
        times = [t for t in (self.station.due_s(), self._outbox_due_s()) if t is not None]
        return min(times, default=None)

    def take_away(self) -> Away | None:
        """The wish to leave the network, once."""
        away, self.station.away = self.station.away, None
        return away

    @property
    def idle(self) -> bool:
        """The story is told and everything is answered."""
        return self.story is None and self.station.outbox.empty

    # Answers of the server -------------------------------------------------------------------------

    def _result(self, message_id: str, payload: Payload, text: str, now_s: float) -> None:
        call = self.station.outbox.settle(message_id)
        if call is None:
            self.unexpected += 1
            return
        self._heed(call, payload, now_s)
        if self._on_outcome is not None:
            self._on_outcome(Outcome(call, "result", text))

    def _error(self, message_id: str, text: str, now_s: float) -> None:
        call = self.station.outbox.settle(message_id)
        if call is None:
            self.unexpected += 1
            return
        if call.action != "BootNotification" and '"SecurityError"' in text:
            self.station.accepted = False  # the server does not know us as accepted (J errata 3.10)
            self._boot(now_s)
        self._failed(call, "error", text, now_s)

    def _failed(self, call: Call, kind: str, text: str, now_s: float) -> None:
        retried = self.station.outbox.retry(call, now_s)
        if call.action == "BootNotification":
            self.station.after(now_s + 30 * self.station.pace.stretch, self._boot_again)
        if self._on_outcome is not None:
            self._on_outcome(Outcome(call, kind, text))
            if call.kept and not retried:
                self._on_outcome(Outcome(call, "given up", text))

    def _heed(self, call: Call, payload: Payload, now_s: float) -> None:
        """Do what an answer asks for."""
        station, dialect = self.station, self.station.dialect
        if call.action == "BootNotification":
            self._booted(payload, now_s)
        elif call.action == "StatusNotification":
            if isinstance(call.about, tuple):
                call.about[0].told = call.about[1]
        elif call.action == "Authorize":
            self._authorization(call, dialect.verdict(call.action, payload), now_s)
        elif call.transaction is not None:
            number = dialect.number(call.action, payload)
            if number is not None:
                call.transaction.number = number
            verdict = dialect.verdict(call.action, payload)
            if verdict is not None and verdict != "Accepted":
                self._deauthorized(call, now_s)
        if station.plan.quiet is False:
            self._occasion(call, now_s)

    def _booted(self, payload: Payload, now_s: float) -> None:
        station = self.station
        interval_s = float(payload.get("interval") or 300)
        if payload.get("status") != "Accepted":
            station.after(now_s + interval_s, self._boot_again)
            return
        station.accepted = True
        station.settings.change(station.dialect.heartbeat_key, str(int(interval_s)))
        station.heartbeat_at_s = now_s + interval_s
        station.show_all(now_s, again=True)

    def _boot(self, now_s: float) -> None:
        station = self.station
        station.outbox.put_first(Call(station.dialect.boot(station.equipment, station.boot_reason)))

    def _boot_again(self, now_s: float) -> None:
        if self.station.online and not self.station.accepted:
            self._boot(now_s)

    def _authorization(self, call: Call, verdict: str | None, now_s: float) -> None:
        if not isinstance(call.about, tuple):
            return
        connector, token = call.about
        if verdict == "Accepted":
            self.station.token_cache.add(token)
            remote = connector.remote_start_id is not None
            self.station.authorized(connector, token, now_s, "RemoteStart" if remote else "Authorized")
        else:
            self.station.token_cache.discard(token)

    def _deauthorized(self, call: Call, now_s: float) -> None:
        """The server does not know the token: stop, unless configured to go on (1.6 §4.8)."""
        station, connector = self.station, call.about
        if not isinstance(connector, Connector) or connector.transaction is not call.transaction:
            return
        if any(station.settings.flag(k) for k in ("StopTransactionOnInvalidId", "TxCtrlr.StopTxOnInvalidId")):
            station.end(connector, now_s, "DeAuthorized")

    # Calls of the server ---------------------------------------------------------------------------

    def _answer(self, message_id: str, action: str, payload: Payload, now_s: float) -> None:
        answer = answer_for(self.station, action, payload, now_s)
        if isinstance(answer, Refusal):
            frame: list[Any] = [4, message_id, answer.code, answer.text, {}]
        else:
            frame = [3, message_id, answer]
        text, plan = orjson.dumps(frame).decode(), self.station.plan
        if plan.strikes(Fault.SLOW, now_s):
            self.station.after(now_s + plan.faults.slow_s, lambda _: self._out.append(text))
        else:
            self._out.append(text)

    # Output ----------------------------------------------------------------------------------------

    def _frames(self, now_s: float) -> list[str]:
        station = self.station
        while station.online:
            call = station.outbox.take(now_s, accepted=station.accepted)
            if call is not None:
                self._send(call, now_s)
            elif not self._next_of_story():
                break
        out, self._out = self._out, []
        return out if station.online else []

    def _next_of_story(self) -> bool:
        """Feed the next call of the story when nothing else waits."""
        if self.story is None or not self.station.accepted or not self.station.outbox.empty:
            return False
        call = next(self.story, None)
        if call is None:
            self.story = None
            return False
        self.station.outbox.put(call)
        return True

    def _send(self, call: Call, now_s: float) -> None:
        """Write the frame; a call tried again keeps its message id (OCPP-J 2.0.1 §4.1.4)."""
        station = self.station
        if not call.message_id:
            self._calls_made += 1
            call.message_id = f"{self._run}-{self._calls_made:x}"
        if call.transaction is not None:
            station.dialect.bind(call.payload, call.transaction)
        if station.plan.quiet:
            call.frame = orjson.dumps([2, call.message_id, call.action, call.payload]).decode()
            self._out.append(call.frame)
        else:
            self._send_with_faults(call, now_s)

    def _send_with_faults(self, call: Call, now_s: float) -> None:
        plan = self.station.plan
        evse_id = call.transaction.evse_id if call.transaction else 1
        self._out.extend(plan.bad_frames(evse_id, call.message_id, now_s))
        if "transactionId" in call.payload and plan.strikes(Fault.STOP_MINUS_ONE, now_s):
            call.payload["transactionId"] = -1
        call.frame = orjson.dumps([2, call.message_id, call.action, call.payload]).decode()
        self._out.append(call.frame)
        if plan.strikes(Fault.DUPLICATE, now_s):
            self._out.append(call.frame)
        if call.kept and plan.strikes(Fault.RETRANSMIT, now_s):
            again = [2, f"{call.message_id}-again", call.action, call.payload]
            self._out.append(orjson.dumps(again).decode())

    def _occasion(self, call: Call, now_s: float) -> None:
        """A message was answered: an occasion to lose the network."""
        plan, station = self.station.plan, self.station
        if call.action == "BootNotification":
            return
        if plan.strikes(Fault.OFFLINE, now_s):
            station.away = Away(plan.faults.away_s)
        elif plan.strikes(Fault.HALF_OPEN, now_s):
            station.away = Away(plan.faults.away_s, deaf=True)

    def _outbox_due_s(self) -> float | None:
        return self.station.outbox.due_s() if self.station.online else None
