"""AUD-20 … AUD-23: a person goes in by every way there is, is erased, and is found nowhere; every figure stays."""

import asyncio
import io
import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from adapters.http.access import Right
from application import clock
from application.registry import Registry
from domain.identity import IdToken
from tests.adapters.http.conftest import AUTH, client_of
from tests.adapters.http.conftest import engine as engine
from tests.adapters.http.conftest import house as house
from tests.adapters.http.fleet import project
from tests.adapters.http.services import TENANT, House, plugged_in
from tests.attacks.test_canary import Canaries, at_rest
from tests.attacks.test_canary import logged as logged
from tests.fakes.charger_socket import ChargerSocket
from tests.projections.test_rebuild_is_live import contents

pytestmark = pytest.mark.slow

API = "/api/ocpp"
CARD, GROUP = "C4N4RY8B1DFACE", "C4N4RYFLEET"
LABEL, WHY = "Canary Ann Smithson", "Canary Ann lost her card"
GROUND = {"id_token": CARD.lower(), "legal_basis": "GDPR Art. 17(1)(b)"}


@pytest.fixture
def person() -> Canaries:
    """What may be found nowhere."""
    canary = Canaries()
    canary.add("card", CARD)
    canary.add("card, in other words", "\\u0043" + CARD[1:])
    canary.add("label", LABEL)
    canary.add("reason", WHY)
    return canary


def at(minute: int) -> str:
    return (clock.now() - timedelta(minutes=60 - minute)).isoformat().replace("+00:00", "Z")


async def over_ocpp_16(house: House) -> None:
    """Authorize, a whole session, a list, a reservation, a start from afar, and rubbish."""
    answers = {
        "SendLocalList": {"status": "Accepted"},
        "GetLocalListVersion": {"listVersion": 0},
        "ReserveNow": {"status": "Accepted"},
        "RemoteStartTransaction": {"status": "Accepted"},
        "GetConfiguration": {"configurationKey": []},
    }
    key = {"Idempotency-Key": "k" * 20, "Prefer": "wait=5"}
    async with plugged_in(house.workplace, "CP-1", **answers) as charger:
        say = charger.socket.ask
        await say(json.dumps([2, "a", "Authorize", {"idTag": CARD}]))
        begun = {"connectorId": 1, "idTag": CARD.lower(), "meterStart": 1000, "timestamp": at(1)}
        started = json.loads(await say(json.dumps([2, "s", "StartTransaction", begun])))
        number = started[2]["transactionId"]
        again = json.loads(await say(json.dumps([2, "s2", "StartTransaction", begun])))
        assert again[2]["transactionId"] == number, "the same start said again"
        ended = {"transactionId": number, "idTag": CARD, "meterStop": 8500, "timestamp": at(30)}
        await say(json.dumps([2, "e", "StopTransaction", ended]))
        charger.socket.say('[2,"x","Authorize",{"idTag":"' + CARD)
        charger.socket.say('[2,"y","Authorize",{"\\u0069dTag":"\\u0043' + CARD[1:] + '"}]')
        body = {"connector": 1, "id_tag": CARD, "expiry": (clock.now() + timedelta(hours=1)).isoformat()}
        answer = await house.client.post(f"{API}/chargers/CP-1/reservations", json=body, headers=key)
        assert answer.status_code == 201, answer.text
        again_ = await house.client.post(f"{API}/chargers/CP-1/reservations", json=body, headers=key)
        assert again_.json() == answer.json(), (
            "a repetition is answered the same, from what was kept without it"
        )
        answer = await house.client.post(
            f"{API}/chargers/CP-1/remote-start", json={"id_tag": CARD}, headers={"Prefer": "wait=5"}
        )
        assert answer.status_code == 200, answer.text
        raw = {"raw": True, "action": "RemoteStartTransaction", "payload": {"idTag": CARD}}
        await house.client.post(f"{API}/chargers/CP-1/commands", json=raw, headers={"Prefer": "wait=5"})
        entries = {"mode": "Full", "entries": [{"id_tag": CARD, "parent": GROUP}, {"id_tag": "OTHER-CARD"}]}
        wished = await house.client.put(f"{API}/chargers/CP-1/local-list", json=entries)
        assert wished.is_success, wished.text


