"""SEC-09: a charger is led to a higher security profile over its own socket; then the lower one is over for good."""

import asyncio
import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from application import clock
from application.profile_upgrades import Footing, ProfileUpgrades
from domain.alarms.events import AlarmCleared, AlarmRaised
from domain.chargers.charger import OUTRANKED
from domain.chargers.events import Connected, Disconnected
from domain.chargers.profile_upgrade import (
    CANCELLED,
    ProfileFellBack,
    ProfileUpgradeAdopted,
    ProfileUpgradeAdvanced,
    ProfileUpgradeBegun,
    ProfileUpgradeEnded,
)
from domain.desired_state.upgrade_step import WantedUpgrade
from entrypoints.reactions import REACTIONS
from tests.adapters.ocpp.front_door import CP, HEARTBEAT, PASSWORD, TENANT, FrontDoor
from tests.fakes.charger_socket import CLOSED, ChargerSocket

SHOWN = (b"authorization", b"Basic " + b64encode(b"CP1:" + PASSWORD))
WRONG = (b"authorization", b"Basic " + b64encode(b"CP1:guess-guess-guess"))
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
STEPS = (
    ProfileUpgradeBegun,
    ProfileUpgradeAdvanced,
    ProfileFellBack,
    ProfileUpgradeEnded,
    ProfileUpgradeAdopted,
)


class Yard:
    """A charger on profile 1, and an operator who wants it on profile 2."""

    def __init__(self) -> None:
        self.door = FrontDoor()
        place = self.door.workplace
        self.upgrades = ProfileUpgrades(
            self.door.store, TENANT, "user:ann", place.certificates.book, Footing(tls=True), place.told
        )
        self.answered = 0

    async def open(self) -> ChargerSocket:
        """The charger is connected and booted."""
        await self.door.register("CP1", 1)

        async def wanted(*_: object) -> None:
            self.door.workplace.guide.lead(CP)

        await self.door.workplace.switchboard.open(wanted)
        socket = await self.comes("ws")
        assert '"Accepted"' in await socket.ask(BOOT)
        return socket

    async def begin(self, socket: ChargerSocket, **more: Any) -> None:
        """The operator asks; whoever has the socket hears of it."""
        until = clock.now() + timedelta(hours=1)
        await self.upgrades.begin("CP1", WantedUpgrade(security_profile=2, until=until, **more))
        self.door.workplace.guide.lead(CP)
        await answer(socket, "GetConfiguration", {"configurationKey": []})  # who is led is read first

    async def comes(self, scheme: str) -> ChargerSocket:
        socket = ChargerSocket(self.door.gateway, headers=[SHOWN], scheme=scheme)
        assert await socket.decided() == 101
        return socket

    async def refused(self, scheme: str, header: tuple[bytes, bytes] = SHOWN) -> int | None:
        socket = ChargerSocket(self.door.gateway, headers=[header], scheme=scheme)
        await socket.ended()
        return socket.status

    def steps(self) -> list[str]:
        """What is written of the upgrade."""
        return [getattr(event.fact, "stage", type(event.fact).__name__) for event in self.door.events(*STEPS)]

    async def alarms(self) -> list[str]:
        """What the follower makes of the log."""
        for recorded in list(self.door.store.log):
            for react in REACTIONS.get(type(recorded.event.fact), ()):
                await react.do(self.door.store, recorded)
        return [
            event.fact.kind for event in self.door.events(AlarmRaised) if isinstance(event.fact, AlarmRaised)
        ]

    async def close(self, *sockets: ChargerSocket) -> None:
        for socket in sockets:
            socket.leave(1000)
        await asyncio.gather(*(socket.ended() for socket in sockets))
        await self.door.workplace.guide.finish()


