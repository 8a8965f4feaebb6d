"""Chargers made known, described, given passwords and let in, over the API and a real database."""

from datetime import timedelta

import pytest

from adapters.http.access import Caller, Right
from adapters.http.install_card import HEADERS
from adapters.http.install_card_links import PATH
from adapters.http.services import Services
from application import clock
from application.snapshots import load_charger
from domain.chargers.credentials import Keyring
from domain.chargers.events import HandshakeRefused
from domain.chargers.provisioning import CredentialAdopted, CredentialOffered, CredentialWithdrawn
from domain.event import Told, events_of
from domain.identity import ChargerId
from tests.adapters.http.conftest import AUTH, client_of
from tests.adapters.http.services import House, plugged_in
from tests.adapters.http.test_rules import problem

CHARGERS = "/api/ocpp/chargers"
CP1 = ChargerId.of("zeus", "CP-1")
WINDOW = "/api/ocpp/provisioning/window"


async def keyring(house: House) -> Keyring:
    """What opens the door to CP-1."""
    return (await load_charger(house.store, CP1)).keyring


async def test_a_charger_is_made_known_once(house: House) -> None:
    body = {"cpid": "CP-1", "name": "Gate", "connectors": [{"id": 1, "type": "CCS2", "max_amps": "62.5"}]}
    key = {"Idempotency-Key": "k1"}
    made = await house.client.post(CHARGERS, json=body, headers=key)
    assert (made.status_code, made.headers["location"]) == (201, f"{CHARGERS}/CP-1")
    told = made.json()
    assert told["ws_url"] == "wss://csms.example/ocpp/CP-1"
    assert (await keyring(house)).find(told["password"].encode())[0] is not None
    again = await house.client.post(CHARGERS, json=body, headers=key)
    assert again.status_code == 201
    assert again.json() == {
        **told,
        "password": None,
        "password_hex": None,
        "install_card_url": None,
        "install_card_until": None,
    }
    problem(await house.client.post(CHARGERS, json={"cpid": "cp-1"}), 409, "exists")
    found = problem(await house.client.post(CHARGERS, json={"cpid": "a/b"}), 422, "validation")
    assert "cpid" in str(found["errors"])
    card = await house.services.cards(house.caller).open(
        told["install_card_url"].partition(PATH)[2], clock.now()
    )
    assert told["password"] in card


async def test_the_location_of_any_id_can_be_opened(house: House) -> None:
    made = await house.client.post(CHARGERS, json={"cpid": "Straße 1 \U00011a31"})
    await house.project()
    assert (await house.client.get(made.headers["location"])).json()["cpid"] == made.json()["cpid"]


async def test_a_charger_follows_the_template_it_was_added_with(house: House) -> None:
    unknown = await house.client.post(CHARGERS, json={"cpid": "CP-1", "template": "none such"})
    assert "body.template" in str(problem(unknown, 422, "validation")["errors"])
    await house.charger(template="auto")
    caller = Caller("zeus", "test", frozenset())
    assert (await house.services.desired_state(caller).settings_of("CP-1")).template_choice == "auto"
    assert (await load_charger(house.store, CP1)).guided


async def test_a_charger_is_described_by_whoever_saw_its_newest_revision(house: House) -> None:
    await house.charger(name="Gate")
    await house.project()
    read = await house.client.get(f"{CHARGERS}/cp-1")
    etag = read.headers["etag"]
    assert etag.startswith(f'"v{read.json()["revision"]}.')
    first = await house.client.patch(f"{CHARGERS}/cp-1", json={"name": "Door"}, headers={"If-Match": etag})
    assert (first.status_code, first.json()["name"]) == (200, "Door")
    late = await house.client.patch(f"{CHARGERS}/cp-1", json={"name": "Wall"}, headers={"If-Match": etag})
    problem(late, 409, "version_conflict")
    for good in (first.headers["etag"], "*"):
        told = await house.client.patch(f"{CHARGERS}/cp-1", json={"site": None}, headers={"If-Match": good})
        assert (told.json()["name"], told.headers["etag"]) == ("Door", first.headers["etag"])
    assert house.news.told == []


@pytest.mark.parametrize("state", ["disabled", "retired"])
async def test_who_is_put_out_of_use_is_disconnected(house: House, state: str) -> None:
    await house.charger()
    told = await house.client.patch(f"{CHARGERS}/CP-1", json={"state": state, "reason": "broken"})
    assert (told.json()["state"], house.news.told) == (state, [("CP-1", Services.UNWELCOME)])
    again = await house.client.patch(f"{CHARGERS}/CP-1", json={"name": "x"})
    if state == "retired":
        problem(again, 409, "retired")
        for via in ("manual", "ocpp"):
            refused = await house.client.post(f"{CHARGERS}/CP-1/credentials", json={"via": via})
            problem(refused, 409, "retired")


