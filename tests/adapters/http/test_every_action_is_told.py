"""Every row of the API that does something leaves events that say who did it, and by which request.

A new row without a step here fails the first test.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import pytest

from adapters.http.action import Action
from adapters.http.api.routes import ROUTES
from adapters.http.route import Route
from application import clock
from application.alarms import heard_security_event
from domain.chargers.security import SecurityEventReported
from domain.event import Event, Recorded, Told
from tests.adapters.http.conftest import TENANT
from tests.adapters.http.conftest import engine as engine
from tests.adapters.http.conftest import house as house
from tests.adapters.http.services import House, PluggedIn, plugged_in
from tests.signed_meter import SignedMeter

pytestmark = pytest.mark.slow

Key = tuple[str, str]
API = "/api/ocpp"
ROWS = {(row.method, row.path): row for row in ROUTES}
LIMIT = {
    "purpose": "TxDefaultProfile",
    "schedule": {"start": "2026-01-01T00:00:00Z", "unit": "A", "periods": [{"start": 0, "limit": 16}]},
}
CHARGER = "/chargers/{cpid}"
METER_KEY = SignedMeter().public
EXCUSE = {
    "cause": "vandalism",
    "from": "2026-03-01T12:00:00Z",
    "to": "2026-03-01T13:00:00Z",
    "evidence": "seen",
}

ONLY_READING: frozenset[Key] = frozenset(
    {
        ("GET", "/me"),
        ("GET", "/templates"),
        ("GET", "/commands/{id}"),
        ("GET", "/provisioning/window"),
        ("GET", "/artefacts/{id}/content"),
        ("GET", CHARGER + "/abilities"),
        ("GET", CHARGER + "/local-list"),
        ("GET", CHARGER + "/charging-profiles"),
        ("GET", CHARGER + "/install-card"),
        ("GET", CHARGER + "/meter-keys"),
        ("GET", CHARGER + "/profile-upgrade"),
        ("GET", "/events"),
        ("GET", "/me/sessions"),
        ("GET", "/oidc/provider"),
        ("GET", "/reports/energy"),
        ("GET", "/reports/errors"),
        ("GET", "/reports/funnel"),
        ("GET", "/reports/reliability"),
        ("GET", "/reports/uptime"),
        ("GET", "/reports/uptime/intervals"),
        ("GET", "/reports/utilisation"),
    }
)
"""Answered by asking others than the database, and nothing is done. That somebody opened the link of an installation
card is an event of its own (`provisioning.install_card_shown`): it is opened without a token, so nobody is named."""


OF_PEOPLE: frozenset[Key] = (
    frozenset(
        {
            key
            for key in ROWS
            if key[1].startswith(("/sign-in", "/sign-out", "/me/", "/oidc/sign-in", "/oidc/callback"))
        }
    )
    | {("DELETE", "/users/{id}/totp")}
) - ONLY_READING
"""What somebody does to his own sessions and proofs, which no token can: test_people.py and test_oidc.py have people,
and look at their events."""

NOT_IN_THE_LOG: frozenset[Key] = frozenset({("POST", "/stream-tickets"), ("POST", "/webhooks/{id}/test")})
"""A ticket lives for half a minute and opens what its owner may open anyway; a test message is about nothing."""


class Step(NamedTuple):
    """One request, and how it is answered."""

    key: Key
    body: Any = None
    query: Mapping[str, str] = {}


STEPS = (
    Step(("POST", "/chargers"), {"cpid": "NEW", "security_profile": 1}),
    Step(("PATCH", CHARGER), {"name": "Harbour"}),
    Step(("POST", CHARGER + "/remote-start"), {"id_tag": "ANN", "connector": 2}),
    Step(("POST", CHARGER + "/remote-stop"), {"transaction": "{number}"}),
    Step(("POST", CHARGER + "/reset"), {"force": True, "reason": "stuck"}),
    Step(("POST", CHARGER + "/connectors/{n}/unlock"), {}, {"force": "true"}),
    Step(("POST", CHARGER + "/commands"), {"action": "ClearCache"}),
    Step(("POST", CHARGER + "/commands"), {"raw": True, "action": "ClearCache", "payload": {}}),
    Step(("GET", CHARGER + "/configuration"), None, {"refresh": "true"}),
    Step(("PUT", CHARGER + "/configuration"), {"keys": {"HeartbeatInterval": "60"}}),
    Step(("POST", CHARGER + "/availability"), {"type": "Inoperative", "reason": "flood"}),
    Step(("POST", CHARGER + "/availability"), {"type": "Operative", "lasting": False}),
    Step(("PUT", CHARGER + "/local-list"), {"mode": "Full", "entries": [{"id_tag": "ANN"}]}),
    Step(("PUT", "/templates/{name}"), {"settings": {"HeartbeatInterval": "60"}}),
    Step(("DELETE", "/templates/{name}")),
    Step(("POST", CHARGER + "/reservations"), {"connector": 2, "id_tag": "ANN", "expiry": "{soon}"}),
    Step(("DELETE", CHARGER + "/reservations/{rid}")),
    Step(("POST", CHARGER + "/charging-profiles"), {"connector": 0, "profile": LIMIT}),
    Step(("POST", CHARGER + "/charging-profiles"), {"connector": 0, "profile": LIMIT, "lasting": False}),
    Step(("DELETE", CHARGER + "/charging-profiles"), None, {"all": "true"}),
    Step(("GET", CHARGER + "/connectors/{n}/composite-schedule"), None, {"duration": "60"}),
    Step(("POST", "/artefacts"), b"firmware", {"name": "fw.bin"}),
    Step(("POST", CHARGER + "/firmware"), {"artefact": "{artefact}"}),
    Step(("POST", CHARGER + "/diagnostics"), {}),
    Step(("DELETE", "/artefacts/{id}"), None, {"reason": "old"}),
    Step(("POST", "/alarms/{id}/acknowledge"), {"note": "seen", "clear": True}),
    Step(("POST", "/tokens"), {"name": "for the roof", "role": "viewer"}),
    Step(("DELETE", "/tokens/{id}"), None, {"reason": "lost"}),
    Step(("POST", "/provisioning/window"), {"pattern": "NEW-*", "until": "{soon}"}),
    Step(("DELETE", "/provisioning/window")),
    Step(("POST", CHARGER + "/credentials"), {"via": "ocpp"}),
    Step(("POST", CHARGER + "/credentials"), {"via": "manual"}),
    Step(
        ("POST", "/messages/reveal"),
        {"messages": [{"at": "{at}", "position": "{position}"}], "reason": "a complaint"},
    ),
    Step(("POST", "/privacy/export"), {"id_token": "ANN", "reason": "she asked"}),
    Step(("POST", "/privacy/erase"), {"id_token": "ANN", "legal_basis": "GDPR Art. 17"}),
    Step(("POST", CHARGER + "/meter-keys"), {"key": METER_KEY}),
    Step(("DELETE", CHARGER + "/meter-keys/{key_id}"), None, {"reason": "sold"}),
    Step(("POST", CHARGER + "/exclusions"), EXCUSE),
    Step(("POST", "/exclusions/{id}/withdraw"), {"reason": "it was not"}),
    Step(("PUT", CHARGER + "/connectors/{n}/rating"), {"kw": 22}),
    Step(("POST", "/users"), {"login": "bob@example.com", "role": "viewer"}),
    Step(("POST", "/users/{id}/invitation"), {}),
    Step(("POST", "/users/{id}/role"), {"role": "operator"}),
    Step(("POST", "/users/{id}/disable"), {"reason": "left"}),
    Step(("POST", "/users/{id}/enable"), {}),
    Step(("DELETE", "/users/{id}/sessions")),
    Step(("POST", "/users/{id}/erase"), {}),
    Step(("POST", "/webhooks"), {"url": "https://example.invalid/x", "name": "Books"}),
    Step(("PATCH", "/webhooks/{id}"), {"name": "Ledger"}),
    Step(("POST", "/webhooks/{id}/secret")),
    Step(("POST", "/webhooks/{id}/pause")),
    Step(("POST", "/webhooks/{id}/resume")),
    Step(("DELETE", "/webhooks/{id}")),
    Step(("POST", CHARGER + "/profile-upgrade"), {"security_profile": 2, "knows_us": True}),
    Step(("DELETE", CHARGER + "/profile-upgrade")),
    Step(("PATCH", CHARGER), {"state": "disabled"}),
    Step(("PATCH", CHARGER), {"state": "active"}),
    Step(("PATCH", CHARGER), {"state": "retired", "reason": "sold"}),
)

ACCEPTING: dict[str, Any] = {
    name: {"status": "Accepted"}
    for name in (
        *("RemoteStartTransaction", "RemoteStopTransaction", "Reset", "ClearCache", "ChangeConfiguration"),
        *("ChangeAvailability", "SendLocalList", "ReserveNow", "CancelReservation", "SetChargingProfile"),
        *("ClearChargingProfile", "GetCompositeSchedule"),
    )
} | {
    "UnlockConnector": {"status": "Unlocked"},
    "GetConfiguration": {"configurationKey": []},
    "GetLocalListVersion": {"listVersion": 0},
    "UpdateFirmware": {},
    "GetDiagnostics": {"fileName": "log.txt"},
}


def test_no_row_that_acts_is_forgotten() -> None:
    acting = {key for key, row in ROWS.items() if not isinstance(row, Route)}
    assert acting == {step.key for step in STEPS} | ONLY_READING | OF_PEOPLE | NOT_IN_THE_LOG
    for key in ONLY_READING:
        row = ROWS[key]
        assert key[0] == "GET"
        assert not isinstance(row, Action) or not row.command


def events_since(house: House, place: int) -> list[tuple[int, str, str, str]]:
    """(position, topic, actor, cause) of every event behind `place`."""
    with psycopg.connect(house.dsn) as connection:
        rows = connection.execute(
            "SELECT notification_id, topic, convert_from(state, 'UTF8') FROM eventstore.stored_events "
            "WHERE notification_id > %s ORDER BY notification_id",
            (place,),
        ).fetchall()
    found = []
    for position, topic, state in rows:
        told = json.loads(state)["told"]
        found.append((position, topic, told.get("actor", "charger"), told.get("cause", "")))
    return found


async def test_every_row_that_acts_leaves_an_event_with_actor_and_request(house: House) -> None:
    secret = (await house.charger("CP-1", security_profile=1))["password"]
    await alarm(house)
    async with plugged_in(house.workplace, "CP-1", secret, **ACCEPTING) as charger:
        ids = {"cpid": "CP-1", "n": "1", "name": "mine", "number": await charging(charger), "soon": soon()}
        for n, step in enumerate(STEPS):
            await house.project()
            ids |= await found(house)
            place = max((one[0] for one in events_since(house, 0)), default=0)
            answer = await act(house, step, ids, f"request-{n}")
            assert answer.is_success, (step.key, answer.text)
            ids |= {"artefact": answer.json()["id"]} if step.key == ("POST", "/artefacts") else {}
            assert answer.headers["x-request-id"] == f"request-{n}"
            told = events_since(house, place)
            ours = [one for one in told if one[3] == f"request-{n}"]
            assert ours, f"{step.key} left no event of its own: {told}"
            assert {actor for _, _, actor, _ in ours} == {"key:test"}, (step.key, ours)
            assert not [one for one in told if one[2].startswith("key:") and not one[3]], (step.key, told)


async def act(house: House, step: Step, ids: dict[str, str], request_id: str) -> Any:
    method, path = step.key
    kind = path.split("/")[1]
    address = filled(path.replace("{id}", ids.get(kind.rstrip("s"), "-")), ids)
    more: dict[str, Any] = {}
    headers = {"X-Request-Id": request_id}
    if isinstance(step.body, bytes):
        more, headers["Content-Type"] = {"content": step.body}, "application/octet-stream"
    elif step.body is not None:
        more = {"json": json.loads(filled(json.dumps(step.body), ids))}
    row = ROWS[step.key]
    if isinstance(row, Action) and row.command:
        headers["Prefer"] = "wait=5"
    return await house.client.request(method, API + address, params=dict(step.query), headers=headers, **more)


def filled(text: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return text


async def charging(charger: PluggedIn) -> str:
    """A transaction runs; its number."""
    start = {"connectorId": 1, "idTag": "ANN", "meterStart": 0, "timestamp": "2026-11-26T00:00:00Z"}
    charger.socket.say(json.dumps([2, "start", "StartTransaction", start]))

    def answered() -> list[Any]:
        return [json.loads(text) for text in charger.socket.texts if text.startswith('[3,"start"')]

    await charger.socket.until(lambda: bool(answered()))
    return str(answered()[0][2]["transactionId"])


async def alarm(house: House) -> None:
    fact = SecurityEventReported(kind="TamperDetectionActivated", info="lid")
    told = Told(recorded_at=clock.now())
    event: Event[Any] = Event(
        originator_id=f"charger/{TENANT}/CP-1", originator_version=99, fact=fact, told=told
    )
    await heard_security_event(house.store, Recorded(1, event))


async def found(house: House) -> dict[str, str]:
    """The newest thing of each kind."""
    names = {
        "alarm": "/alarms",
        "token": "/tokens",
        "artefact": "/artefacts",
        "exclusion": "/exclusions",
        "user": "/users",
        "webhook": "/webhooks",
    }
    newest: dict[str, str] = {}
    messages = (await house.client.get(API + "/messages")).json()["items"]
    for name, path in names.items():
        answer = await house.client.get(API + path)
        assert answer.is_success, (path, answer.text)
        items = answer.json()["items"]
        newest |= {name: items[0]["id"]} if items else {}
    newest |= {name: str(message[name]) for name in ("at", "position") for message in messages[:1]}
    keys = (await house.client.get(f"{API}/chargers/CP-1/meter-keys")).json()["items"]
    newest |= {"key_id": keys[0]["id"]} if keys else {}
    reserved = (await house.client.get(API + "/reservations")).json()["items"]
    return newest | ({"rid": str(reserved[0]["reservation_id"])} if reserved else {})


def soon() -> str:
    return (clock.now() + timedelta(hours=2)).isoformat()
