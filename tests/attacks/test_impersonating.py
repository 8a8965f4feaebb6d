"""Speaking as another: a second socket, another's transaction; it fails, is written down, and changes nothing."""

import asyncio
import itertools
import json
from base64 import b64encode
from typing import Any

import pytest

from application.commands import Wish
from application.registry import Registry
from domain.alarms.events import AlarmRaised
from domain.chargers.charger import OUTRANKED
from domain.chargers.events import Connected, Disconnected
from domain.commands.events import Answered
from domain.commands.upkeep import ClearCache
from domain.event import Event, Fact
from domain.id_tokens.events import Issued
from domain.identity import ChargerId, IdToken
from entrypoints.reactions import REACTIONS
from tests.adapters.ocpp.front_door import CP, HEARTBEAT, PASSWORD, TENANT, FrontDoor
from tests.fakes.charger_socket import CLOSED, OPEN, ChargerSocket
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker, InMemoryPost

SHOWN = (b"authorization", b"Basic " + b64encode(b"CP1:" + PASSWORD))
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
START = '{"connectorId":1,"idTag":"ANN","meterStart":0,"timestamp":"2026-11-22T00:00:00Z"}'
STOP = '{{"transactionId":{},"meterStop":99999,"timestamp":"2026-11-22T00:01:00Z"}}'
READ = (
    '{{"connectorId":1,"transactionId":{},"meterValue":[{{"timestamp":"2026-11-22T00:00:30Z",'
    '"sampledValue":[{{"value":"99999"}}]}}]}}'
)


async def followed(door: FrontDoor) -> list[tuple[str, str]]:
    """What the follower makes of the log: (stream, kind) of the alarms."""
    for recorded in list(door.store.log):
        for react in REACTIONS.get(type(recorded.event.fact), ()):
            await react.do(door.store, recorded)
    return [
        (event.originator_id, event.fact.kind)
        for event in door.events(AlarmRaised)
        if isinstance(event.fact, AlarmRaised)
    ]


async def unnoticed(charger: ChargerId, news: str) -> None:
    """Nobody sends news here."""
    raise AssertionError((charger, news))


async def hang_up(*sockets: ChargerSocket) -> None:
    for socket in sockets:
        socket.leave(1000)
    await asyncio.gather(*(socket.ended() for socket in sockets))


async def test_sec_08_without_the_password_nobody_displaces_a_charger() -> None:
    door = FrontDoor()
    await door.register("CP1", 1)
    honest = ChargerSocket(door.gateway, headers=[SHOWN])
    assert await honest.decided() == 101
    for n, header in enumerate([None, (b"authorization", b"Basic " + b64encode(b"CP1:guess"))] * 4):
        thief = ChargerSocket(door.gateway, headers=[header] if header else [], peer="203.0.113.9")
        await thief.ended()
        assert thief.status == 401
        assert (await honest.ask(HEARTBEAT.format(n))).startswith(f'[3,"{n}"')
    assert honest.link.pings == [], "it was not even asked whether it lives"
    assert door.events(Disconnected) == []
    await hang_up(honest)


async def test_sec_08_with_the_password_a_second_socket_is_refused_while_the_first_answers() -> None:
    door = FrontDoor()
    await door.register("CP1", 1)
    honest = ChargerSocket(door.gateway, headers=[SHOWN])
    assert await honest.decided() == 101
    for n in range(3):
        thief = ChargerSocket(door.gateway, headers=[SHOWN], peer="203.0.113.9")
        honest.link.pinged.clear()
        await honest.link.pinged.wait()
        honest.link.answer(alive=True)
        await thief.ended()
        assert thief.status == 409
        assert (await honest.ask(HEARTBEAT.format(n))).startswith(f'[3,"{n}"')
    assert honest.state == OPEN
    assert len(door.events(Connected)) == 1
    assert ("alarms/t/CP1", "duplicate_connection") in await followed(door)
    await hang_up(honest)


async def test_sec_08_a_newer_password_takes_the_place_of_a_thief_who_has_the_old_one() -> None:
    """The operator replaced a password that had leaked: the charger need not wait for the thief's silence."""
    door = FrontDoor()
    await door.register("CP1", 1)
    thief = ChargerSocket(door.gateway, headers=[SHOWN], peer="203.0.113.9")
    assert await thief.decided() == 101
    await Registry(door.store, TENANT, "user:ann").new_password("CP1", "a-password-of-today!")
    fresh = (b"authorization", b"Basic " + b64encode(b"CP1:a-password-of-today!"))
    honest = ChargerSocket(door.gateway, headers=[fresh])
    assert await honest.decided() == 101
    assert (thief.state, thief.link.pings) == (CLOSED, []), "it was not asked whether it lives"
    before = len(door.store.log)
    thief.say(HEARTBEAT.format("late"))
    assert (await honest.ask(HEARTBEAT.format("h"))).startswith('[3,"h"')
    assert len(door.store.log) == before + 1, "what the thief still says changes nothing"
    ended = door.events(Disconnected)[0].fact
    assert isinstance(ended, Disconnected)
    assert ended.reason == OUTRANKED
    back = ChargerSocket(door.gateway, headers=[SHOWN], peer="203.0.113.9")
    await back.ended()
    assert back.status == 401
    await hang_up(thief, honest)


