"""Live streams as clients see them: over sockets and as server-sent events, by token and by ticket, to the end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from adapters.http import stream_door
from adapters.live.places import Place, Seals
from application.tenants import ApiTokens, Tenants
from domain.chargers.events import StatusReported
from domain.event import Event, Told
from domain.tenants.roles import Role
from tests.adapters.http.live_world import SECRET
from tests.adapters.http.test_served import served
from tests.adapters.http.two_tenants import API, OURS, THEIRS, Two, two_tenants
from tests.adapters.live.logbook import BEGAN
from tests.e2e.conditions import until

Message = dict[str, Any]


class Site:
    """Two tenants, served at a port."""

    def __init__(self, two: Two, port: int) -> None:
        self.two = two
        self.port = port
        self._versions: dict[str, int] = {}

    def bearer(self, tenant: str, role: Role = Role.PLATFORM_ADMIN) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.two.tokens[tenant, role].token}"}

    @asynccontextmanager
    async def socket(
        self, tenant: str, query: str = "", role: Role = Role.PLATFORM_ADMIN, **more: Any
    ) -> AsyncIterator[ClientConnection]:
        """A WebSocket by token; the first message is read."""
        async with self.bare(query, additional_headers=self.bearer(tenant, role), **more) as ws:
            assert (await told(ws))["type"] == "stream.opened"
            yield ws

    def bare(self, query: str = "", **more: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/ws/telemetry{query}", **more)

    async def report(self, tenant: str, charger: str = "LIVE-1", count: int = 1, info: str = "") -> None:
        """Statuses, as the charger's own stream tells them."""
        stream = f"charger/{tenant}/{charger}"
        for _ in range(count):
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            fact = StatusReported(evse_id=1, connector_id=1, status="Available", info=info or tenant)
            told = Told(recorded_at=BEGAN, frame='[2,"1","StatusNotification",{}]')
            await self.two.store.append(
                [Event(originator_id=stream, originator_version=version, fact=fact, told=told)]
            )


async def told(ws: ClientConnection) -> Message:
    """The next message."""
    message: Message = json.loads(await asyncio.wait_for(ws.recv(), 10))
    return message


async def end_of(ws: ClientConnection) -> tuple[int, str]:
    """How the socket was closed, whatever came before."""
    try:
        async with asyncio.timeout(10):
            while True:
                await ws.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def refusal(opening: connect) -> tuple[int, str]:
    """The status and code of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with opening:
            pass
    response = refused.value.response
    return response.status_code, json.loads(bytes(response.body or b""))["code"]


@asynccontextmanager
async def events(site: Site, query: str = "", **headers: str) -> AsyncIterator[AsyncIterator[Message]]:
    """Server-sent events, as (event, id, data) in one."""

    async def messages(response: httpx.Response) -> AsyncIterator[Message]:
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield {"event": fields["event"], "id": fields.get("id"), "data": json.loads(fields["data"])}
                fields = {}

    async with (
        httpx.AsyncClient(timeout=15) as client,
        client.stream("GET", f"http://127.0.0.1:{site.port}{API}/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        yield messages(response)


@pytest.fixture
async def site(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Site]:
    """`zeus` and `hera`, at a port."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as two, served(two.app) as port:
        yield Site(two, port)


async def test_a_socket_tells_what_happens_and_goes_on_from_any_message(site: Site) -> None:
    async with site.socket(OURS, "?charger=live-1&type=connector.*") as ws:
        await site.report(OURS, "OTHER")
        await site.report(OURS, count=3)
        heard = [await told(ws) for _ in range(3)]
    assert {message["charger"] for message in heard} == {"LIVE-1"}
    assert heard[0]["type"] == "connector.status_changed"
    assert set(heard[0]) == {"id", "type", "tenant", "site", "charger", "connector", "session", "ts", "data"}
    async with site.socket(OURS, f"?charger=LIVE-1&after={heard[0]['id']}") as ws:
        assert [await told(ws) for _ in range(2)] == heard[1:]


