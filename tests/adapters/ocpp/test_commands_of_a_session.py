"""Commands over one connection: what is sent, what an answer means, and what stands in the log of it."""

import asyncio
import json

import pytest

from application.command_refusals import (
    ChargerNotAccepted,
    ChargerNotConnected,
    ConnectorBusy,
    KeyReused,
    NotPossible,
    TransactionRunning,
    TransactionUnknown,
)
from application.commands import Wish
from application.registry import ChargerUnknown, Registry
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    AnswerUnexpected,
    MessageWithheld,
    TransactionOpened,
)
from domain.chargers.provisioning import CredentialAdopted, CredentialOffered, CredentialWithdrawn
from domain.commands.command import Command
from domain.commands.events import Answered, AnsweredLate, Cancelled, Failed, Requested, Sent, State
from domain.commands.intents import AnyIntent
from domain.commands.settings import ChangePassword, ReadSettings
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import ClearCache, Raw, Reset, TriggerMessage
from domain.event import Told, events_of
from domain.identity import ChargerId, IdToken
from tests.adapters.ocpp.front_door import CP, NOW, FrontDoor
from tests.fakes.charger_socket import ChargerSocket

ACCEPTED = {"status": "Accepted"}


async def connected(door: FrontDoor) -> ChargerSocket:
    await door.register()
    await door.workplace.switchboard.open(_ignore)
    socket = ChargerSocket(door.gateway)
    assert await socket.decided() == 101
    return socket


async def _ignore(*_: object) -> None:
    return


async def call_of(socket: ChargerSocket, n: int = 0) -> list[object]:
    """The n-th call that the charger got."""

    def calls() -> list[str]:
        return [text for text in socket.texts if text.startswith("[2,")]

    await socket.until(lambda: len(calls()) > n)
    found: list[object] = json.loads(calls()[n])
    return found


async def settled(
    door: FrontDoor, socket: ChargerSocket, intent: AnyIntent, reply: str | dict[str, object]
) -> Command:
    """Ask, let the charger reply (a payload, or a whole frame with {} for the id), and wait for the end."""
    before = len([text for text in socket.texts if text.startswith("[2,")])
    asking = asyncio.ensure_future(
        door.workplace.commands.request(CP, Wish(intent=intent, actor="user:ada"), 5.0)
    )
    message_id = str((await call_of(socket, before))[1])
    text = json.dumps([3, message_id, reply]) if isinstance(reply, dict) else reply.replace("{}", message_id)
    socket.say(text)
    return await asking


async def test_what_was_sent_and_answered_stands_in_the_log() -> None:
    door = FrontDoor()
    socket = await connected(door)
    command = await settled(door, socket, Reset(hard=True), ACCEPTED)
    assert command.state is State.SUCCEEDED
    (sent,), (answered,) = door.events(Sent), door.events(Answered)
    assert sent.told.frame == json.dumps([2, command.id, "Reset", {"type": "Hard"}], separators=(",", ":"))
    assert (sent.told.actor, answered.told.actor) == ("user:ada", "charger")
    assert answered.told.frame == json.dumps([3, command.id, ACCEPTED])
    assert answered.told.cause == command.id


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        ('[4,"{}","NotSupported","no such thing",{}]', State.FAILED, "NotSupported"),
        ('[4,"{}"]', State.FAILED, "GenericError"),
        ('[3,"{}",{"status":"Perhaps"}]', State.FAILED, "InvalidAnswer"),
        ('[3,"{}",[]]', State.FAILED, "InvalidAnswer"),
        ('[3,"{}",{"status":"Rejected"}]', State.REJECTED, ""),
        ('[3,"{}",{"status":"Accepted","more":1}]', State.SUCCEEDED, ""),
    ],
)
async def test_whatever_comes_back_ends_the_command(reply: str, state: State, code: str) -> None:
    door = FrontDoor()
    socket = await connected(door)
    command = await settled(door, socket, ClearCache(), reply.replace('",{}]', '",{"a":1}]'))
    assert (command.state, command.code) == (state, code)


async def test_an_answer_to_nothing_is_unexpected_and_a_second_one_too() -> None:
    door = FrontDoor()
    socket = await connected(door)
    socket.say('[3,"nobody asked",{}]')
    command = await settled(door, socket, ClearCache(), ACCEPTED)
    socket.say(json.dumps([3, command.id, {"status": "Rejected"}]))
    await socket.ask('[2,"after","Heartbeat",{}]')
    assert [event.told.cause for event in door.events(AnswerUnexpected)] == ["nobody asked", command.id]
    assert len(door.events(Answered)) == 1


