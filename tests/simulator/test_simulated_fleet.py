"""Chargers over real sockets, against a tiny central system that answers by schema."""

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from websockets.asyncio.server import serve

from entrypoints.simulator.demo import DEMO_CHARGERS, DEMO_TOKENS, run_demo
from entrypoints.simulator.faults import Fault, Faults
from entrypoints.simulator.fleet import run_sessions, simulate
from entrypoints.simulator.replay import default_token
from entrypoints.simulator.script import replay_frames
from entrypoints.simulator.sessions import Session
from entrypoints.simulator.socket import HandshakeRefused, connect
from tests.simulator.server import CentralSystem, central_system

_START = datetime(2026, 1, 1, 8, tzinfo=UTC)


def _sessions(chargers: int = 5, each: int = 6) -> list[Session]:
    return [
        Session(
            charger=f"CP{charger}",
            connector=1 + number % 2,
            start=_START + timedelta(hours=number),
            end=_START + timedelta(hours=number, minutes=50),
            energy_wh=1000 + 7 * number,
        )
        for charger in range(chargers)
        for number in range(each)
    ]


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_sessions_are_replayed_completely_and_exactly(version: str) -> None:
    sessions = _sessions()
    async with central_system() as system:
        report = await run_sessions(
            system.url, sessions, version_of=lambda _: version, password_of=lambda cp: f"pw-{cp}"
        )
    assert system.violations == []
    assert system.credentials["CP0"] == "CP0:pw-CP0"
    assert len(report.sessions) == len(sessions)
    assert all(record.complete for record in report.sessions)
    assert report.fleet.answered == report.fleet.sent == len(system.received)
    assert {entry.frame for entry in report.acknowledged()} == set(system.texts)
    if version == "1.6":
        energy = [
            stop["meterStop"] - float(stop["transactionData"][0]["sampledValue"][0]["value"])
            for stop in system.calls("CP0", "StopTransaction")
        ]
        assert energy == [1000 + 7 * number for number in range(6)]


async def test_a_replay_survives_the_death_of_the_server() -> None:
    sessions = _sessions(chargers=3, each=20)
    acknowledged_before = 100
    async with central_system() as first:
        port = int(first.url.split(":")[2].split("/")[0])
        running = asyncio.create_task(run_sessions(first.url, sessions, most_backoff_s=0.2))
        await first.until(lambda: len(first.received) >= acknowledged_before)
    async with central_system(port) as second:
        report = await running
    assert all(record.complete for record in report.sessions)
    seen = set(first.texts) | set(second.texts)
    assert {entry.frame for entry in report.acknowledged()} <= seen
    assert report.fleet.lost >= 3
    assert second.calls("CP0", "BootNotification") == []


async def test_a_fleet_lives_in_lapsed_time_with_all_versions() -> None:
    async with central_system() as system:

        def enough() -> bool:
            return len([f for _, f in system.received if f[0] == 2 and f[2] == "TransactionEvent"]) > 50

        running = asyncio.create_task(
            simulate(system.url, chargers=9, time_lapse=1200, seed=3, start=_START, duration_s=20)
        )
        await system.until(enough, 20)
        await system.until(lambda: bool(system.calls("SIM-00001", "StatusNotification")), 20)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert system.violations == []


async def test_faulty_chargers_come_back() -> None:
    faults = Faults(share={Fault.OFFLINE: 1.0, Fault.HALF_OPEN: 1.0}, chance=0.05, away_s=0.1)
    async with central_system() as system:
        report = await run_sessions(system.url, _sessions(), faults=faults, most_backoff_s=0.2)
    assert all(record.complete for record in report.sessions)
    assert report.fleet.connections > 5
    assert system.connections == report.fleet.connections


async def test_the_server_may_call_a_charger_of_the_demo() -> None:
    async with central_system() as system:
        running = asyncio.create_task(run_demo(system.url))
        await system.until(lambda: bool(system.calls("BENY-01", "StatusNotification")))
        await system.sockets["BENY-01"].send('[2,"q","UnlockConnector",{"connectorId":1}]')
        await system.until(lambda: ("BENY-01", [3, "q", {"status": "NotSupported"}]) in system.received)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    start = system.calls("BENY-01", "StartTransaction")[0]
    began = datetime.fromisoformat(start["timestamp"])
    assert datetime.now(UTC) - began > timedelta(minutes=40)
    assert len(system.calls("BENY-01", "MeterValues")) >= 8
    assert system.violations == []


def test_the_demo_names_its_tokens_and_covers_the_versions() -> None:
    tokens = {guest.token for demo in DEMO_CHARGERS for guest in demo.guests}
    assert tokens <= set(DEMO_TOKENS)
    assert {demo.equipment.version for demo in DEMO_CHARGERS} == {"1.6", "2.0.1", "2.1"}
    assert len({demo.charger_id for demo in DEMO_CHARGERS}) == len(DEMO_CHARGERS)


async def test_a_script_goes_out_byte_for_byte() -> None:
    frames = ['[2, "a",  "Heartbeat", {}]', "not json", '[3,"old",{}]', '[2,"b","Heartbeat",{}]']
    async with central_system() as system:
        transcript = await replay_frames(system.url, "CP 1", frames, quiet_s=0.05)
    assert system.texts == frames
    assert [exchange.answer is not None for exchange in transcript.exchanges] == [True, False, False, True]
    assert orjson.loads(transcript.exchanges[3].answer or "")[1] == "b"
    assert list(system.sockets) == ["CP%201"]


async def test_a_script_ends_with_the_connection() -> None:
    async with central_system() as system:

        def hang_up(charger: str, frame: list[object]) -> str | None:
            asyncio.get_running_loop().create_task(system.sockets[charger].close(1008))
            return None

        system.reply = hang_up  # type: ignore[assignment]
        transcript = await replay_frames(system.url, "CP1", ['[2,"a","Heartbeat",{}]'] * 3)
    assert transcript.close_code == 1008
    assert len(transcript.exchanges) == 1


async def test_refusals_have_names() -> None:
    async def close_at_once(socket: object) -> None:
        return None

    async with serve(close_at_once, "127.0.0.1", 0, subprotocols=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(HandshakeRefused, match="none of the subprotocols"):
            await connect(f"ws://127.0.0.1:{port}", "CP1", subprotocols=("ocpp1.6",))
    with pytest.raises(OSError, match="onnect"):
        await connect(f"ws://127.0.0.1:{port}", "CP1", subprotocols=("ocpp1.6",))


async def test_compression_is_offered_on_demand() -> None:
    offers = []

    async def note(socket: CentralSystem) -> None:
        offers.append(socket.request.headers.get("Sec-WebSocket-Extensions"))  # type: ignore[attr-defined]

    async with serve(note, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[arg-type, list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        for compress in (False, True):
            url = f"ws://127.0.0.1:{port}"
            socket = await connect(url, "CP1", subprotocols=("ocpp1.6",), compress=compress)
            await socket.finish()
    assert offers[0] is None
    assert "permessage-deflate" in offers[1]


def test_tokens_of_replayed_sessions_are_stable() -> None:
    assert [default_token(session) for session in _sessions(1, 2)] == [
        default_token(session) for session in _sessions(1, 2)
    ]
