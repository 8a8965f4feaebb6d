"""A charger core played against a server that answers at once, without sockets."""

from typing import Any

import orjson

from entrypoints.simulator.charger import Charger, Outcome
from entrypoints.simulator.connector import Vehicle
from entrypoints.simulator.faults import NO_FAULTS, Faults
from entrypoints.simulator.station import Pace
from entrypoints.simulator.story import Equipment
from tests.simulator.schemas import accepted_answer, violations

BORN_S = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""


class Table:
    """A charger on the workbench: `say` passes frames to a server that accepts everything."""

    def __init__(
        self,
        version: str = "1.6",
        *,
        seed: int = 1,
        faults: Faults = NO_FAULTS,
        pace: Pace | None = None,
        evses: int = 1,
        tethered: bool = False,
    ) -> None:
        self.version = version
        self.now_s = BORN_S
        self.outcomes: list[Outcome] = []
        self.frames: list[str] = []
        self.silent: set[str] = set()
        """Actions the server does not answer."""
        self.failing: set[str] = set()
        """Actions the server answers with a CALLERROR."""
        self.answers: dict[str, dict[str, Any]] = {}
        equipment = Equipment(charger_id="CP1", version=version, evses=evses, tethered=tethered)
        self.charger = Charger(
            equipment, seed=seed, born_s=BORN_S, faults=faults, pace=pace, on_outcome=self.outcomes.append
        )

    @property
    def station(self) -> Any:
        """The hardware."""
        return self.charger.station

    def say(self, frames: list[str]) -> None:
        """Note the frames and answer them until the charger has nothing more to say."""
        waiting = list(frames)
        while waiting:
            text = waiting.pop(0)
            self.frames.append(text)
            waiting += self._replied(text)

    def _replied(self, text: str) -> list[str]:
        frame = orjson.loads(text)
        if frame[0] != 2 or frame[2] in self.silent:
            return []
        assert violations(self.version, frame[2], frame[3]) == []
        if frame[2] in self.failing:
            return self.charger.received(f'[4,"{frame[1]}","InternalError","",{{}}]', self.now_s)
        answer = self.answers.get(frame[2]) or accepted_answer(self.version, frame[2])
        return self.charger.received(orjson.dumps([3, frame[1], answer]).decode(), self.now_s)

    def online(self) -> "Table":
        """Open the socket."""
        self.say(self.charger.opened(self.now_s))
        return self

    def offline(self) -> "Table":
        """Lose the socket."""
        self.charger.closed(self.now_s)
        return self

    def wait(self, seconds: float) -> "Table":
        """Let time pass, waking the charger whenever it is due."""
        end_s = self.now_s + seconds
        while (due_s := self.charger.due_s()) is not None and due_s <= end_s:
            self.now_s = max(self.now_s, due_s)
            self.say(self.charger.elapsed(self.now_s))
        self.now_s = end_s
        self.say(self.charger.elapsed(self.now_s))
        return self

    def charge(self, evse_id: int = 1, wanted_wh: float = 5000, power_w: float = 11_000) -> "Table":
        """Plug in and present a token."""
        self.say(self.charger.plug(evse_id, Vehicle(wanted_wh, power_w), self.now_s))
        self.say(self.charger.present(evse_id, "TAG1", self.now_s))
        return self

    def leave(self, evse_id: int = 1) -> "Table":
        """Pull the cable."""
        self.say(self.charger.unplug(evse_id, self.now_s))
        return self

    def ask(self, action: str, payload: dict[str, Any]) -> Any:
        """Call the charger: its answer, checked against its schema. What follows is answered."""
        frames = self.charger.received(orjson.dumps([2, "srv", action, payload]).decode(), self.now_s)
        answer = orjson.loads(frames[0])
        assert answer[1] == "srv"
        if answer[0] == 3:
            assert violations(self.version, action, answer[2], response=True) == []
        self.say(frames[1:])
        return answer[2]

    def calls(self, action: str | None = None) -> list[Any]:
        """The payloads of all calls (of one action)."""
        frames = [orjson.loads(text) for text in self.frames]
        return [f[3] for f in frames if f[0] == 2 and action in (None, f[2])]

    def actions(self) -> list[str]:
        """The actions of all calls in order."""
        return [f[2] for f in map(orjson.loads, self.frames) if f[0] == 2]
