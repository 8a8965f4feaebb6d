"""SEC-10: naming the request or the reservation of another charger: answered as a stray, changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from application import clock
from application.commands import Wish
from domain.catalogue import FACTS
from domain.commands.drivers import ReserveNow
from domain.commands.events import Answered, EffectObserved
from domain.commands.files import GetLog, UpdateFirmware
from domain.commands.intents import AnyIntent
from domain.event import Event, Fact
from domain.identity import ChargerId, IdToken
from domain.reservations.events import Confirmed, Used
from entrypoints.reactions import NAMES_A_NUMBER, REACTIONS
from tests.adapters.ocpp.front_door import TENANT, FrontDoor
from tests.attacks.test_impersonating import followed, hang_up
from tests.fakes.charger_socket import ChargerSocket

BOOT_16 = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
BOOT_2X = (
    '[2,"boot","BootNotification",{"chargingStation":{"vendorName":"V","model":"M"},"reason":"PowerUp"}]'
)
SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}
ANN = IdToken("ANN")
SOON = timedelta(hours=1)


class Pair(NamedTuple):
    """ATTACKER and VICTIM at one door."""

    door: FrontDoor
    attacker: ChargerSocket
    victim: ChargerSocket
    version: str

    async def ask_victim(self, intent: AnyIntent) -> int:
        """Ask something of VICTIM, which accepts; the number in it."""
        before = len(self.victim.texts)
        asking = asyncio.create_task(
            self.door.workplace.commands.request(
                ChargerId.of(TENANT, "VICTIM"), Wish(intent=intent, actor="user:ann"), 5.0
            )
        )
        await self.victim.until(lambda: len(self.victim.texts) > before)
        _, message_id, _, payload = json.loads(self.victim.texts[before])
        self.victim.say(json.dumps([3, message_id, {"status": "Accepted"}]))
        await asking
        await followed(self.door)
        number = payload.get("requestId", payload.get("reservationId", payload.get("id")))
        assert isinstance(number, int)
        return number

    def others(self) -> list[Event[Fact]]:
        """All that is not the attacker's own, nor an alarm about it."""
        own = (
            f"charger/{TENANT}/ATTACKER",
            f"transaction/{TENANT}/ATTACKER/",
            f"reservations/{TENANT}/ATTACKER",
            "transaction-number/",
            "alarms/",
        )
        return [event for event in self.door.events(Fact) if not event.originator_id.startswith(own)]

    def alarms(self) -> list[tuple[str, str]]:
        return [
            (event.originator_id, event.fact.kind)  # type: ignore[attr-defined]
            for event in self.door.events(Fact)
            if event.originator_id.startswith("alarms/") and event.fact.TOPIC == "alarm.raised"
        ]


