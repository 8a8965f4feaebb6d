"""Guessing at passwords and ids: it fails, is written down once, and the honest are let in beside it."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from adapters.ocpp.refusals import VERDICTS, Reason
from application.lockouts import LockoutLimits
from domain.chargers import credentials
from domain.chargers.events import Connected, HandshakeRefused, Registered
from domain.chargers.provisioning import NetworksAllowed
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.adapters.ocpp.front_door import HEARTBEAT, NOW, PASSWORD, TENANT, FrontDoor
from tests.fakes.charger_socket import ChargerSocket
from tests.fakes.fleet import InMemoryBroker

LIMITS = LockoutLimits()


def basic(user: str, password: bytes) -> tuple[bytes, bytes]:
    return (b"authorization", b"Basic " + b64encode(user.encode() + b":" + password))


async def knock(
    door: FrontDoor,
    cpid: str,
    password: bytes | None = None,
    peer: str = "203.0.113.9",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> ChargerSocket:
    shown = headers if password is None else (basic(cpid, password), *headers)
    socket = ChargerSocket(door.gateway, f"/ocpp/1.6/{cpid}", headers=shown, peer=peer)
    await socket.decided()
    return socket


async def hang_up(*sockets: ChargerSocket) -> None:
    for socket in sockets:
        socket.leave(1000)
    await asyncio.gather(*(socket.ended() for socket in sockets))


@pytest.fixture
async def door() -> FrontDoor:
    """CP1 has a password, and so has HONEST."""
    door = FrontDoor()
    await door.register("CP1", 1)
    await door.register("HONEST", 1)
    return door


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every password that is hashed."""
    seen: list[bytes] = []
    plain = credentials.hmac.new

    def noticed(key: bytes, message: bytes, digest: object) -> object:
        seen.append(message)
        return plain(key, message, digest)  # type: ignore[arg-type]

    monkeypatch.setattr(credentials.hmac, "new", noticed)
    return seen


async def test_sec_05_brute_force_ends_before_the_hashing_and_the_honest_get_answers(
    door: FrontDoor, hashes: list[bytes]
) -> None:
    honest = await knock(door, "HONEST", PASSWORD, "198.51.100.1")
    statuses = []
    for n in range(100):
        socket = await knock(door, "CP1", b"guess-%d" % n)
        await socket.ended()
        statuses.append(socket.status)
        assert (await honest.ask(HEARTBEAT.format(f"h{n}"))).startswith(f'[3,"h{n}"')
    looked_at = LIMITS.wrong_per_charger + 1
    assert statuses == [401] * looked_at + [429] * (100 - looked_at)
    assert b"guess-%d" % looked_at not in hashes
    assert b"guess-%d" % (looked_at - 1) in hashes
    reasons = {fact.reason: fact for fact in door.refusals()}
    assert set(reasons) == {"auth_password", "auth_locked"}
    assert all(fact.cpid == "CP1" and fact.known for fact in reasons.values())
    assert len(door.refusals()) == 2, "repetitions are counted, not listed"
    await hang_up(honest)


async def test_sec_05_the_locked_are_told_how_long_and_the_right_password_does_not_help_elsewhere(
    door: FrontDoor,
) -> None:
    for n in range(LIMITS.wrong_per_charger + 1):
        await (await knock(door, "CP1", b"guess-%d" % n)).ended()
    locked = await knock(door, "CP1", PASSWORD, "192.0.2.1")
    await locked.ended()
    assert (locked.status, locked.words) == (429, VERDICTS[Reason.AUTH_LOCKED].hint)
    (retry,) = (value for name, value in locked.sent[0]["headers"] if name == b"retry-after")
    assert 0 < int(retry) <= 900


async def test_sec_05_the_owner_at_home_is_let_in_while_strangers_guess_at_his_id(door: FrontDoor) -> None:
    await hang_up(await knock(door, "CP1", PASSWORD, "198.51.100.7"))
    for n in range(LIMITS.wrong_per_charger + 5):
        await (await knock(door, "CP1", b"guess-%d" % n)).ended()
    back = await knock(door, "CP1", PASSWORD, "198.51.100.7")
    assert back.status == 101
    await hang_up(back)