async def test_strangers_are_not_found_whoever_they_are(house: House) -> None:
    await house.charger()
    hera = ChargerId.of("hera", "HERS")
    await house.services.registry(Caller("hera", "h", frozenset())).add_charger("HERS")
    await house.project()
    assert (await load_charger(house.store, hera)).registered
    bodies: set[bytes] = set()
    for cpid in ("NOBODY", "HERS", "a%00b", "x" * 200):
        answers = [
            await house.client.patch(f"{CHARGERS}/{cpid}", json={"name": "x"}),
            await house.client.post(f"{CHARGERS}/{cpid}/credentials", json={"via": "manual"}),
            await house.client.post(f"{CHARGERS}/{cpid}/credentials", json={"via": "ocpp"}),
            await house.client.get(f"{CHARGERS}/{cpid}/install-card"),
            await house.client.get(f"{CHARGERS}/{cpid}/abilities"),
        ]
        for answer in answers:
            problem(answer, 404, "not_found")
            bodies.add(answer.content)
    assert len(bodies) == 1


async def test_a_password_by_hand_replaces_the_former_one(house: House) -> None:
    first = await house.charger(security_profile=1)
    key = {"Idempotency-Key": "k"}
    body = {"via": "manual", "length": 16}
    shown = (await house.client.post(f"{CHARGERS}/CP-1/credentials", json=body, headers=key)).json()
    keys = await keyring(house)
    assert (keys.find(first["password"].encode())[0], len(shown["password"])) == (None, 16)
    assert keys.find(shown["password"].encode())[0] is not None
    again = await house.client.post(f"{CHARGERS}/CP-1/credentials", json=body, headers=key)
    assert again.json()["password"] is None
    assert shown["password"] not in again.text
    assert await keyring(house) == keys


@pytest.mark.parametrize(
    ("answer", "state", "old", "new", "settled"),
    [
        ("Accepted", "succeeded", False, True, CredentialAdopted),
        ("RebootRequired", "succeeded", True, True, None),
        ("NotSupported", "rejected", True, False, CredentialWithdrawn),
        ("Rejected", "rejected", True, False, CredentialWithdrawn),
        (None, "sent", True, True, None),
    ],
)
async def test_a_password_over_ocpp_is_settled_by_the_answer(
    house: House, answer: str | None, state: str, old: bool, new: bool, settled: type | None
) -> None:
    first = await house.charger(security_profile=1)
    answers = {} if answer is None else {"ChangeConfiguration": {"status": answer}}
    async with plugged_in(house.workplace, "CP-1", first["password"], **answers) as charger:
        asked = await house.client.post(
            f"{CHARGERS}/CP-1/credentials",
            json={"via": "ocpp"},
            headers={"Prefer": f"wait={0 if answer is None else 5}"},
        )
        assert asked.status_code == (202 if answer is None else 200), asked.text
        if answer is None:
            await charger.asked()
        action, payload = charger.calls[-1]
        assert (action, payload["key"]) == ("ChangeConfiguration", "AuthorizationKey")
        password = bytes.fromhex(payload["value"])
        assert password.decode() not in asked.text
        told = await house.client.get(asked.headers["location"])
        assert (told.json()["state"], told.json()["action"]) == (state, "ChangePassword")
        assert payload["value"] not in told.text
        keys = await keyring(house)
        assert (keys.find(first["password"].encode())[0] is not None) is old
        assert (keys.find(password)[0] is not None) is new
    facts = [event.fact for event in await house.store.read(CP1.stream)]
    assert sum(isinstance(fact, CredentialOffered) for fact in facts) == 1
    assert [type(f) for f in facts if isinstance(f, CredentialAdopted | CredentialWithdrawn)] == (
        [] if settled is None else [settled]
    )


async def test_over_ocpp_a_charger_must_be_there_and_a_third_password_waits(house: House) -> None:
    first = await house.charger(security_profile=1)
    address, over_ocpp = f"{CHARGERS}/CP-1/credentials", {"via": "ocpp"}
    problem(await house.client.post(address, json=over_ocpp), 409, "offline")
    short = await house.client.post(address, json={**over_ocpp, "length": 16})
    assert "body.length" in str(problem(short, 422, "validation")["errors"])
    reboot = {"ChangeConfiguration": {"status": "RebootRequired"}}
    async with plugged_in(house.workplace, "CP-1", first["password"], **reboot):
        for _ in range(2):
            assert (await house.client.post(address, json=over_ocpp)).status_code == 200
        problem(await house.client.post(address, json=over_ocpp), 409, "busy")