async def answer(socket: ChargerSocket, action: str, payload: dict[str, Any]) -> Any:
    """Wait until the charger is asked this, and have it answer; what it was asked."""

    def asked(text: str) -> bool:
        return text.startswith("[2,") and json.loads(text)[2] == action

    await socket.until(lambda: any(map(asked, socket.texts)))
    _, name, _, asked_for = json.loads(next(filter(asked, socket.texts)))
    socket.say(json.dumps([3, name, payload]))
    await socket.ask(HEARTBEAT.format(f"after {name}"))  # frames are taken in order: the answer was
    return asked_for


async def test_sec_09_an_upgrade_over_ocpp_is_adopted_by_coming_and_ends_the_weaker_profile() -> None:
    yard = Yard()
    socket = await yard.open()
    await yard.begin(socket)
    asked = await answer(socket, "GetInstalledCertificateIds", {"status": "Accepted"})
    assert asked == {"certificateType": "CentralSystemRootCertificate"}
    asked = await answer(socket, "ChangeConfiguration", {"status": "Accepted"})
    assert asked == {"key": "SecurityProfile", "value": "2"}
    higher = await yard.comes("wss")
    assert yard.steps() == [
        "ProfileUpgradeBegun",
        "checked",
        "accepted",
        "ProfileUpgradeAdopted",
    ]
    assert socket.state == CLOSED, "whoever sits on the weaker profile has lost the place"
    ended = yard.door.events(Disconnected)[-1].fact
    assert isinstance(ended, Disconnected)
    assert ended.reason == OUTRANKED
    newest = yard.door.events(Connected)[-1].fact
    assert isinstance(newest, Connected)
    assert (newest.security_profile, newest.flags) == (2, ())
    assert (await higher.ask(HEARTBEAT.format("h"))).startswith('[3,"h"')
    assert await yard.refused("ws") == 403
    assert await yard.alarms() == ["weaker_profile"]
    await yard.close(socket, higher)


async def test_sec_09_a_charger_that_falls_back_is_let_in_and_raises_an_alarm() -> None:
    yard = Yard()
    socket = await yard.open()
    await yard.begin(socket, knows_us=True)
    await answer(socket, "ChangeConfiguration", {"status": "RebootRequired"})
    assert await answer(socket, "Reset", {"status": "Accepted"}) == {"type": "Soft"}
    await yard.close(socket)
    back = await yard.comes("ws")
    assert yard.steps()[-1] == "ProfileFellBack"
    assert (await yard.door.charger()).security_profile == 1
    assert "profile_not_taken" in await yard.alarms()
    assert await yard.refused("wss", WRONG) == 401
    higher = await yard.comes("wss")
    await yard.alarms()
    assert [getattr(event.fact, "kind", "") for event in yard.door.events(AlarmCleared)] == [
        "profile_not_taken"
    ]
    await yard.close(back, higher)


async def test_what_its_operator_cancels_is_no_alarm() -> None:
    yard = Yard()
    socket = await yard.open()
    await yard.begin(socket)
    await yard.upgrades.cancel("CP1", CANCELLED)
    assert yard.steps()[-1] == "ProfileUpgradeEnded"
    assert await yard.alarms() == []
    await yard.close(socket)


async def test_sec_09_what_the_charger_refuses_changes_nothing() -> None:
    yard = Yard()
    socket = await yard.open()
    await yard.begin(socket, knows_us=True)
    await answer(socket, "ChangeConfiguration", {"status": "Rejected"})
    assert yard.steps() == ["ProfileUpgradeBegun", "ProfileUpgradeEnded"]
    charger = await yard.door.charger()
    assert charger.upgrade is not None
    assert (charger.security_profile, charger.upgrade.ended) == (1, "ChangeSettings: Rejected")
    await yard.close(socket)
    again = await yard.comes("ws")
    await yard.close(again)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_sec_09_an_upgrade_opens_no_door_without_the_password(scheme: str) -> None:
    yard = Yard()
    socket = await yard.open()
    await yard.begin(socket)
    assert await yard.refused(scheme, WRONG) == 401
    assert yard.door.events(ProfileUpgradeAdopted) == []
    await yard.close(socket)