async def over_ocpp_2(house: House, version: str, cpid: str) -> None:
    """A whole session with a token that brings another along."""
    socket = ChargerSocket(
        house.workplace.gateway, f"/ocpp/{version}/{cpid}", subprotocols=[f"ocpp{version}"]
    )
    assert await socket.decided() == 101
    boot = {"chargingStation": {"vendorName": "V", "model": "M"}, "reason": "PowerUp"}
    await socket.ask(json.dumps([2, "b", "BootNotification", boot]))
    token = {
        "idToken": CARD,
        "type": "ISO14443",
        "additionalInfo": [{"additionalIdToken": CARD.lower(), "type": "eMAID"}],
    }
    answer = await socket.ask(json.dumps([2, "a", "Authorize", {"idToken": token}]))
    assert "Accepted" in answer, answer
    for number, (kind, minute, wh) in enumerate((("Started", 1, 0), ("Ended", 40, 9000))):
        sampled = {"value": wh, "measurand": "Energy.Active.Import.Register"}
        event: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at(minute),
            "triggerReason": "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": f"tx-{cpid}"},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": token,
            "meterValue": [{"timestamp": at(minute), "sampledValue": [sampled]}],
        }
        answer = await socket.ask(json.dumps([2, f"t{number}", "TransactionEvent", event]))
        assert answer.startswith("[3,"), answer
    if version == "2.1":
        vat = {"vatNumber": CARD}
        await socket.ask(json.dumps([2, "v", "VatNumberValidation", vat]))
    socket.leave(1000)
    await socket.ended()


async def shown(client: httpx.AsyncClient) -> dict[str, str]:
    """All that the API tells."""
    paths = [
        "sessions",
        "id-tags",
        "messages",
        "reservations",
        "commands",
        "alarms",
        "chargers/CP-1/local-list",
    ]
    paths += ["chargers/CP-1", "chargers/CP-1/messages", f"sessions?tag={CARD}", f"id-tags?q={CARD}"]
    found = {path: (await client.get(f"{API}/{path}")).text for path in paths}
    for path in ("sessions", "chargers"):
        csv = await client.get(f"{API}/{path}", headers={"Accept": "text/csv"})
        found[f"{path} as CSV"] = csv.text
    return found


def places_of(person: Canaries, texts: dict[str, str]) -> dict[str, set[str]]:
    """Where something of the person is."""
    found = {name: person.found_in(text) for name, text in texts.items()}
    return {name: what for name, what in found.items() if what}


def log_of(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT * FROM eventstore.stored_events ORDER BY notification_id"
        ).fetchall()


async def figures(client: httpx.AsyncClient) -> list[tuple[Any, ...]]:
    """What a session is but its token."""
    rows = (await client.get(f"{API}/sessions")).json()["items"]
    return [tuple((k, str(v)) for k, v in row.items() if k not in ("id_token", "stop_token")) for row in rows]


async def live_a_life(house: House) -> None:
    registry = Registry(house.store, TENANT, "user:ann")
    await registry.issue_token(IdToken(CARD), label=LABEL, group=GROUP)
    await registry.block_token(IdToken(CARD), WHY)
    await registry.unblock_token(IdToken(CARD))
    for cpid in ("CP-1", "CP-2", "CP-3"):
        await house.charger(cpid)
    await over_ocpp_16(house)
    await over_ocpp_2(house, "2.0.1", "CP-2")
    await over_ocpp_2(house, "2.1", "CP-3")
    await house.project()