async def test_the_card_is_a_page_without_a_password(house: House) -> None:
    made = await house.charger(security_profile=1, name="Gate <1>")
    await house.project()
    card = await house.client.get(f"{CHARGERS}/cp-1/install-card")
    assert (card.status_code, card.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert HEADERS.items() <= {name: card.headers[name] for name in HEADERS}.items()
    assert "Gate &lt;1&gt;" in card.text
    assert "csms.example" in card.text
    assert made["password"] not in card.text
    refused = await house.client.get(f"{CHARGERS}/cp-1/install-card", headers={"Accept": "application/json"})
    problem(refused, 406, "not_acceptable")


async def test_abilities_say_what_can_be_asked_and_why_not_the_rest(house: House) -> None:
    await house.charger()
    never = (await house.client.get(f"{CHARGERS}/CP-1/abilities")).json()
    assert (never["protocol"], never["offered"]) == ("", {})
    async with plugged_in(house.workplace, "CP-1"):
        told = (await house.client.get(f"{CHARGERS}/cp-1/abilities")).json()
    assert (told["cpid"], told["protocol"]) == ("CP-1", "1.6")
    assert told["offered"]["Reset"] == ""
    assert "1.6" in told["offered"]["SetDERControl"]


async def test_an_upgrade_of_the_profile_is_begun_shown_and_cancelled(house: House) -> None:
    await house.charger(security_profile=1, password="correcthorsebattery7")
    address = f"{CHARGERS}/CP-1/profile-upgrade"
    assert (await house.client.get(address)).json()["state"] == "none"
    never = problem(await house.client.post(address, json={"security_profile": 2}), 422, "validation")
    assert "never connected" in str(never)
    async with plugged_in(house.workplace, "CP-1", "correcthorsebattery7"):
        begun = await house.client.post(address, json={"security_profile": 2, "within_hours": 2})
        assert begun.status_code == 202, begun.text
        shown = (await house.client.get(address)).json()
        assert begun.json() == shown
        assert (shown["state"], shown["wanted"], shown["stage"]) == ("under_way", 2, "begun")
        assert house.news.told == [("CP-1", "wanted")]
        problem(await house.client.post(address, json={"security_profile": 2}), 409, "busy")
        lower = problem(await house.client.post(address, json={"security_profile": 1}), 422, "validation")
        assert "with a reason" in str(lower)
        ended = (await house.client.delete(address)).json()
        assert (ended["state"], ended["why"], ended["security_profile"]) == ("ended", "it was cancelled", 1)
        problem(await house.client.delete(address), 404, "not_found")
        three = problem(await house.client.post(address, json={"security_profile": 3}), 422, "validation")
        assert "no valid certificate" in str(three)


async def test_a_window_is_opened_shown_and_closed(house: House) -> None:
    body = {"until": (clock.now() + timedelta(hours=1)).isoformat(), "pattern": "BENY-*"}
    assert not (await house.client.get(WINDOW)).json()["open"]
    made = await house.client.post(WINDOW, json=body)
    assert (made.status_code, made.json()["left"], made.headers["location"]) == (201, 10, WINDOW)
    problem(await house.client.post(WINDOW, json=body), 409, "busy")
    assert (await house.client.get(WINDOW)).json() == made.json()
    assert not (await house.client.delete(WINDOW)).json()["open"]
    problem(await house.client.delete(WINDOW), 404, "not_found")
    endless = {**body, "until": (clock.now() + timedelta(days=2)).isoformat()}
    assert "until" in str(problem(await house.client.post(WINDOW, json=endless), 422, "validation"))


async def test_who_knocked_in_vain_is_listed_with_what_was_meant(house: House) -> None:
    await house.charger("CP-001")
    for n, cpid in enumerate(("CP-O01", "nobody", "CP-O01")):
        fact = HandshakeRefused(cpid=cpid, reason="id_unknown", status=404, remote="10.0.0.7")
        told = Told(recorded_at=clock.now())
        await house.store.append(events_of(f"attempt/zeus/{n}", 0, [fact], told))
    await house.project()
    address = "/api/ocpp/connection-attempts/unknown"
    items = {one["cpid"]: one for one in (await house.client.get(address)).json()["items"]}
    assert {cpid: one["count"] for cpid, one in items.items()} == {"CP-O01": 2, "nobody": 1}
    assert items["CP-O01"]["near"][0]["cpid"] == "CP-001"
    late = (clock.now() + timedelta(minutes=1)).isoformat()
    assert (await house.client.get(address, params={"from": late})).json()["items"] == []


async def test_looking_is_free_and_changing_needs_the_right(house: House) -> None:
    await house.charger()
    await house.project()
    app = house.serving(Right.READ, Right.OPERATE)
    async with client_of(app, AUTH) as reader:
        for answer in (
            await reader.post(CHARGERS, json={"cpid": "X"}),
            await reader.patch(f"{CHARGERS}/CP-1", json={}),
            await reader.post(f"{CHARGERS}/CP-1/credentials", json={"via": "manual"}),
            await reader.post(f"{CHARGERS}/CP-1/profile-upgrade", json={"security_profile": 2}),
            await reader.delete(f"{CHARGERS}/CP-1/profile-upgrade"),
            await reader.post(WINDOW, json={}),
            await reader.delete(WINDOW),
        ):
            problem(answer, 403, "role")
        for path in (f"{CHARGERS}/CP-1/install-card", f"{CHARGERS}/CP-1/abilities", WINDOW):
            assert (await reader.get(path)).status_code == 200, path
    app.database.close()