@pytest.fixture
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Both speak the version the test names."""
    version: str = request.param
    door, sockets = FrontDoor(), []
    for cpid in ("ATTACKER", "VICTIM"):
        await door.register(cpid)
        socket = ChargerSocket(door.gateway, f"/ocpp/{version}/{cpid}", subprotocols=[SUBPROTOCOLS[version]])
        assert await socket.decided() == 101
        await socket.ask(BOOT_16 if version == "1.6" else BOOT_2X)
        sockets.append(socket)
    yield Pair(door, sockets[0], sockets[1], version)
    await hang_up(*sockets)


def message(version: str, action: str, number: int) -> dict[str, Any]:
    """A report of `action` that names the number."""
    at = clock.now().isoformat()
    return {
        "FirmwareStatusNotification": {"status": "Installed", "requestId": number},
        "SignedFirmwareStatusNotification": {"status": "Installed", "requestId": number},
        "LogStatusNotification": {"status": "Uploaded", "requestId": number},
        "PublishFirmwareStatusNotification": {"status": "PublishFailed", "requestId": number},
        "NotifyReport": {"requestId": number, "generatedAt": at, "seqNo": 0},
        "NotifyCustomerInformation": {"data": "x", "seqNo": 0, "generatedAt": at, "requestId": number},
    }[action]


@pytest.mark.parametrize(
    ("pair", "action", "asked"),
    [
        ("1.6", "SignedFirmwareStatusNotification", UpdateFirmware),
        ("1.6", "LogStatusNotification", GetLog),
        ("2.0.1", "FirmwareStatusNotification", UpdateFirmware),
        ("2.0.1", "LogStatusNotification", GetLog),
        ("2.0.1", "PublishFirmwareStatusNotification", UpdateFirmware),
        ("2.0.1", "NotifyReport", GetLog),
        ("2.0.1", "NotifyCustomerInformation", GetLog),
        ("2.1", "FirmwareStatusNotification", UpdateFirmware),
        ("2.1", "LogStatusNotification", GetLog),
    ],
    indirect=["pair"],
)
async def test_sec_10_anothers_request_is_answered_neutrally_recorded_and_untouched(
    pair: Pair, action: str, asked: type[AnyIntent]
) -> None:
    intent: AnyIntent
    if asked is UpdateFirmware:
        signed = {"certificate": "-----BEGIN", "signature": "aGk="} if pair.version == "1.6" else {}
        intent = UpdateFirmware(location="https://csms.example/fw.bin", retrieve_at=clock.now(), **signed)
    else:
        intent = GetLog(kind="security", location="https://csms.example/logs")
    number = await pair.ask_victim(intent)
    before = pair.others()
    stray = json.loads(await say(pair.attacker, "stray", action, message(pair.version, action, number - 1)))
    assert await followed(pair.door) == [], "a number that nobody gave out is no alarm"
    theft = json.loads(await say(pair.attacker, "theft", action, message(pair.version, action, number)))
    assert (theft[0], theft[2]) == (3, stray[2]), "it does not learn that there is such a request"
    assert pair.others() == before
    assert [event for event in pair.door.events(Fact) if event.told.cause == "theft"], "it is recorded"
    await followed(pair.door)
    assert pair.alarms() == [(f"alarms/{TENANT}/ATTACKER", "foreign_request")]
    assert pair.door.events(EffectObserved) == []
    assert len(pair.door.events(Answered)) == 1
    await say(pair.victim, "own", action, message(pair.version, action, number))
    await followed(pair.door)
    assert len(pair.alarms()) == 1, "who names its own is no alarm"


@pytest.mark.parametrize("pair", ["1.6", "2.0.1", "2.1"], indirect=True)
async def test_sec_10_anothers_reservation_is_answered_neutrally_recorded_and_untouched(pair: Pair) -> None:
    intent = ReserveNow(reservation_id=771, evse_id=1, id_token=ANN, expires_at=clock.now() + SOON)
    number = await pair.ask_victim(intent)
    before = pair.others()
    at = clock.now().isoformat()
    if pair.version == "1.6":
        start = {"connectorId": 1, "idTag": "ANN", "meterStart": 0, "timestamp": at, "reservationId": number}
        theft = json.loads(await say(pair.attacker, "theft", "StartTransaction", start))
    else:
        start = {
            "eventType": "Started",
            "timestamp": at,
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"},
            "evse": {"id": 1, "connectorId": 1},
            "reservationId": number,
        }
        assert json.loads(await say(pair.attacker, "theft", "TransactionEvent", start))[0] == 3
        ended = {"reservationId": number, "reservationUpdateStatus": "Removed"}
        theft = json.loads(await say(pair.attacker, "theft", "ReservationStatusUpdate", ended))
    assert theft[0] == 3
    await followed(pair.door)
    assert pair.others() == before
    assert pair.alarms() == [(f"alarms/{TENANT}/ATTACKER", "foreign_request")]
    assert pair.door.events(Used) == []
    assert len(pair.door.events(Confirmed)) == 1


async def say(socket: ChargerSocket, message_id: str, action: str, payload: dict[str, Any]) -> str:
    return await socket.ask(json.dumps([2, message_id, action, payload]))


def test_sec_10_every_report_that_names_a_number_is_listened_to() -> None:
    """A new fact with such a number must not be forgotten."""
    named = {
        fact
        for fact in FACTS
        if not fact.__module__.startswith(("domain.reservations", "domain.commands"))
        and {"request_id", "reservation_id"} & set(fact.__struct_fields__)
    }
    assert named == {fact for fact, reactions in REACTIONS.items() if NAMES_A_NUMBER in reactions}