async def test_aud_21_an_erased_person_is_found_nowhere_and_every_figure_stays(
    house: House, logged: io.StringIO, person: Canaries
) -> None:
    await live_a_life(house)
    resting = at_rest(house.dsn)
    assert places_of(person, resting) == {"public.ocpp_id_tags": {"label"}}, (
        "sealed at rest; search needs the label until it is erased"
    )
    before, sums, screens = log_of(house.dsn), await figures(house.client), await shown(house.client)
    assert len(sums) == 3
    assert [dict(row)["energy_wh"] for row in sums] == ["9000", "9000", "7500"]
    for path in ("sessions", "id-tags", "reservations", "sessions as CSV", "chargers/CP-1/local-list"):
        assert CARD in screens[path].upper(), path
    assert LABEL in screens["id-tags"]
    assert len(json.loads(screens[f"sessions?tag={CARD}"])["items"]) == 3
    assert CARD not in screens["messages"].upper(), "frames stay sealed"

    answer = await house.client.post(f"{API}/privacy/erase", json=GROUND)
    assert answer.status_code == 200, answer.text
    assert answer.json()["lists"] == ["CP-1"]
    assert not answer.json()["plain"]
    await house.project()

    assert places_of(person, at_rest(house.dsn)) == {}
    after = await shown(house.client)
    assert places_of(person, after) == {}
    assert json.loads(after[f"sessions?tag={CARD}"])["items"] == []
    assert person.found_in(logged.getvalue()) == set()
    assert "erased:~" in after["sessions"]

    assert log_of(house.dsn)[: len(before)] == before, "not a byte of the log is another"
    assert await figures(house.client) == sums
    rows = contents(house.dsn)
    with psycopg.connect(house.dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await asyncio.to_thread(project, house.dsn, house.subjects)
    assert contents(house.dsn) == rows, "read models that are made anew are the same"

    again = await house.client.post(f"{API}/privacy/erase", json=GROUND)
    assert again.status_code == 404


async def test_aud_21_who_was_erased_may_not_charge_and_comes_off_the_list_as_a_whole(house: House) -> None:
    await live_a_life(house)
    assert (await house.client.post(f"{API}/privacy/erase", json=GROUND)).status_code == 200
    assert ("CP-1", "wanted") in house.news.told
    shape = (await house.client.get(f"{API}/chargers/CP-1/local-list")).json()
    assert [entry["id_tag"] for entry in shape["entries"]] == ["OTHER-CARD"]
    async with plugged_in(house.workplace, "CP-1") as charger:
        charger.socket.say(json.dumps([2, "a", "Authorize", {"idTag": CARD}]))
        answers: list[Any] = []

        def answered() -> bool:  # beside it the charger is given its new list
            answers[:] = [one for one in map(json.loads, charger.socket.texts) if one[:2] == [3, "a"]]
            return bool(answers)

        await charger.socket.until(answered)
    assert answers[0][2]["idTagInfo"]["status"] == "Invalid"


async def test_aud_23_frames_are_shown_to_those_who_may_and_it_is_an_event(house: House) -> None:
    await live_a_life(house)
    items = (await house.client.get(f"{API}/messages?action=StartTransaction")).json()["items"]
    body = {
        "messages": [{"at": one["at"], "position": one["position"]} for one in items],
        "reason": "complaint 4711",
    }
    revealed = (await house.client.post(f"{API}/messages/reveal", json=body)).json()["items"]
    assert len(revealed) == len(items) == 2
    for one in revealed:
        sent = json.loads(one["request"])[3]
        assert sent["idTag"] == CARD.lower()
        assert one["request"] == json.dumps([*json.loads(one["request"])[:3], sent]), "byte for byte"
    await house.project()
    (found,) = [
        row for row in log_of(house.dsn) if row[2] == "personal_data.read" and b"complaint 4711" in row[3]
    ]
    assert json.loads(found[3])["told"]["actor"] == "key:test"
    assert json.loads(found[3])["told"]["cause"]
    app = house.serving(Right.READ, Right.OPERATE)
    async with client_of(app, AUTH) as client:
        assert (await client.post(f"{API}/messages/reveal", json=body)).status_code == 403
    app.database.close()


async def test_aud_23_a_person_gets_all_that_is_kept_of_him(house: House) -> None:
    await live_a_life(house)
    body = {"id_token": CARD, "reason": "asked for it"}
    export = (await house.client.post(f"{API}/privacy/export", json=body)).json()
    assert export["id_token"] == CARD
    assert [one["label"] for one in export["registrations"]] == [LABEL]
    assert len(export["sessions"]) == 3
    assert {one["id_token"].upper() for one in export["sessions"]} == {CARD}
    assert len(export["reservations"]) == 1
    assert any(row[2] == "personal_data.read" for row in log_of(house.dsn))


async def test_viewers_see_the_end_of_a_token(house: House) -> None:
    await live_a_life(house)
    app = house.serving(Right.READ)
    async with client_of(app, AUTH) as client:
        screens = await shown(client)
    app.database.close()
    assert [path for path, text in screens.items() if CARD in text.upper()] == []
    assert "…CE" in screens["id-tags"].upper()