async def test_sec_05_waiting_as_told_opens_the_door_again() -> None:
    broker = InMemoryBroker()
    door = FrontDoor(broker=broker, now=lambda: broker.seconds)
    await door.register("CP1", 1)
    while (socket := await knock(door, "CP1", b"wrong")).status == 401:
        await socket.ended()
    (retry,) = (value for name, value in socket.sent[0]["headers"] if name == b"retry-after")
    broker.seconds += int(retry)
    back = await knock(door, "CP1", PASSWORD)
    assert back.status == 101
    await hang_up(back)


async def test_sec_05_enumeration_stops_and_a_whole_nat_of_known_chargers_is_let_in_beside_it(
    door: FrontDoor,
) -> None:
    for n in range(40):
        await door.register(f"NAT-{n}", 1)
        await hang_up(await knock(door, f"NAT-{n}", PASSWORD))
    statuses = []
    for n in range(60):
        socket = await knock(door, f"GUESS-{n}")
        await socket.ended()
        statuses.append(socket.status)
    found = statuses.count(404)
    assert LIMITS.unknown_per_address <= found <= LIMITS.unknown_per_address + 2
    assert set(statuses[found:]) == {429}
    known = await knock(door, "CP1")
    assert known.status == 429, "neither does a known id show itself to him any more"
    back = [await knock(door, f"NAT-{n}", PASSWORD) for n in range(40)]
    assert {socket.status for socket in back} == {101}
    assert len(door.events(Connected)) == 80
    await hang_up(*back)


async def test_sec_04_an_unknown_id_costs_the_hashing_of_a_wrong_password(
    door: FrontDoor, hashes: list[bytes]
) -> None:
    """Timings depend on the machine; the work they would betray does not."""
    for password in (b"", b"x", PASSWORD, b"p" * 200, b"0123456789abcdef" * 2):
        counts = []
        for cpid in ("CP1", "NOBODY"):
            hashes.clear()
            await (await knock(door, cpid, password + b"!")).ended()
            counts.append((len(hashes), sorted(len(one) for one in hashes)))
        assert counts[0] == counts[1]
        assert counts[0][0] > 0


async def test_sec_04_with_401_an_unknown_id_is_answered_as_a_known_one_however_often_it_is_tried() -> None:
    door = FrontDoor(unknown_id_status=401)
    await door.register("CP1", 1)
    told: dict[str, list[tuple[object, ...]]] = {"CP1": [], "NOBODY": []}
    for password in [None, *[b"guess"] * (LIMITS.wrong_per_charger + 5)]:
        for n, (cpid, seen) in enumerate(told.items()):
            socket = await knock(door, cpid, password, peer=f"203.0.113.{n}")
            await socket.ended()
            headers = [name for name, _ in socket.sent[0]["headers"]]
            seen.append((socket.status, socket.words, headers))
    assert told["CP1"] == told["NOBODY"]
    assert {status for status, *_ in told["CP1"]} == {401, 429}
    assert {(f.cpid, f.reason) for f in door.refusals() if f.status == 401} == {
        ("CP1", "auth_missing"),
        ("CP1", "auth_password"),
        ("NOBODY", "id_unknown"),
    }, "the books say what it was"


async def test_sec_12_an_untrusted_client_speaks_for_nobody_elses_address(door: FrontDoor) -> None:
    """A new invented address with each guess."""
    statuses = []
    for n in range(LIMITS.wrong_per_charger + 5):
        spoofed = (
            (b"x-forwarded-for", b"192.0.2.%d" % n),
            (b"x-forwarded-proto", b"https"),
            (b"forwarded", b"for=192.0.2.%d;proto=https" % n),
            (b"x-real-ip", b"192.0.2.%d" % n),
            (b"host", b"admin.internal"),
        )
        socket = await knock(door, f"GUESS-{n}" if n % 2 else "CP1", b"guess", headers=spoofed)
        await socket.ended()
        statuses.append(socket.status)
    assert {fact.remote for fact in door.refusals()} == {"203.0.113.9"}


async def test_sec_12_spoofed_tls_does_not_open_a_charger_that_wants_it(door: FrontDoor) -> None:
    await door.register("TLS", 2)
    spoofed = ((b"x-forwarded-proto", b"https"), (b"x-forwarded-proto", b"wss"))
    socket = await knock(door, "TLS", PASSWORD, headers=spoofed)
    await socket.ended()
    assert (socket.status, door.refusals()[-1].reason) == (403, "profile_mismatch")


