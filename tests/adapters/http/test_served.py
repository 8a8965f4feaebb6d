"""The application on a real port: the commands of docs/api.md, sockets, and a database that goes away."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from adapters.http.access import Caller, Right
from adapters.http.app import WebApplication
from adapters.http.http_protocol import HttpProtocol
from adapters.ocpp.websocket import ChargerWebSocket
from tests.adapters.http.conftest import AUTH, TENANT, TOKEN, World
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.services import House, plugged_in
from tests.checkpoints import publish_checkpoint

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)

AGREED = {
    "ChangeConfiguration": {"status": "Accepted"},
    "UpdateFirmware": {},
    "GetDiagnostics": {"fileName": "log.zip"},
    "GetConfiguration": {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "60"}]
    },
    "ReserveNow": {"status": "Accepted"},
    "CancelReservation": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Accepted"},
    "GetCompositeSchedule": {"status": "Rejected"},
}
"""What the charger of the document answers, by action."""


class Listening(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[object] | None = None) -> None:
        """As uvicorn does it."""
        await super().startup(sockets)  # type: ignore[arg-type]
        self.listening.set()

    @property
    def port(self) -> int:
        """Chosen by the system."""
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def served(app: WebApplication) -> AsyncIterator[int]:
    """The port where the application is served as `zeus serve` does it."""
    config = uvicorn.Config(
        app, port=0, http=HttpProtocol, ws=ChargerWebSocket, lifespan="off", log_config=None, access_log=False
    )
    server = Listening(config)
    task = asyncio.create_task(server.serve())
    await asyncio.wait_for(server.listening.wait(), 10)
    try:
        yield server.port
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    """The port of a world with a fleet in it."""
    fleet = Fleet(world.store)
    for cpid in ("DEPOT-01", "DEPOT-02", "DEPOT-03"):
        await fleet.charger(TENANT, cpid)
        for n in range(1, 4):
            await fleet.session(TENANT, cpid, n, card=f"CARD-{n}")
    await fleet.token(TENANT, "CARD-1")
    await fleet.refusal(TENANT, "STRANGER", 1)
    project(world.dsn)
    async with served(world.app) as port:
        yield port


@pytest.fixture
async def furnished(house: House) -> AsyncIterator[int]:
    """The port of the whole API over a fleet, one charger of which is connected and agrees to everything."""
    fleet = Fleet(house.store)
    for cpid in ("DEPOT-01", "DEPOT-02", "DEPOT-03"):
        await fleet.charger(TENANT, cpid)
        for n in range(1, 4):
            await fleet.session(TENANT, cpid, n, card=f"CARD-{n}")
    await fleet.token(TENANT, "CARD-1")
    await fleet.refusal(TENANT, "STRANGER", 1)
    operator = Caller(TENANT, "key:test", frozenset(Right))
    made = await house.services.registry(operator).new_password("DEPOT-01")
    await house.project()
    await publish_checkpoint(house.store, house.dsn, TENANT)
    app = house.serving(*Right)
    async with (
        plugged_in(house.workplace, "DEPOT-01", made.password, **AGREED),
        served(app) as port,
    ):
        yield port
    app.database.close()


async def run(script: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """Exit code, output and errors of a shell script."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode(), errors.decode()


async def test_the_commands_of_the_document_work(furnished: int, house: House, tmp_path: Path) -> None:
    assert len(EXAMPLES) >= 10
    environment = {
        "PATH": os.environ["PATH"],
        "ZEUS_URL": f"http://127.0.0.1:{furnished}",
        "ZEUS_TOKEN": TOKEN,
        "ZEUS_OUT": str(tmp_path),
        "CPID": "DEPOT-01",
    }
    for example in EXAMPLES:
        code, output, errors = await run(example, environment)
        assert code == 0, f"{example}\n{output}\n{errors}"
        await house.project()
        assert '"items":[]' not in output or "errors=true" in example, example
        if "while :" in example:
            assert output.split() == ["DEPOT-01", "DEPOT-02", "DEPOT-03", "DEPOT-07"]
    assert len((tmp_path / "sessions.csv").read_text().splitlines()) == 1 + 9


async def test_sockets_go_to_the_gateway_wherever_they_knock(world: World, port: int) -> None:
    for path, status in (("/ocpp/1.6/NOBODY", 404), ("/ocpp/", 404), ("/", 404), ("/api/ocpp/chargers", 404)):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"ws://127.0.0.1:{port}{path}", subprotocols=["ocpp1.6"]):  # type: ignore[list-item]
                pass
        assert caught.value.response.status_code == status
    refused = sum(n for (result, _, _), n in world.gateway.counters.handshakes.items() if result == "refused")
    assert refused == 4


async def test_head_and_bad_bytes_on_the_wire(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=AUTH) as client:
        get, head = await client.get("/api/ocpp/chargers"), await client.head("/api/ocpp/chargers")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.content == b""
        assert (await client.get("/api/ocpp/chargers/%FF%00%C3")).status_code == 404
        assert (await client.get("/api/ocpp/sessions?tag=%FF%C3")).status_code == 200
        assert (await client.head("/api/ocpp/sessions", headers={"Accept": "text/csv"})).status_code == 200


async def test_a_hundred_at_once_are_answered_or_told_to_wait(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=AUTH, timeout=30) as client:
        answers = await asyncio.gather(*(client.get("/api/ocpp/sessions") for _ in range(100)))
    codes = {answer.status_code for answer in answers}
    assert codes <= {200, 503}
    assert 200 in codes
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["code"] == "overloaded"
