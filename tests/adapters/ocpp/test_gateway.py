"""The front door: who is let in, what the others are told, and what the books keep of both."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ocpp.gateway import Pace
from adapters.ocpp.gateway_settings import enabled_versions
from adapters.ocpp.presence import REPLACED, SHUTDOWN, SILENT, TURNED_OUT
from adapters.ocpp.refusals import VERDICTS, Reason
from adapters.ocpp.rubbish import KEPT_AT_ONCE
from adapters.ocpp.versions import Version
from adapters.ocpp.websocket import Link
from application import clock
from application.intake import ATTEMPTS
from application.registry import Registry
from application.windows import Wanted, Windows
from domain.chargers.credentials import digest_of
from domain.chargers.events import (
    Connected,
    Disconnected,
    FrameIgnored,
    FrameRejected,
    FramesSuppressed,
    HandshakeRefused,
    HeartbeatReceived,
)
from domain.chargers.provisioning import CredentialAdopted, CredentialOffered
from domain.event import Event, Fact, Told, events_of
from domain.provisioning.events import ChargerLetIn
from tests.adapters.ocpp.front_door import CP, HEARTBEAT, NOW, PASSWORD, SALT, TENANT, FrontDoor
from tests.fakes.charger_socket import ChargerSocket, FakeLink, Gone
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.staged_store import StagedEventStore


def basic(user: bytes, password: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Basic " + b64encode(user + b":" + password))]


@pytest.fixture
async def door() -> FrontDoor:
    """CP1 is open, SAFE has a password, TLS wants encryption, CERT a certificate."""
    door = FrontDoor(versions=frozenset({Version.V16, Version.V21}))
    for profile, cpid in enumerate(("CP1", "SAFE", "TLS", "CERT")):
        await door.register(cpid, profile)
    return door


async def connect(door: FrontDoor, **asked: Any) -> ChargerSocket:
    socket = ChargerSocket(door.gateway, **asked)
    assert await socket.decided() == 101, socket.words
    return socket


async def hang_up(*sockets: ChargerSocket) -> None:
    for socket in sockets:
        socket.leave(1000)
    await asyncio.gather(*(socket.ended() for socket in sockets))


def test_the_fake_link_is_asked_like_the_real_one() -> None:
    asked = {name for name in dir(Link) if not name.startswith("_")}
    assert asked <= set(dir(FakeLink(lambda: 0.0)))


# -- refused ---------------------------------------------------------------------------------------------------

BEARER = [(b"authorization", b"Bearer abc")]
CASES: tuple[tuple[str, Sequence[str], Sequence[tuple[bytes, bytes]], Reason, bool], ...] = (
    ("/ocpp/1.6/NOBODY", ("ocpp1.6",), (), Reason.ID_UNKNOWN, False),
    ("/ocpp/1.6", ("ocpp1.6",), (), Reason.ID_MISSING, False),
    ("/steve/CP1", ("ocpp1.6",), (), Reason.PATH_MALFORMED, False),
    ("/ocpp/1.5/CP1", ("ocpp1.6",), (), Reason.PATH_VERSION_UNKNOWN, False),
    ("/ocpp/CP1/CP1", ("ocpp1.6",), (), Reason.ID_DOUBLED, False),
    ("/ocpp/CP%3A1", ("ocpp1.6",), (), Reason.ID_INVALID, False),
    ("/ocpp/CP1", (), (), Reason.SUBPROTOCOL_MISSING, True),
    ("/ocpp/CP1", ("ocpp1.5",), (), Reason.SUBPROTOCOL_UNSUPPORTED, True),
    ("/ocpp/1.6/CP1", ("ocpp2.1",), (), Reason.SUBPROTOCOL_UNSUPPORTED, True),
    ("/ocpp/CP1", ("ocpp2.0.1",), (), Reason.VERSION_DISABLED, True),
    ("/ocpp/SAFE", ("ocpp1.6",), (), Reason.AUTH_MISSING, True),
    ("/ocpp/SAFE", ("ocpp1.6",), BEARER, Reason.AUTH_MALFORMED, True),
    ("/ocpp/NOBODY", ("ocpp1.6",), BEARER, Reason.ID_UNKNOWN, False),
    ("/ocpp/SAFE", ("ocpp1.6",), basic(b"SAFE", b"hunter2"), Reason.AUTH_PASSWORD, True),
    ("/ocpp/SAFE", ("ocpp1.6",), basic(b"CP1", PASSWORD), Reason.AUTH_USER_MISMATCH, True),
    ("/ocpp/TLS", ("ocpp1.6",), basic(b"TLS", PASSWORD), Reason.PROFILE_MISMATCH, True),
    ("/ocpp/CERT", ("ocpp1.6",), (), Reason.CLIENT_CERT_MISSING, True),
)


@pytest.mark.parametrize(("path", "offered", "headers", "reason", "known"), CASES)
async def test_every_refusal_is_said_and_recorded(
    door: FrontDoor,
    path: str,
    offered: Sequence[str],
    headers: Sequence[tuple[bytes, bytes]],
    reason: Reason,
    known: bool,
) -> None:
    verdict = VERDICTS[reason]
    socket = ChargerSocket(door.gateway, path, subprotocols=offered, headers=headers)
    await socket.ended()
    status = verdict.http_status or verdict.close_code
    if verdict.http_status is None:
        assert socket.sent == [
            {"type": "websocket.accept"},
            {"type": "websocket.close", "code": verdict.close_code, "reason": reason},
        ]
    else:
        assert (socket.status, socket.words) == (verdict.http_status, verdict.hint)
        assert any(name == b"www-authenticate" for name, _ in socket.sent[0]["headers"]) == (status == 401)
    (fact,) = door.refusals()
    assert (fact.reason, fact.status, fact.hint, fact.known) == (reason, status, verdict.hint, known)
    assert (fact.path, fact.remote, fact.user_agent) == (path, "10.0.0.7", "Beny/1.0.31")
    assert door.events(Connected) == []
    assert door.gateway.counters.handshakes == {("refused", reason, ""): 1}
    assert "hunter2" not in str(fact)


async def test_a_server_about_to_end_lets_nobody_in(door: FrontDoor) -> None:
    door.gateway.draining = True
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 503
    await socket.ended()
    assert (b"retry-after", b"30") in socket.sent[0]["headers"]
    assert [(fact.reason, fact.known) for fact in door.refusals()] == [("draining", False)]


async def test_a_refusal_the_store_cannot_take_is_said_at_once_and_recorded_later(door: FrontDoor) -> None:
    door.gateway.draining = True
    door.store.unavailable = True
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 503
    await socket.ended()
    door.store.unavailable = False
    await door.attempts.flush(door.events(Fact)[0].told.recorded_at, everything=True)
    assert [fact.reason for fact in door.refusals()] == ["draining"]


async def test_without_the_store_nobody_is_let_in_or_refused(door: FrontDoor) -> None:
    door.store.unavailable = True
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 503
    await socket.ended()
    door.store.unavailable = False
    assert door.events(Connected, HandshakeRefused) == []
    assert door.gateway.counters.handshakes == {("unavailable", "", ""): 1}


async def test_a_connection_that_cannot_be_recorded_is_none() -> None:
    store = StagedEventStore()
    door = FrontDoor(store)
    await door.register()

    async def busy() -> None:
        told = door.events(Fact)[0].told
        await store.intrude(CP.stream, FrameIgnored(reason="another writer"), told)

    store.before = [busy] * ATTEMPTS
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 503
    await socket.ended()
    assert door.events(Connected) == []
    assert len(door.gateway.presence) == 0


# -- let in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "subprotocol", "fact"),
    [
        ({"path": "/ocpp/cp1/"}, "ocpp1.6", {"flags": ("id_trailing_slash", "id_case")}),
        ({"subprotocols": ("soap", "OCPP2.1"), "path": "/ocpp/CP1"}, "OCPP2.1", {"protocol": "2.1"}),
        ({"path": "/ocpp/SAFE", "headers": basic(b"safe", PASSWORD)}, "ocpp1.6", {"security_profile": 1}),
        (
            {"path": "/ocpp/SAFE", "headers": basic(b"SAFE", PASSWORD.hex().encode())},
            "ocpp1.6",
            {"flags": ("auth_hex_form",)},
        ),
        (
            {"path": "/ocpp/TLS", "headers": basic(b"TLS", PASSWORD), "scheme": "wss"},
            "ocpp1.6",
            {"security_profile": 2},
        ),
    ],
)
async def test_who_is_let_in_is_in_the_books_first(
    door: FrontDoor, asked: dict[str, Any], subprotocol: str, fact: dict[str, Any]
) -> None:
    socket = await connect(door, **asked)
    assert socket.sent == [{"type": "websocket.accept", "subprotocol": subprotocol}]
    (event,) = door.events(Connected)
    assert {name: getattr(event.fact, name) for name in fact} == fact
    assert len(door.gateway.presence) == 1
    assert sum(door.gateway.presence.versions().values()) == 1
    await hang_up(socket)
    assert door.gateway.presence.versions() == {}
    assert door.gateway.counters.closed == {1000: 1}


async def test_what_a_charger_says_is_stored_before_it_is_answered(door: FrontDoor) -> None:
    socket = await connect(door)
    answer = await socket.ask(HEARTBEAT.format("1"))
    (event,) = door.events(HeartbeatReceived)
    assert event.told.reply == answer
    assert event.told.frame == HEARTBEAT.format("1")
    await hang_up(socket)


@pytest.mark.parametrize(
    ("raw", "text", "flaw", "kept"),
    [
        (HEARTBEAT.format("1").encode(), None, "binary", None),
        (b"\x00\xff", None, "binary", b"\x00\xff"),
        (b"caf\xe9", "caf\ufffd", "invalid_utf8", b"caf\xe9"),
    ],
)
async def test_frames_of_a_wrong_encoding_are_read_as_well_as_may_be(
    door: FrontDoor, raw: bytes, text: str | None, flaw: str, kept: bytes | None
) -> None:
    socket = await connect(door)
    socket.say_flawed(raw, text, flaw)
    socket.say(HEARTBEAT.format("2"))
    await socket.until(lambda: bool(socket.texts) and socket.texts[-1].startswith('[3,"2"'))
    told = door.events(HeartbeatReceived, FrameRejected)[0].told
    assert (told.frame_bytes, told.repairs) == (kept, (flaw,))
    await hang_up(socket)


@pytest.mark.parametrize("code", [1000, 1006, 3001])
async def test_the_goodbye_is_recorded_with_its_code(door: FrontDoor, code: int) -> None:
    socket = await connect(door)
    socket.leave(code, "x" * 300)
    await socket.ended()
    (event,) = door.events(Disconnected)
    assert isinstance(event.fact, Disconnected)
    assert (event.fact.code, event.fact.reason) == (code, "x" * 120)
    assert door.gateway.counters.closed == {code if code < 1016 else 0: 1}


async def test_who_is_gone_before_the_answer_is_a_goodbye_and_no_error(
    door: FrontDoor, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await connect(door)
    socket.say(HEARTBEAT.format("1"))
    socket.leave()
    await socket.ended()
    assert len(door.events(HeartbeatReceived)) == 1, "it was said"
    assert [type(event.fact) for event in door.events(Disconnected)] == [Disconnected]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


class BrokenStore(InMemoryEventStore):
    """Fails as a programming error would, as soon as it is told to."""

    broken = False

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """Or not."""
        if self.broken:
            self.broken = False
            raise ZeroDivisionError
        return await super().append(events)


@pytest.mark.parametrize("gone", [False, True])
async def test_an_error_of_ours_is_1011_and_in_the_books(
    caplog: pytest.LogCaptureFixture, gone: bool
) -> None:
    store = BrokenStore()
    door = FrontDoor(store)
    await door.register()
    socket = await connect(door)
    store.broken = True
    socket.say(HEARTBEAT.format("1"))
    if gone:
        socket.state = "gone"
    await socket.ended()
    closes = [message for message in socket.sent if message["type"] == "websocket.close"]
    assert closes == ([] if gone else [{"type": "websocket.close", "code": 1011}])
    (event,) = door.events(Disconnected)
    assert isinstance(event.fact, Disconnected)
    assert event.fact.code == 1011
    assert CP.stream in caplog.text


# -- upkeep ----------------------------------------------------------------------------------------------------


async def test_only_the_silent_are_closed(door: FrontDoor) -> None:
    silent, talking = await connect(door), await connect(
        door, path="/ocpp/SAFE", headers=basic(b"SAFE", PASSWORD)
    )  # fmt: skip
    talking.link.last_heard = silent.link.last_heard + 100
    now = silent.link.last_heard + 301
    assert await door.gateway.presence.close_silent(now, 60, 300) == 1
    await silent.ended()
    assert silent.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": SILENT}
    (event,) = door.events(Disconnected)
    assert isinstance(event.fact, Disconnected)
    assert event.fact.code == 1001
    assert await door.gateway.presence.close_silent(now, 60, 300) == 0
    await hang_up(talking)


@pytest.mark.parametrize(
    ("heartbeat_s", "ping_s", "patience_s"),
    [(0, 60, 180), (300, 60, 900), (86_400, 60, 259_200), (10, 120, 360)],
)
async def test_who_was_told_to_beat_slowly_may_be_silent_for_long(
    door: FrontDoor, heartbeat_s: int, ping_s: float, patience_s: float
) -> None:
    wire = await connect(door)
    [connection] = door.gateway.presence._here.values()
    connection.session.desk.charger.heartbeat_s = heartbeat_s
    heard = wire.link.last_heard
    assert await door.gateway.presence.close_silent(heard + patience_s - 1, ping_s, 180) == 0
    assert await door.gateway.presence.close_silent(heard + patience_s + 1, ping_s, 180) == 1
    await wire.ended()


async def test_at_the_end_everybody_is_told_and_written_off() -> None:
    door = FrontDoor()
    for n in range(5):
        await door.register(f"BOX{n}")
    sockets = [await connect(door, path=f"/ocpp/BOX{n}") for n in range(5)]
    sockets[0].state = "gone"
    await door.gateway.presence.close_all(batch=2, pause_s=0)
    sockets[0].leave()
    await asyncio.gather(*(socket.ended() for socket in sockets))
    for socket in sockets[1:]:
        assert socket.sent[-1] == {"type": "websocket.close", "code": 1012, "reason": SHUTDOWN}
    assert len(door.events(Disconnected)) == 5
    assert len(door.gateway.presence) == 0


async def test_the_replaced_one_is_told_why(door: FrontDoor) -> None:
    first = await connect(door)
    second = ChargerSocket(door.gateway)
    await first.link.pinged.wait()
    first.link.answer(alive=False)
    assert await second.decided() == 101
    await first.ended()
    assert first.sent[-1] == {"type": "websocket.close", "code": 1011, "reason": REPLACED}
    await hang_up(second)


async def test_who_leaves_while_he_is_refused_is_no_error_of_ours(door: FrontDoor) -> None:
    socket = ChargerSocket(door.gateway, "/ocpp/NOBODY")
    socket.leave()
    with pytest.raises(Gone):
        await socket.ended()
    assert [fact.reason for fact in door.refusals()] == ["id_unknown"]


# -- pace ------------------------------------------------------------------------------------------------------


@given(
    rate=st.floats(0.5, 1000),
    burst=st.integers(1, 50),
    gaps_s=st.lists(st.sampled_from([0.0, 0.001]) | st.floats(0, 5), max_size=200),
)
def test_nobody_is_read_faster_than_the_burst_and_the_rate(
    rate: float, burst: int, gaps_s: list[float]
) -> None:
    pace, now, read = Pace(rate, burst), 1_000.0, list[float]()
    for gap_s in gaps_s:
        now += gap_s
        now += max(0.0, pace.delay_s(now))
        read.append(now)
    for start in range(0, len(read), 7):
        for end in range(start, len(read), 5):
            assert end - start + 1 <= burst + 1 + rate * (read[end] - read[start]) + 1e-6


@given(rate=st.floats(0.5, 1000), frames=st.integers(1, 100))
def test_who_keeps_to_the_rate_or_within_the_burst_never_waits(rate: float, frames: int) -> None:
    steady, sudden = Pace(rate, 1), Pace(rate, frames)
    assert all(steady.delay_s(1_000.0 + n / rate) <= 1e-6 for n in range(frames))
    assert all(sudden.delay_s(1_000.0) <= 1e-6 for _ in range(frames))


async def test_who_sends_too_much_is_read_more_slowly() -> None:
    door = FrontDoor(frames_per_s=100.0, burst=1)
    await door.register()
    socket = await connect(door)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for n in range(11):
        await socket.ask(HEARTBEAT.format(n))
    assert loop.time() - began >= 0.09
    await hang_up(socket)


def test_versions_are_enabled_by_their_names() -> None:
    assert enabled_versions(["1.6", "2.1"]) == {Version.V16, Version.V21}
    with pytest.raises(ValueError, match=r"1\.5"):
        enabled_versions(["1.5"])


async def test_reconnecting_earns_no_new_budget_for_rubbish(door: FrontDoor) -> None:
    sent = 0
    for _ in range(3):
        socket = await connect(door)
        for _ in range(KEPT_AT_ONCE):
            socket.say("rubbish")
            sent += 1
        await hang_up(socket)
    kept = door.events(FrameRejected)
    counted = sum(event.fact.frames for event in door.events(FramesSuppressed))  # type: ignore[attr-defined]
    assert len(kept) == KEPT_AT_ONCE
    assert len(kept) + counted == sent


# -- provisioning ----------------------------------------------------------------------------------------------

NEW = b"a-new-password-20-ch"


async def test_a_charger_that_was_disabled_is_refused_and_turned_out(door: FrontDoor) -> None:
    books = Registry(door.store, TENANT, "user:ann")
    socket = await connect(door)
    await books.disable_charger("CP1", "broken")
    assert await door.gateway.presence.close_unwelcome() == 0  # its desk has not heard of it
    await socket.ask(HEARTBEAT.format("1"))
    assert await door.gateway.presence.close_unwelcome() == 1
    await socket.ended()
    assert {"type": "websocket.close", "code": 1008, "reason": TURNED_OUT} in socket.sent
    assert not await door.gateway.presence.turn_out(CP)
    again = ChargerSocket(door.gateway)
    assert await again.decided() == 403
    await again.ended()
    assert [(fact.reason, fact.known) for fact in door.refusals()] == [("charger_disabled", True)]
    await books.enable_charger("CP1")
    await hang_up(await connect(door))


async def test_the_login_with_an_offered_password_settles_the_change(door: FrontDoor) -> None:
    stream = "charger/t/SAFE"
    offered = CredentialOffered(credential_id="new", salt=SALT, digest=digest_of(SALT, NEW))
    version = len(await door.store.read(stream))
    await door.store.append(events_of(stream, version, [offered], Told(recorded_at=NOW)))
    asked = {"path": "/ocpp/1.6/SAFE"}
    for password in (PASSWORD, NEW):
        socket = await connect(door, headers=basic(b"SAFE", password), **asked)
        await hang_up(socket)
    assert [event.fact for event in door.events(CredentialAdopted)] == [
        CredentialAdopted(credential_id="new", by_login=True)
    ]
    late = ChargerSocket(door.gateway, headers=basic(b"SAFE", PASSWORD), **asked)
    assert await late.decided() == 401
    await late.ended()
    await hang_up(await connect(door, headers=basic(b"SAFE", NEW), **asked))
    assert len(door.events(CredentialAdopted)) == 1


async def test_a_password_replaced_between_knock_and_record_opens_nothing() -> None:
    store = StagedEventStore()
    door = FrontDoor(store)
    await door.register("CP1", 1)
    books = Registry(store, TENANT, "user:ann")

    async def replaced() -> None:
        await books.new_password("CP1")

    store.before = [replaced]
    socket = ChargerSocket(door.gateway, headers=basic(b"CP1", PASSWORD))
    assert await socket.decided() == 401
    await socket.ended()
    assert [(fact.reason, fact.known) for fact in door.refusals()] == [("auth_password", True)]
    assert door.events(Connected) == []


async def open_window(door: FrontDoor, **chosen: Any) -> None:
    wanted = {"pattern": "NEW-*", "security_profile": 1, "most": 2, **chosen}
    until = clock.now() + timedelta(hours=1)
    await Windows(door.store, TENANT, "user:ann").open(Wanted(until=until, **wanted))
    await door.gateway.admittance.doorkeepers.refresh()


async def test_an_unknown_charger_comes_through_an_open_window(door: FrontDoor) -> None:
    await open_window(door)
    asked = {"path": "/ocpp/1.6/NEW-1", "headers": basic(b"NEW-1", NEW)}
    await hang_up(await connect(door, **asked))
    await hang_up(await connect(door, **asked))
    wrong = ChargerSocket(door.gateway, "/ocpp/1.6/NEW-1", headers=basic(b"NEW-1", PASSWORD))
    assert await wrong.decided() == 401
    await wrong.ended()
    assert len(door.events(ChargerLetIn)) == 1
    assert [(fact.reason, fact.known) for fact in door.refusals()] == [("auth_password", True)]


@pytest.mark.parametrize(
    ("path", "offered", "headers", "status", "reason"),
    [
        ("/ocpp/1.6/OLD-1", ("ocpp1.6",), basic(b"OLD-1", NEW), 404, "id_unknown"),
        ("/ocpp/1.6/NEW-1", ("ocpp1.6",), (), 401, "auth_missing"),
        ("/ocpp/1.6/NEW-1", ("ocpp1.6",), basic(b"NEW-2", NEW), 401, "auth_user_mismatch"),
        ("/ocpp/1.6/NEW-1", ("ocpp1.6",), basic(b"NEW-1", b"short"), 401, "auth_password"),
        ("/ocpp/1.6/NEW-1", ("ocpp1.6",), BEARER, 401, "auth_malformed"),
        ("/ocpp/1.6/NEW-1", ("ocpp1.5",), basic(b"NEW-1", NEW), 101, "subprotocol_unsupported"),
    ],
)
async def test_who_does_not_fit_the_window_is_told_why_and_not_registered(
    door: FrontDoor,
    path: str,
    offered: Sequence[str],
    headers: Sequence[tuple[bytes, bytes]],
    status: int,
    reason: str,
) -> None:
    await open_window(door)
    socket = ChargerSocket(door.gateway, path, subprotocols=offered, headers=headers)
    assert await socket.decided() == status
    await socket.ended()
    assert [(fact.reason, fact.known) for fact in door.refusals()] == [(reason, False)]
    assert door.events(ChargerLetIn) == []