async def test_sec_12_behind_a_trusted_proxy_the_guesser_is_counted_and_not_the_proxy() -> None:
    door = FrontDoor(trusted_proxies=frozenset({"10.0.0.1"}))
    await door.register("CP1", 1)

    def through(address: bytes, forged: bytes = b"") -> tuple[tuple[bytes, bytes], ...]:
        return ((b"x-forwarded-for", forged + address),)

    for n in range(60):
        forged = b"192.0.2.%d, " % n  # what a client invents stands before what the proxy knows
        await (
            await knock(door, f"GUESS-{n}", peer="10.0.0.1", headers=through(b"203.0.113.9", forged))
        ).ended()
    locked = await knock(door, "CP1", PASSWORD, "10.0.0.1", through(b"203.0.113.9"))
    other = await knock(door, "CP1", PASSWORD, "10.0.0.1", through(b"198.51.100.1"))
    await locked.ended()
    assert (locked.status, other.status) == (429, 101)
    await hang_up(other)


@pytest.mark.parametrize("forwarded", [None, (b"x-forwarded-for", b"127.0.0.1")])
async def test_sec_01_without_a_password_a_charger_comes_from_its_networks_alone(forwarded: Any) -> None:
    door = FrontDoor()
    facts: list[Fact] = [Registered(cpid="OPEN", security_profile=0)]
    stream = ChargerId.of(TENANT, "OPEN").stream
    await door.store.append(events_of(stream, 0, facts, Told(recorded_at=NOW)))
    headers = [forwarded] if forwarded else []
    listed = [NetworksAllowed(("127.0.0.0/8", "10.0.0.0/8"))]
    stranger = ChargerSocket(door.gateway, "/ocpp/1.6/OPEN", peer="203.0.113.9", headers=headers)
    at_home = ChargerSocket(door.gateway, "/ocpp/1.6/OPEN", headers=headers)
    assert await asyncio.gather(stranger.decided(), at_home.decided()) == [403, 403], "none is listed yet"
    await door.store.append(events_of(stream, 1, listed, Told(recorded_at=NOW)))
    stranger = ChargerSocket(door.gateway, "/ocpp/1.6/OPEN", peer="203.0.113.9", headers=headers)
    assert await stranger.decided() == 403
    assert "list its network" in stranger.words
    at_home = ChargerSocket(door.gateway, "/ocpp/1.6/OPEN", headers=headers)
    assert await at_home.decided() == 101
    assert {fact.reason for fact in door.refusals()} == {"network_not_allowed"}
    await hang_up(at_home)


async def test_sec_01_nothing_but_the_refusal_is_written_whatever_is_shown(door: FrontDoor) -> None:
    before = len(door.events(Fact))
    await door.register("TLS", 2)
    await door.register("CERT", 3)
    registered = len(door.events(Fact))
    assert registered > before
    combinations = [
        ("CP1", None),
        ("CP1", (b"authorization", b"Bearer abc")),
        ("CP1", (b"authorization", b"Basic !!!")),
        ("CP1", basic("CP1", b"wrong")),
        ("CP1", basic("HONEST", PASSWORD)),
        ("CP1", basic("", PASSWORD)),
        ("TLS", basic("TLS", PASSWORD)),
        ("CERT", basic("CERT", PASSWORD)),
        ("NOBODY", basic("NOBODY", PASSWORD)),
        ("CP1%00", basic("CP1", PASSWORD)),
        ("..%2FCP1", basic("CP1", PASSWORD)),
        ("CP1%2531", basic("CP1", PASSWORD)),
        ("X" * 49, basic("CP1", PASSWORD)),
    ]
    for cpid, header in combinations:
        socket = ChargerSocket(door.gateway, f"/ocpp/1.6/{cpid}", headers=[header] if header else [])
        await socket.ended()
        assert socket.status in (401, 403, 404), (cpid, socket.status)
    written = door.events(Fact)[registered:]
    assert {type(event.fact) for event in written} == {HandshakeRefused}
    assert door.events(Connected) == []