async def test_server_sent_events_are_the_same_and_go_on_by_last_event_id(site: Site) -> None:
    async with events(site, "?charger=LIVE-1", **site.bearer(OURS)) as stream:
        assert (await anext(stream))["event"] == "stream.opened"
        await site.report(OURS, count=2)
        first, second = await anext(stream), await anext(stream)
        assert first["id"] == first["data"]["id"]
        assert first["event"] == "connector.status_changed"
    again = {**site.bearer(OURS), "Last-Event-ID": first["id"]}
    async with events(site, "?charger=LIVE-1", **again) as stream:
        assert (await anext(stream))["event"] == "stream.opened"
        assert await anext(stream) == second


async def test_a_first_message_may_say_what_is_wanted(site: Site) -> None:
    await site.report(OURS, count=2)
    async with site.bare("?subscribe=message", additional_headers=site.bearer(OURS)) as ws:
        await ws.send(json.dumps({"after": "beginning", "charger": "LIVE-1", "type": "connector.*"}))
        assert [(await told(ws))["type"] for _ in range(3)][1:] == ["connector.status_changed"] * 2
    async with site.bare("?subscribe=message", additional_headers=site.bearer(OURS)) as ws:
        await ws.send(json.dumps({"type": "no.such"}))
        assert (await end_of(ws))[0] == 1008


async def test_a_ticket_opens_one_stream_once_and_no_token_is_in_an_address(site: Site) -> None:
    client = site.two.client(OURS, Role.VIEWER)
    ticket = (await client.post(f"{API}/stream-tickets")).json()["ticket"]
    async with site.bare(f"?ticket={ticket}") as ws:
        await told(ws)
        await site.report(OURS)
        assert (await told(ws))["tenant"] == OURS
    assert await refusal(site.bare(f"?ticket={ticket}")) == (401, "unauthenticated")
    second = (await client.post(f"{API}/stream-tickets")).json()["ticket"]
    protocols = ["zeus.live", f"zeus.ticket.{second}"]
    async with site.bare(subprotocols=protocols) as ws:  # type: ignore[arg-type]
        assert ws.subprotocol == "zeus.live"
        await told(ws)
    assert await refusal(site.bare(f"?ticket={ticket[:-2]}AA")) == (401, "unauthenticated")
    token = site.two.tokens[OURS, Role.VIEWER].token
    assert await refusal(site.bare(f"?token={token}")) == (422, "validation")


async def test_sec_25_a_stolen_cursor_is_as_unknown_as_rubbish(site: Site) -> None:
    theirs = Seals(SECRET).of(THEIRS).seal(Place(1))
    answers = []
    for text in (theirs, "n" * 22):
        response = await site.two.client(OURS).get(f"{API}/events", params={"after": text})
        answers.append((response.status_code, response.json()))
        assert await refusal(site.bare(f"?after={text}", additional_headers=site.bearer(OURS))) == (
            422,
            "validation",
        )
    assert answers[0] == answers[1]


async def test_frames_are_for_engineers_who_ask_for_them(site: Site) -> None:
    denied = site.bare("?type=ocpp.message", additional_headers=site.bearer(OURS, Role.OPERATOR))
    assert await refusal(denied) == (403, "role")
    async with (
        site.socket(OURS, "?type=ocpp.message", Role.ENGINEER) as engineer,
        site.socket(OURS, "?charger=LIVE-1", Role.ENGINEER) as plain,
    ):
        await site.report(OURS)
        assert (await told(engineer))["data"]["frame"].startswith("[2,")
        assert (await told(plain))["type"] == "connector.status_changed"
        await site.report(OURS)
        assert (await told(plain))["type"] == "connector.status_changed"


