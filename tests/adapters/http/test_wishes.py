"""Settings, availability, local lists and templates through the API: now, later, and never."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.http.api.routes import PREFIX, ROUTES
from domain.chargers.events import Connected
from tests.adapters.http.conftest import World
from tests.adapters.http.led import Led, led_on


@pytest.fixture
async def led(world: World, engine: Engine, tmp_path: Path) -> AsyncIterator[Led]:
    """CP1 is known and away."""
    async with led_on(world, engine, tmp_path) as one:
        yield one


def keys(body: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one for one in body["keys"]}


async def test_settings_are_wanted_and_answered_one_by_one(led: Led) -> None:
    led.charger.settings |= {"Slow": "1", "AuthorizationKey": "hidden-from-all"}
    led.charger.needs_restart = {"Slow"}
    await led.charger.connect()
    wanted = {"HeartbeatInterval": "60", "Slow": "2", "Nonsense": "x"}
    answer = await led.ask("PUT", "configuration", {"keys": wanted}, wait_s=20)
    assert answer.status_code == 200, answer.text
    assert {name: one["status"] for name, one in keys(answer.json()).items()} == {
        "HeartbeatInterval": "Accepted",
        "Slow": "RebootRequired",
        "Nonsense": "NotSupported",
    }
    shown = (await led.ask("GET", "configuration")).json()
    assert shown["complete"]
    assert shown["unknown"] == ["GetConfigurationMaxKeys", "Nonsense"]
    assert keys(shown)["HeartbeatInterval"] | {"told_at": None} == {
        "key": "HeartbeatInterval",
        "value": "60",
        "readonly": False,
        "desired": "60",
        "origin": "operator",
        "drift": False,
        "state": "reached",
        "reason": "",
        "status": "Accepted",
        "secret": False,
        "told_at": None,
    }
    assert keys(shown)["Slow"]["drift"]
    secret = keys(shown)["AuthorizationKey"]
    assert (secret["value"], secret["secret"]) == (None, True)
    assert "hidden-from-all" not in answer.text + str(shown)
    again = await led.ask("PUT", "configuration", {"keys": {"Slow": None, "HeartbeatInterval": None}})
    assert again.status_code == 200
    assert {one["desired"] for one in again.json()["keys"]} == {None}


async def test_settings_of_a_charger_that_is_away_are_wanted_for_later(led: Led) -> None:
    answer = await led.ask("PUT", "configuration", {"keys": {"HeartbeatInterval": "60"}})
    assert (answer.status_code, answer.headers["location"]) == (
        202,
        f"{PREFIX}/chargers/CP1/configuration",
    )
    assert keys(answer.json())["HeartbeatInterval"]["status"] == "pending"
    await led.charger.connect()
    await led.charger.until(lambda: led.charger.settings["HeartbeatInterval"] == "60")


async def test_a_wait_that_is_too_short_is_202_or_504_and_the_wish_stands(led: Led) -> None:
    led.charger.silent = {"ChangeConfiguration"}
    await led.charger.connect()
    body = {"keys": {"HeartbeatInterval": "60"}}
    assert (await led.ask("PUT", "configuration", body, wait_s=1)).status_code == 202
    strict = await led.client.put(
        f"{PREFIX}/chargers/CP1/configuration",
        json={"keys": {"HeartbeatInterval": "61"}},
        headers={"Prefer": "wait=1, handling=strict"},
    )
    assert (strict.status_code, strict.json()["code"]) == (504, "timeout")
    shown = keys((await led.ask("GET", "configuration")).json())
    assert shown["HeartbeatInterval"]["desired"] == "61"


async def test_what_cannot_be_wanted_of_settings_is_said(led: Led) -> None:
    await led.charger.connect()
    assert (await led.ask("GET", "configuration", refresh=1)).status_code == 200
    for body, place in (
        ({"keys": {"NumberOfConnectors": "3"}}, "body.keys.NumberOfConnectors"),
        ({"keys": {"AuthorizationKey": "x"}}, "body.keys.AuthorizationKey"),
        ({"keys": {"a": "1", "A": "2"}}, "body.keys.A"),
        ({"keys": {"K" * 51: "1"}}, f"body.keys.{'K' * 51}"),
        ({"keys": {"K": "v" * 501}}, "body.keys.K"),
        ({}, "body.keys"),
        ({"template": "nobody's"}, "body.template"),
    ):
        answer = await led.ask("PUT", "configuration", body)
        assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, place), answer.text
    secret = await led.ask("PUT", "configuration", {"keys": {"AuthorizationKey": "x"}})
    assert "/credentials" in secret.text
    shown = keys((await led.ask("GET", "configuration")).json())
    assert not [one for one in shown.values() if one["desired"] is not None], "nothing of it was kept"


async def test_settings_are_read_anew_where_it_is_asked_for(led: Led) -> None:
    away = await led.ask("GET", "configuration", refresh=1)
    assert (away.status_code, away.json()["code"]) == (409, "offline")
    assert (await led.ask("GET", "configuration")).json()["keys"] == []
    await led.charger.connect()
    one = await led.ask("GET", "configuration", refresh=1, keys="HeartbeatInterval, Nonsense")
    assert one.status_code == 200
    assert keys(one.json())["HeartbeatInterval"]["value"] == "300"
    assert one.json()["unknown"] == ["Nonsense"]
    assert led.charger.calls[-1] == ("GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]})
    led.charger.errors = {"GetConfiguration": "InternalError"}
    failed = await led.ask("GET", "configuration", refresh=1)
    assert (failed.status_code, failed.json()["ocpp"]["code"]) == (502, "InternalError")
    led.charger.errors, led.charger.silent = {}, {"GetConfiguration"}
    slow = await led.ask("GET", "configuration", refresh=1, wait_s=1)
    assert slow.status_code == 202
    assert slow.headers["location"] == f"{PREFIX}/commands/{slow.json()['command']}"


async def test_availability_lasts_unless_it_is_said_otherwise(led: Led) -> None:
    closed = {"connector": 2, "type": "Inoperative", "reason": "works"}
    later = await led.ask("POST", "availability", closed)
    assert (later.status_code, later.json()["state"]) == (202, "pending")
    refused = await led.ask("POST", "availability", closed | {"lasting": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "offline")
    await led.charger.connect()
    await led.charger.until(lambda: led.charger.available == {2: "Inoperative"})
    led.charger.words = {"ChangeAvailability": "Scheduled"}
    now = await led.ask("POST", "availability", {"connector": 1, "type": "Inoperative"})
    assert (now.status_code, now.json()["status"], now.json()["state"]) == (200, "Scheduled", "agreed")
    led.charger.words = {"ChangeAvailability": "Rejected"}
    once = await led.ask("POST", "availability", {"type": "Operative", "lasting": False})
    assert (once.status_code, once.json()["state"], once.json()["status"]) == (200, "refused", "Rejected")
    assert once.json()["command"]["action"] == "ChangeAvailability"
    assert (await led.ask("GET", "configuration", refresh=1)).status_code == 200
    beyond = await led.ask("POST", "availability", {"connector": 3, "type": "Operative"})
    assert (beyond.status_code, beyond.json()["errors"][0]["name"]) == (422, "body.connector")


async def test_a_local_list_is_wanted_sent_and_shown(led: Led) -> None:
    nothing = (await led.ask("GET", "local-list")).json()
    assert (nothing["state"], nothing["wanted_version"]) == ("none", None)
    entries = [{"id_tag": "CARD-1", "parent": "FLEET"}, {"id_tag": "CARD-2", "status": "Blocked"}]
    later = await led.ask("PUT", "local-list", {"mode": "Full", "version": 9, "entries": entries})
    assert (later.status_code, later.json()["state"]) == (202, "pending")
    await led.charger.connect()
    await led.charger.until(lambda: led.charger.list_version == 9)
    change = {"mode": "Differential", "entries": [{"id_tag": "CARD-1", "status": None}]}
    done = await led.ask("PUT", "local-list", change, wait_s=15)
    assert (done.status_code, done.json()["state"]) == (200, "reached"), done.text
    assert [one["id_tag"] for one in done.json()["entries"]] == ["CARD-2"]
    assert done.json()["held_version"] == done.json()["wanted_version"] > 9
    assert (await led.ask("GET", "local-list")).json() == done.json()
    many = [{"id_tag": f"{n:020}"} for n in range(8000)]
    large = await led.ask("PUT", "local-list", {"mode": "Full", "entries": many}, wait_s=0)
    assert large.status_code == 202, "a body of more than 64 KiB is taken here"


async def test_what_cannot_be_wanted_of_a_list_is_said(led: Led) -> None:
    await led.tell(Connected(connection="c", gateway="g", protocol="1.6", security_profile=0))
    twice = [{"id_tag": "CARD"}, {"id_tag": "card"}]
    for body, place in (
        ({"mode": "Full", "version": 0}, "body.version"),
        ({"mode": "Full", "version": -1}, "body.version"),
        ({"mode": "Full", "entries": twice}, "body.entries[1].id_tag"),
        ({"mode": "Full", "entries": [{"id_tag": "C", "status": None}]}, "body.entries[0].status"),
        ({"mode": "Full", "entries": [{"id_tag": "C" * 21}]}, "body.entries[0].id_tag"),
        ({"mode": "Full", "entries": [{"id_tag": "C", "parent": "C" * 21}]}, "body.entries[0].parent"),
        ({"mode": "Full", "entries": [{"id_tag": "C", "status": "NoCredit"}]}, "body.entries[0].status"),
    ):
        answer = await led.ask("PUT", "local-list", body, wait_s=0)
        assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, place), answer.text
    await led.ask("PUT", "local-list", {"mode": "Full", "version": 5, "entries": [{"id_tag": "A"}]}, wait_s=0)
    low = await led.ask("PUT", "local-list", {"mode": "Full", "version": 5, "entries": []}, wait_s=0)
    assert (low.status_code, low.json()["errors"][0]["name"]) == (422, "body.version")
    assert "6" in low.text


async def test_templates_are_made_followed_and_withdrawn(led: Led) -> None:
    await led.charger.connect()
    body = {"vendor": "acme*", "settings": {"HeartbeatInterval": "90"}}
    made = await led.ask("PUT", "/templates/quiet fleet", body)
    assert (made.status_code, made.json()["name"], made.json()["built_in"]) == (200, "quiet fleet", False)
    listed = (await led.ask("GET", "/templates")).json()["items"]
    assert {one["name"]: one["built_in"] for one in listed} == {
        "quiet fleet": False,
        "ocpp-1.6": True,
        "ocpp-2.x": True,
    }
    followed = await led.ask("PUT", "configuration", {"template": "quiet fleet"}, wait_s=15)
    assert (followed.status_code, followed.json()["template"]) == (200, "quiet fleet"), followed.text
    assert led.charger.settings["HeartbeatInterval"] == "90"
    assert keys(followed.json())["HeartbeatInterval"]["origin"] == "quiet fleet"
    for name, bad in (("auto", body), ("ours", body | {"settings": {"MyPassword": "x"}})):
        assert (await led.ask("PUT", f"/templates/{name}", bad)).status_code == 422
    assert (await led.ask("DELETE", "/templates/quiet fleet")).status_code == 204
    for name in ("quiet fleet", "ocpp-1.6"):
        assert (await led.ask("DELETE", f"/templates/{name}")).status_code == 404


BODIES: dict[tuple[str, str], Any] = {
    ("PUT", "/chargers/{cpid}/configuration"): {"keys": {"A": "1"}},
    ("POST", "/chargers/{cpid}/availability"): {"type": "Operative"},
    ("PUT", "/chargers/{cpid}/local-list"): {"mode": "Full"},
    ("POST", "/chargers/{cpid}/reservations"): {
        "connector": 1,
        "id_tag": "A",
        "expiry": "2099-01-01T00:00:00Z",
    },
    ("POST", "/chargers/{cpid}/charging-profiles"): {
        "connector": 1,
        "profile": {
            "purpose": "TxDefaultProfile",
            "schedule": {"unit": "A", "periods": [{"start": 0, "limit": 6}]},
        },
    },
}
OWN_FILES = (
    "configuration",
    "availability",
    "local_lists",
    "reservations",
    "charging_profiles",
    "composite_schedule",
)


async def test_what_is_absent_and_what_is_of_others_are_answered_alike(led: Led) -> None:
    await led.project()
    rows = [row for row in ROUTES if row.handler.__module__.rpartition(".")[2] in OWN_FILES]
    rows = [row for row in rows if "{cpid}" in row.path]
    assert len(rows) == 12
    for row in rows:
        answers = []
        for cpid in ("HERS", "NOBODY", "a:b"):
            path = row.path.replace("{cpid}", cpid).replace("{n}", "1").replace("{rid}", "1")
            query = {"all": "true"} if row.method == "DELETE" and "{rid}" not in row.path else {}
            answers.append(await led.ask(row.method, path, BODIES.get((row.method, row.path)), **query))
        assert {answer.status_code for answer in answers} == {404}, (row.path, answers[0].text)
        assert len({answer.text for answer in answers}) == 1
