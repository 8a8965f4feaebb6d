"""A 1.6 charger on a socket in memory that keeps what it is given: settings, a list, profiles, reservations."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from adapters.ocpp.gateway import Gateway
from tests.fakes.charger_socket import OPEN, ChargerSocket

Payload = dict[str, Any]
ANSWER, ERROR = 3, 4


class LivingCharger:
    """One box; `connect` as often as you like. What it keeps outlasts its connections."""

    def __init__(self, gateway: Gateway, cpid: str = "CP1", password: str | None = None) -> None:
        """At home with this gateway; `gateway` may be changed between connections."""
        self.gateway = gateway
        self.cpid, self._password = cpid, password
        self.settings: dict[str, str] = {"HeartbeatInterval": "300", "NumberOfConnectors": "2"}
        self.readonly = {"NumberOfConnectors"}
        self.needs_restart: set[str] = set()
        self.after_restart: dict[str, str] = {}
        self.list_version = 0
        self.tokens: dict[str, str] = {}
        self.profiles: dict[int, tuple[int, Payload]] = {}
        self.reservations: dict[int, Payload] = {}
        self.available: dict[int, str] = {}
        self.words: dict[str, str] = {}
        """Action → the status it answers instead of Accepted."""
        self.errors: dict[str, str] = {}
        """Action → the code of the CALLERROR it answers."""
        self.silent: set[str] = set()
        self.held_back: set[str] = set()
        """Actions that it answers only when it is told to `go_on`."""
        self.schedule: Payload | None = None
        self.calls: list[tuple[str, Payload]] = []
        """Everything it was ever asked."""
        self.socket: ChargerSocket | None = None
        self._life: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._waiting: list[tuple[str, str, Payload]] = []

    # -- its connection ------------------------------------------------------------------------------------

    async def connect(self, *, boot: bool = True) -> None:
        """Knock, boot, and answer from then on."""
        basic = b64encode(f"{self.cpid}:{self._password}".encode())
        headers = [] if self._password is None else [(b"authorization", b"Basic " + basic)]
        self.socket = socket = ChargerSocket(self.gateway, f"/ocpp/1.6/{self.cpid}", headers=headers)
        assert await socket.decided() == 101
        self._life = asyncio.create_task(self._live(socket))
        if boot:
            self.boot()

    def boot(self) -> None:
        """Say who it is, with what was put off until a restart."""
        assert self.socket is not None
        self.settings.update(self.after_restart)
        self.after_restart.clear()
        payload = {"chargePointVendor": "Acme", "chargePointModel": "One"}
        self.socket.say(json.dumps([2, f"boot-{len(self.socket.texts)}", "BootNotification", payload]))

    def say(self, action: str, payload: Payload) -> None:
        """Send a call of its own."""
        assert self.socket is not None
        self.socket.say(json.dumps([2, f"own-{len(self.calls)}-{action}", action, payload]))

    async def vanish(self) -> None:
        """Lose the connection."""
        assert self.socket is not None
        assert self._life is not None
        self._life.cancel()
        with suppress(asyncio.CancelledError):
            await self._life
        self.socket.leave()
        await self.socket.ended()
        self._waiting.clear()

    def go_on(self) -> None:
        """Answer what was held back."""
        self.held_back.clear()
        for name, action, payload in self._waiting:
            self._reply(name, action, payload)
        self._waiting.clear()

    async def until(self, reached: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait for a call after which `reached` is true."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(reached)

    def asked(self, action: str) -> list[Payload]:
        """The payloads of all calls of an action."""
        return [payload for name, payload in self.calls if name == action]

    async def _live(self, socket: ChargerSocket) -> None:
        heard = 0
        while True:
            with suppress(TimeoutError):
                await socket.until(lambda: len(socket.texts) > heard)  # noqa: B023 - it is awaited here
            while len(socket.texts) > heard:
                frame = json.loads(socket.texts[heard])
                heard += 1
                if frame[0] == 2:
                    self._hear(*frame[1:])
            async with self._news:
                self._news.notify_all()

    def _hear(self, name: str, action: str, payload: Payload) -> None:
        self.calls.append((action, payload))
        if action in self.held_back:
            self._waiting.append((name, action, payload))
        elif action not in self.silent:
            self._reply(name, action, payload)

    def _reply(self, name: str, action: str, payload: Payload) -> None:
        assert self.socket is not None
        if self.socket.state != OPEN:
            return
        if action in self.errors:
            self.socket.say(json.dumps([ERROR, name, self.errors[action], "it cannot", {}]))
            return
        does = getattr(self, f"_on_{action}", None)
        answer = {"status": self.words.get(action, "Accepted")}
        if does is not None and answer["status"] == "Accepted":
            answer = does(payload)
        self.socket.say(json.dumps([ANSWER, name, answer]))

    # -- what it does when asked ---------------------------------------------------------------------------

    def _on_GetConfiguration(self, payload: Payload) -> Payload:  # noqa: N802 - as the action
        names = payload.get("key") or list(self.settings)
        told = [
            {"key": name, "value": self.settings[name], "readonly": name in self.readonly}
            for name in names
            if name in self.settings
        ]
        return {
            "configurationKey": told,
            "unknownKey": [name for name in names if name not in self.settings],
        }

    def _on_ChangeConfiguration(self, payload: Payload) -> Payload:  # noqa: N802
        key, value = payload["key"], payload["value"]
        if key not in self.settings:
            return {"status": "NotSupported"}
        if key in self.needs_restart:
            self.after_restart[key] = value
            return {"status": "RebootRequired"}
        self.settings[key] = value
        return {"status": "Accepted"}

    def _on_GetLocalListVersion(self, payload: Payload) -> Payload:  # noqa: N802
        return {"listVersion": self.list_version}

    def _on_SendLocalList(self, payload: Payload) -> Payload:  # noqa: N802
        self.list_version = payload["listVersion"]
        if payload["updateType"] == "Full":
            self.tokens.clear()
        for entry in payload.get("localAuthorizationList", ()):
            self.tokens[entry["idTag"]] = entry["idTagInfo"]["status"]
        return {"status": "Accepted"}

    def _on_SetChargingProfile(self, payload: Payload) -> Payload:  # noqa: N802
        profile = payload["csChargingProfiles"]
        self.profiles[profile["chargingProfileId"]] = (payload["connectorId"], profile)
        return {"status": "Accepted"}

    def _on_ClearChargingProfile(self, payload: Payload) -> Payload:  # noqa: N802
        meant = [payload["id"]] if "id" in payload else list(self.profiles)
        found = [self.profiles.pop(number) for number in meant if number in self.profiles]
        return {"status": "Accepted" if found else "Unknown"}

    def _on_ChangeAvailability(self, payload: Payload) -> Payload:  # noqa: N802
        self.available[payload["connectorId"]] = payload["type"]
        return {"status": "Accepted"}

    def _on_ReserveNow(self, payload: Payload) -> Payload:  # noqa: N802
        self.reservations[payload["reservationId"]] = payload
        return {"status": "Accepted"}

    def _on_CancelReservation(self, payload: Payload) -> Payload:  # noqa: N802
        gone = self.reservations.pop(payload["reservationId"], None)
        return {"status": "Accepted" if gone else "Rejected"}

    def _on_GetCompositeSchedule(self, payload: Payload) -> Payload:  # noqa: N802
        if self.schedule is None:
            return {"status": "Rejected"}
        return {"status": "Accepted", "connectorId": payload["connectorId"], **self.schedule}