async def test_a_password_leaves_and_stays_out_of_the_log() -> None:
    door = FrontDoor()
    socket = await connected(door)
    command = await settled(door, socket, ChangePassword(credential_id="new"), ACCEPTED)
    (_, _, action, payload) = await call_of(socket)
    assert action == "ChangeConfiguration"
    assert isinstance(payload, dict)
    secret = bytes.fromhex(payload["value"]).decode()
    assert len(secret) == 20
    assert command.state is State.SUCCEEDED
    assert [event.fact.TOPIC for event in door.events(CredentialOffered, CredentialAdopted)] == [
        CredentialOffered.TOPIC,
        CredentialAdopted.TOPIC,
    ]
    everything = repr(door.store.log)
    assert secret not in everything
    assert payload["value"] not in everything
    refused = await settled(door, socket, ChangePassword(credential_id="newer"), {"status": "Rejected"})
    assert refused.state is State.REJECTED
    assert [event.fact for event in door.events(CredentialWithdrawn)] == [
        CredentialWithdrawn(credential_id="newer", reason="Rejected")
    ]


async def test_what_cannot_be_asked_is_refused_and_nothing_recorded() -> None:
    door = FrontDoor()
    commands = door.workplace.commands

    async def refused(intent: AnyIntent, error: type[Exception], charger: ChargerId = CP) -> None:
        before = len(door.store.log)
        with pytest.raises(error):
            await commands.request(charger, Wish(intent=intent, actor="user:ada"))
        assert len(door.store.log) == before

    await refused(ClearCache(), ChargerUnknown)
    await door.register()
    await refused(ClearCache(), ChargerNotConnected)
    socket = ChargerSocket(door.gateway)
    await socket.decided()
    await refused(Raw(action="Heartbeat", payload={}), NotPossible)
    await refused(Raw(action="Reset", payload={"type": "Gently"}), NotPossible)
    await refused(RemoteStop(transaction="7"), TransactionUnknown)
    opened = TransactionOpened(
        transaction="transaction/t/CP1/x", evse_id=1, connector_id=1, started_at=NOW, number=7
    )
    await door.store.append(
        events_of(CP.stream, (await door.charger()).version, [opened], Told(recorded_at=NOW))
    )
    await refused(Reset(), TransactionRunning)
    await refused(UnlockConnector(evse_id=1), TransactionRunning)
    await refused(RemoteStart(id_token=IdToken("x"), evse_id=1), ConnectorBusy)


async def test_a_pending_charger_may_say_what_it_was_asked_for_and_is_not_asked_to_start() -> None:
    """1.6 §4.2, 2.x B02.FR.02 and B02.FR.05."""
    door = FrontDoor()
    await door.register()
    charger = await door.charger()
    held = events_of(
        charger.stream, charger.version, [AcceptanceDecided(Acceptance.PENDING)], Told(recorded_at=NOW)
    )
    await door.store.append(held)
    socket = ChargerSocket(door.gateway)
    await socket.decided()
    status = '[2,"s1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]'
    assert "SecurityError" in await socket.ask(status)
    start = Wish(intent=RemoteStart(id_token=IdToken("x")), actor="user:ada")
    with pytest.raises(ChargerNotAccepted):
        await door.workplace.commands.request(CP, start)
    await settled(door, socket, TriggerMessage(message="StatusNotification", evse_id=1), ACCEPTED)
    assert (await socket.ask(status.replace("s1", "s2"))).startswith('[3,"s2"')
    assert len(door.events(MessageWithheld)) == 1


async def test_who_waits_behind_a_call_that_never_ends_is_cancelled_with_the_connection() -> None:
    door = FrontDoor()
    socket = await connected(door)
    commands = door.workplace.commands
    first = await commands.request(CP, Wish(intent=ClearCache(), actor="user:ada"))
    second = await commands.request(CP, Wish(intent=ReadSettings(), actor="user:ada"))
    await call_of(socket)
    socket.leave()
    ends = [await commands.wait("t", one.id, 5.0) for one in (first, second)]
    assert [one.state for one in ends] == [State.UNKNOWN, State.CANCELLED]
    assert len(door.events(Sent)) == 1
    assert door.events(Cancelled, Failed, AnsweredLate) != []


async def test_a_name_stands_for_one_wish() -> None:
    """What a key named before its process died is found again by the same wish, and by no other."""
    door = FrontDoor()
    await connected(door)
    commands = door.workplace.commands
    first = await commands.request(CP, Wish(intent=ReadSettings(), actor="user:ada", command_id="k1"))
    again = await commands.request(CP, Wish(intent=ReadSettings(), actor="user:ada", command_id="k1"))
    assert again.id == first.id == "k1"
    for other in (ClearCache(), ReadSettings(names=("HeartbeatInterval",))):
        with pytest.raises(KeyReused):
            await commands.request(CP, Wish(intent=other, actor="user:ada", command_id="k1"))
    assert len(door.events(Requested)) == 1


async def test_registry_offers_a_password_by_its_name() -> None:
    door = FrontDoor()
    await door.register()
    offered = await Registry(door.store, "t", "user:ada").offer_password("CP1", credential_id="mine")
    assert offered.credential_id == "mine"