async def test_sec_08_a_reply_of_a_fenced_connection_is_not_the_chargers() -> None:
    """Nobody told the other process that its connection was replaced: the log does."""
    broker, store = InMemoryBroker(), InMemoryEventStore()
    here, there = (FrontDoor(store, broker=broker, gateway=name) for name in ("here", "there"))
    for door in (here, there):
        await door.workplace.switchboard.open(unnoticed)
    await here.register("CP1", 1)
    thief = ChargerSocket(here.gateway, headers=[SHOWN])
    assert await thief.decided() == 101
    asking = asyncio.create_task(
        here.workplace.commands.request(CP, Wish(intent=ClearCache(), actor="user:ann"))
    )
    await thief.until(lambda: bool(thief.texts))
    message_id = json.loads(thief.texts[0])[1]
    await asking
    for post in broker.posts:
        assert isinstance(post, InMemoryPost)
        post.cut = True
    await Registry(store, TENANT, "user:ann").new_password("CP1", "a-password-of-today!")
    fresh = (b"authorization", b"Basic " + b64encode(b"CP1:a-password-of-today!"))
    honest = ChargerSocket(there.gateway, headers=[fresh])
    assert await honest.decided() == 101
    assert thief.state == OPEN, "the parcel that closes it did not arrive"
    thief.say(json.dumps([3, message_id, {"status": "Accepted"}]))
    await thief.ended()
    assert thief.state == CLOSED
    assert here.events(Answered) == []
    await hang_up(honest)


async def charging(door: FrontDoor, cpid: str) -> tuple[ChargerSocket, int]:
    """A charger with a transaction running, and its number."""
    socket = ChargerSocket(door.gateway, f"/ocpp/1.6/{cpid}")
    assert await socket.decided() == 101
    await socket.ask(BOOT)
    answer = json.loads(await socket.ask(f'[2,"start","StartTransaction",{START}]'))
    return socket, int(answer[2]["transactionId"])


def of_others(door: FrontDoor, attacker: str) -> list[Event[Fact]]:
    """All that is not the attacker's own, nor an alarm about it."""
    own = (f"charger/{TENANT}/{attacker}", f"transaction/{TENANT}/{attacker}/", "alarms/")
    return [event for event in door.events(Fact) if not event.originator_id.startswith(own)]


@pytest.fixture
async def two() -> Any:
    """CP1 attacks CP2, which is charging."""
    door = FrontDoor()
    for cpid in ("CP1", "CP2"):
        await door.register(cpid)
    ann = IdToken("ANN")
    issued: Event[Any] = Event(
        originator_id=ann.stream(TENANT),
        originator_version=1,
        fact=Issued(id_token=ann),
        told=door.events(Fact)[0].told,
    )
    await door.store.append([issued])
    victim, number = await charging(door, "CP2")
    attacker = ChargerSocket(door.gateway, "/ocpp/1.6/CP1")
    assert await attacker.decided() == 101
    await attacker.ask(BOOT)
    yield door, attacker, victim, number
    await hang_up(attacker, victim)


@pytest.mark.parametrize(("action", "payload"), [("StopTransaction", STOP), ("MeterValues", READ)])
async def test_sec_10_anothers_transaction_is_answered_neutrally_recorded_and_untouched(
    two: Any, action: str, payload: str
) -> None:
    door, attacker, victim, number = two
    before = of_others(door, "CP1")
    unknown = json.loads(await attacker.ask(f'[2,"none","{action}",{payload.format(number % 1000 + 1)}]'))
    answer = json.loads(await attacker.ask(f'[2,"theft","{action}",{payload.format(number)}]'))
    assert (answer[0], answer[2]) == (3, unknown[2]), "it does not learn that the number exists"
    assert of_others(door, "CP1") == before
    recorded = [event for event in door.events(Fact) if event.told.cause == "theft"]
    assert recorded, "what it said stands in its own books"
    assert await followed(door) == [("alarms/t/CP1", "foreign_transaction")]
    stopped = json.loads(await victim.ask(f'[2,"end","StopTransaction",{STOP.format(number)}]'))
    assert stopped[:2] == [3, "end"]
    assert any(
        event.told.cause == "end" and event.originator_id.startswith(f"transaction/{TENANT}/CP2/")
        for event in door.events(Fact)
    )


async def test_sec_10_numbers_are_not_a_row_that_can_be_counted_up() -> None:
    door = FrontDoor()
    numbers = []
    for n in range(12):
        await door.register(f"ROW-{n}")
        socket, number = await charging(door, f"ROW-{n}")
        numbers.append(number)
        await hang_up(socket)
    gaps = {two - one for one, two in itertools.pairwise(numbers)}
    assert len(gaps) == len(numbers) - 1
    assert all(0 < number < 2**31 for number in numbers)


async def test_replayed_answers_to_commands_nobody_asked_change_nothing() -> None:
    door = FrontDoor()
    await door.register("CP1")
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 101
    await socket.ask(BOOT)
    before = {event.originator_id for event in door.events(Fact)}
    for n in range(5):
        socket.say(f'[3,"{n:022x}",{{"status":"Accepted"}}]')
        socket.say(f'[4,"{n:022x}","GenericError","",{{}}]')
    assert (await socket.ask(HEARTBEAT.format("h"))).startswith('[3,"h"')
    assert {event.originator_id for event in door.events(Fact)} == before
    assert socket.state != CLOSED
    await hang_up(socket)