async def test_two_tenants_with_the_same_chargers_hear_their_own(site: Site) -> None:
    async with site.socket(OURS) as ours, site.socket(THEIRS) as theirs:
        await asyncio.gather(site.report(OURS, count=100), site.report(THEIRS, count=100))
        for ws, tenant in ((ours, OURS), (theirs, THEIRS)):
            heard = [await told(ws) for _ in range(100)]
            assert {(m["tenant"], m["data"]["info"]) for m in heard} == {(tenant, tenant)}


async def test_a_revoked_token_ends_its_streams_with_a_reason(site: Site) -> None:
    token = site.two.tokens[OURS, Role.VIEWER]
    async with (
        site.socket(OURS, role=Role.VIEWER) as ws,
        site.socket(OURS, role=Role.OPERATOR) as other,
        events(site, **site.bearer(OURS, Role.VIEWER)) as stream,
    ):
        await anext(stream)
        await ApiTokens(site.two.store, OURS, "user:ann").revoke(token.id)
        assert await end_of(ws) == (1008, "credential_ended")
        last = await anext(stream)
        assert (last["event"], last["data"]["data"]) == ("stream.closed", {"reason": "credential_ended"})
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await site.report(OURS)
        assert (await told(other))["type"] == "connector.status_changed"


async def test_a_suspended_tenant_has_no_streams(site: Site) -> None:
    async with site.socket(THEIRS) as ws, site.socket(OURS) as ours:
        await Tenants(site.two.store, "user:ann").suspend(THEIRS)
        assert await end_of(ws) == (1008, "credential_ended")
        await site.report(OURS)
        assert (await told(ours))["tenant"] == OURS


async def test_a_credential_has_five_streams_and_gets_a_seat_back(site: Site) -> None:
    async with (
        site.socket(OURS),
        site.socket(OURS),
        site.socket(OURS),
        events(site, **site.bearer(OURS)),
    ):
        async with site.socket(OURS):
            sixth = site.bare(additional_headers=site.bearer(OURS))
            assert await refusal(sixth) == (429, "rate_limited")
            response = await site.two.client(OURS).get(f"{API}/events")
            assert (response.status_code, response.headers["retry-after"]) == (429, "10")
        async with asyncio.timeout(5):
            await until(lambda: site.two.services.streams.open == 4, "a seat is free")  # type: ignore[union-attr]
        async with site.socket(OURS) as ws, site.socket(THEIRS):
            await site.report(OURS)
            assert (await told(ws))["type"] == "connector.status_changed"


@pytest.mark.parametrize("kind", ["socket", "events"])
async def test_sec_16_a_listener_that_does_not_read_is_closed_and_holds_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What waits for it is bounded, it is cut off, and the one beside it misses nothing."""
    monkeypatch.setattr(stream_door, "STALL_S", 1.0)
    door = site.two.services.streams
    assert door is not None
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    path, headers = ("/ws/telemetry", upgrade) if kind == "socket" else (f"{API}/events", {})
    lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in headers.items())]
    lines += [f"{k}: {v}" for k, v in site.bearer(OURS, Role.VIEWER).items()]
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", site.port))
        deaf.sendall("\r\n".join([*lines, "", ""]).encode())
        async with site.socket(OURS, "?charger=LIVE-1") as honest:
            await until(lambda: door.open == 2, "both listen")
            streams = list(door.live.hub._streams)
            count, most = 0, 0
            async with asyncio.timeout(60):
                while door.lagging == 0:
                    await site.report(OURS, count=20, info="x" * 20_000)
                    count += 20
                    most = max(most, *(stream.waiting_bytes for stream in streams))
                    heard = [await told(honest) for _ in range(20)]
                    assert len(heard) == 20
            assert most <= door.live.settings.bounds.size_bytes + 500_000
            await until(lambda: door.open == 1, "the deaf one is gone")
        deaf.settimeout(10)
        await asyncio.to_thread(read_to_the_end, deaf)


def read_to_the_end(deaf: socket.socket) -> None:
    """What was on its way, and then nothing: the connection was cut."""
    with suppress(ConnectionResetError):
        while deaf.recv(1 << 20):
            pass
