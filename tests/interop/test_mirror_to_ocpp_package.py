"""Traffic of a real server, mirrored by the command to a central system of foreign make: that of the `ocpp` package."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from ocpp.charge_point import ChargePoint as AnyChargePoint
from ocpp.routing import on
from ocpp.v16 import ChargePoint as Charger16
from ocpp.v16 import ChargePoint as System16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as Charger201
from ocpp.v201 import ChargePoint as System201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.e2e.log import read_log
from tests.e2e.zeus_process import ROOT, ZeusProcess
from tests.interop.station import GOOD, at, station

ACCEPTED = {"status": "Accepted"}
OWN_NUMBER = 70_001


class Foreign16(System16):  # type: ignore[misc]
    """Lets everybody charge, gives one number, and wants a heartbeat every 77 seconds."""

    heard: list[tuple[str, dict[str, Any]]]

    @on("BootNotification")
    def boot(self, **payload: Any) -> Any:
        self.heard.append(("BootNotification", payload))
        return result16.BootNotification(current_time=at(0), interval=77, status="Accepted")

    @on("Authorize")
    def authorize(self, **payload: Any) -> Any:
        self.heard.append(("Authorize", payload))
        return result16.Authorize(id_tag_info=ACCEPTED)

    @on("StartTransaction")
    def start_transaction(self, **payload: Any) -> Any:
        self.heard.append(("StartTransaction", payload))
        return result16.StartTransaction(transaction_id=OWN_NUMBER, id_tag_info=ACCEPTED)

    @on("StopTransaction")
    def stop_transaction(self, **payload: Any) -> Any:
        self.heard.append(("StopTransaction", payload))
        return result16.StopTransaction(id_tag_info=ACCEPTED)

    @on("StatusNotification")
    def status(self, **payload: Any) -> Any:
        self.heard.append(("StatusNotification", payload))
        return result16.StatusNotification()


class Foreign201(System201):  # type: ignore[misc]
    """Knows boots alone."""

    heard: list[tuple[str, dict[str, Any]]]

    @on("BootNotification")
    def boot(self, **payload: Any) -> Any:
        self.heard.append(("BootNotification", payload))
        return result201.BootNotification(current_time=at(0), interval=77, status="Accepted")


class Foreign:
    """The central system."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[tuple[str, dict[str, Any]]] = []

    async def talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        kind: type[AnyChargePoint] = Foreign16 if connection.subprotocol == "ocpp1.6" else Foreign201
        system = kind(connection.request.path.rsplit("/", 1)[1], connection)
        system.heard = self.heard
        with suppress(ConnectionClosed):
            await system.start()


@asynccontextmanager
async def foreign() -> AsyncIterator[Foreign]:
    system = Foreign()
    versions = [Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")]
    async with serve(system.talk, "127.0.0.1", 0, subprotocols=versions) as listening:
        system.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/steve"
        yield system


async def zeus_mirror(server: ZeusProcess, *words: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.cli", "mirror", *words, "--json"),
        cwd=ROOT,
        env=server._environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    found: dict[str, Any] = json.loads(said)
    return found


async def test_a_session_is_said_again_to_a_foreign_system_and_compared(server: ZeusProcess) -> None:
    cpid = "MIRRORED-16"
    async with station(server, cpid, "1.6", Charger16, call16) as charger:
        await charger.say("BootNotification", charge_point_model="M1", charge_point_vendor="Foreign")
        await charger.say("Authorize", id_tag=GOOD)
        start = {"connector_id": 1, "id_tag": GOOD, "meter_start": 1000, "timestamp": at(1)}
        started = await charger.say("StartTransaction", **start)
        assert started.transaction_id != OWN_NUMBER
        await charger.say(
            "StopTransaction",
            transaction_id=started.transaction_id,
            meter_stop=4200,
            timestamp=at(9),
            id_tag=GOOD,
        )
    async with foreign() as system:
        run = ("run", "trial", "--to", system.url, "--charger", cpid, "--once")
        found = await zeus_mirror(server, *run, "--from-beginning")
        assert [action for action, _ in system.heard] == [
            "BootNotification",
            "Authorize",
            "StartTransaction",
            "StopTransaction",
        ]
        tags = {payload["id_tag"] for _, payload in system.heard if "id_tag" in payload}
        assert len(tags) == 1, "one token, one name for it"
        assert GOOD not in tags
        assert system.heard[-1][1]["transaction_id"] == OWN_NUMBER
        assert (found["sent"], found["unsayable"], found["unanswered"]) == (4, 0, 0)
        places = {(one["action"], one["path"]): (one["ours"], one["theirs"]) for one in found["differences"]}
        assert places["BootNotification", "interval"][1] == "77"
        assert places["Authorize", "idTagInfo.parentIdTag"] == ("a token", "absent")
        assert not any("status" in path or "transactionId" in path for _, path in places)

        heard = len(system.heard)
        revealed = ("--reveal", "the other system has our cards", "--from-beginning")
        again = await zeus_mirror(server, "run", "cards", *run[2:], *revealed)
        assert {p["id_tag"] for _, p in system.heard[heard:] if "id_tag" in p} == {GOOD}
        assert again["sent"] == 4
    topics = [line.topic for line in read_log(server.dsn, "mirror/default/%")]
    assert topics == ["mirror.begun", "mirror.ended"] * 2
    assert [line.fact["sent"] for line in read_log(server.dsn, "mirror/default/cards")[1:]] == [4]
    disclosed = [line.fact for line in read_log(server.dsn, "disclosure/default/%")]
    assert any(
        cpid in fact["reason"] and "the other system has our cards" in fact["reason"] for fact in disclosed
    )


async def test_a_system_that_knows_less_is_found_out(server: ZeusProcess) -> None:
    cpid = "MIRRORED-201"
    async with station(server, cpid, "2.0.1", Charger201, call201) as charger:
        station_of = {"model": "M2", "vendor_name": "Foreign"}
        await charger.say("BootNotification", charging_station=station_of, reason="PowerUp")
        await charger.say("Heartbeat")
    async with foreign() as system:
        found = await zeus_mirror(
            server, "run", "less", "--to", system.url, "--charger", cpid, "--from-beginning", "--once"
        )
    (refused,) = [one for one in found["differences"] if one["action"] == "Heartbeat"]
    assert (refused["path"], refused["ours"]) == ("", "an answer")
    assert refused["theirs"] in ("the error NotImplemented", "the error NotSupported")
    shown = await zeus_mirror(server, "differences", "less")
    assert shown == found
