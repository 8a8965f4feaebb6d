"""SEC-20: a secret goes in by every way there is, and rests nowhere: no event, row, log line, metric, error."""

import io
import json
import logging
import re
from base64 import b32decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine

from application.oidc import ProviderBook
from application.registry import ChargerAlreadyRegistered, Registry
from domain.people.provider import GroupRole
from domain.tenants.roles import Role
from entrypoints.logs import set_up
from tests.adapters.http.conftest import AUTH, client_of
from tests.adapters.http.conftest import engine as engine
from tests.adapters.http.conftest import house as house
from tests.adapters.http.lobby import Browser, Lobby, code_of, lobby
from tests.adapters.http.services import KEYS, TENANT, House, plugged_in
from tests.fakes.charger_socket import ChargerSocket

MARK = "C4n4ryBird"
CHARGERS = "/api/ocpp/chargers"


class Canaries:
    """Secrets of 20 signs that tell where they came in."""

    def __init__(self) -> None:
        self.released: dict[str, str] = {}

    def __call__(self, way: str) -> str:
        self.released[way] = f"{MARK}{len(self.released):04}{'x' * 6}"
        return self.released[way]

    def add(self, way: str, secret: str) -> None:
        self.released[way] = secret

    def found_in(self, text: str) -> set[str]:
        """The ways whose secret is in there, plain, in hex or in Base64."""
        folded = text.lower()
        return {
            way
            for way, secret in self.released.items()
            if secret.lower() in folded
            or secret.encode().hex() in folded
            or b64encode(secret.encode()).decode().rstrip("=") in text
        }


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged, down to DEBUG."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up("DEBUG", form="json", stream=stream)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the test's own client tells what it asks for
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def at_rest(dsn: str) -> dict[str, str]:
    """Every table of the database as text; the bytes of events and answers as the texts they are."""
    found = {}
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, table in tables:
            name = SQL("{}.{}").format(Identifier(schema), Identifier(table))
            rows = connection.execute(SQL("SELECT t::text FROM {} AS t").format(name)).fetchall()
            found[f"{schema}.{table}"] = "\n".join(BYTES.sub(_decoded, row) for (row,) in rows)
    return found


BYTES = re.compile(r"\\+x([0-9a-f]+)")


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[1]).decode(errors="replace")


async def knock(house: House, cpid: str, password: str, user: str | None = None) -> None:
    shown = b64encode(f"{user or cpid}:{password}".encode())
    socket = ChargerSocket(
        house.workplace.gateway, f"/ocpp/1.6/{cpid}", headers=[(b"authorization", b"Basic " + shown)]
    )
    await socket.decided()
    socket.leave(1000)
    await socket.ended()


async def firmware(house: House) -> str:
    """One that was brought."""
    headers = {"content-type": "application/octet-stream"}
    answer = await house.client.post("/api/ocpp/artefacts", content=b"firmware", headers=headers)
    return str(answer.json()["id"])


async def over_ocpp_16(house: House, canary: Canaries, said: list[str]) -> None:
    """What a 1.6 charger is sent and tells."""
    told = {
        "configurationKey": [
            {"key": "AuthorizationKey", "readonly": False, "value": canary("GetConfiguration")},
            {"key": "StationPassword", "readonly": True, "value": canary("GetConfiguration, of the maker")},
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        ]
    }
    answers = {
        "GetConfiguration": told,
        "ChangeConfiguration": {"status": "Accepted"},
        "UpdateFirmware": {},
        "GetDiagnostics": {"fileName": "log.txt"},
    }
    waiting = {"Prefer": "wait=5"}
    right = canary.released["API, chosen"]
    async with plugged_in(house.workplace, "CP-1", right, **answers) as charger:

        async def ask(method: str, path: str, **body: Any) -> httpx.Response:
            answer = await house.client.request(method, f"{CHARGERS}/CP-1{path}", headers=waiting, **body)
            said.append(answer.text)
            return answer

        assert (await ask("GET", "/configuration", params={"refresh": "true"})).status_code == 200
        changed = await ask("POST", "/credentials", json={"via": "ocpp"})
        assert changed.status_code == 200, changed.text
        (sent,) = (payload["value"] for action, payload in charger.calls if action == "ChangeConfiguration")
        canary.add("ChangePassword", bytes.fromhex(sent).decode())
        assert (await ask("POST", "/firmware", json={"artefact": await firmware(house)})).status_code == 200
        assert (await ask("POST", "/diagnostics", json={})).status_code == 200
        links = [payload["location"] for _, payload in charger.calls if "location" in payload]
        assert len(links) == 2
        for link in links:
            canary.add(f"link {len(canary.released)}", link.split("/artefacts/")[1].split("/")[0][-22:])
        raw = {"raw": True, "action": "GetConfiguration", "payload": {}}
        assert (await ask("POST", "/commands", json=raw)).status_code == 200
        for key, way in (("AuthorizationKey", "raw"), ("StationPassword", "raw, of the maker")):
            payload = {"key": key, "value": canary(way)}
            body = {"raw": True, "action": "ChangeConfiguration", "payload": payload}
            assert (await ask("POST", "/commands", json=body)).status_code >= 400
            wanted = {"values": {key: canary(f"{way}, as an intent")}}
            body = {"action": "ChangeSettings", "payload": wanted}
            assert (await ask("POST", "/commands", json=body)).status_code >= 400
            body = {"settings": {key: canary(f"{way}, wanted for good")}}
            assert (await ask("PUT", "/configuration", json=body)).status_code >= 400
        charger.socket.say('[3,"nobody-asked",' + json.dumps(told) + "]")
        charger.socket.say('[3,"broken",' + json.dumps(told)[:-4])
        assert (await charger.socket.ask('[2,"h","Heartbeat",{}]')).startswith('[3,"h"')


async def over_ocpp_2(house: House, canary: Canaries) -> None:
    """What a 2.1 charger tells."""
    socket = ChargerSocket(house.workplace.gateway, "/ocpp/2.1/CP-2", subprotocols=["ocpp2.1"])
    assert await socket.decided() == 101
    station = {"vendorName": "V", "model": "M"}
    await socket.ask(
        json.dumps([2, "b", "BootNotification", {"chargingStation": station, "reason": "PowerUp"}])
    )
    now = "2026-11-25T12:00:00Z"
    place = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    reported = {**place, "variableAttribute": [{"value": canary("NotifyReport")}]}
    report = {"requestId": 1, "generatedAt": now, "seqNo": 0, "reportData": [reported]}
    assert (await socket.ask(json.dumps([2, "r", "NotifyReport", report]))).startswith('[3,"r"')
    event = {
        **place,
        "eventId": 1,
        "timestamp": now,
        "trigger": "Delta",
        "actualValue": canary("NotifyEvent"),
        "eventNotificationType": "HardWiredNotification",
    }
    seen = {"generatedAt": now, "seqNo": 0, "eventData": [event]}
    assert (await socket.ask(json.dumps([2, "e", "NotifyEvent", seen]))).startswith('[3,"e"')
    socket.leave(1000)
    await socket.ended()


async def test_sec_20_a_secret_comes_to_rest_nowhere(house: House, logged: io.StringIO) -> None:
    canary, said = Canaries(), []
    await house.project()
    made = await house.charger("CP-1", security_profile=1, password=canary("API, chosen"))
    made = await house.charger("CP-MADE", security_profile=1)
    canary.add("API, made up", made["password"])
    await house.charger("CP-2")
    again = {"cpid": "CP-1", "password": canary("API, refused")}
    said.append((await house.client.post(CHARGERS, json=again)).text)
    unfit = {"cpid": "CP-3", "password": canary("API, unfit") + "!" * 99}
    said.append((await house.client.post(CHARGERS, json=unfit)).text)
    by_hand = await house.client.post(f"{CHARGERS}/CP-MADE/credentials", json={"via": "manual"})
    assert by_hand.status_code == 200
    canary.add("API, by hand", by_hand.json()["password"])
    registry = Registry(house.store, TENANT, "user:ann")
    await registry.add_charger("CP-CLI", password=canary("command line"))
    with suppress(ChargerAlreadyRegistered):
        await registry.add_charger("CP-CLI", password=canary("command line, refused"))
    await knock(house, "CP-1", canary("handshake, wrong"))
    await knock(house, "NOBODY", canary("handshake, unknown id"))
    await knock(house, "CP-CLI", canary.released["command line"], user="other")
    await knock(house, "CP-CLI", canary.released["command line"])
    await over_ocpp_16(house, canary, said)
    await over_ocpp_2(house, canary)
    for header in (f"Bearer {canary('token, wrong')}", f"Basic {canary('token, of another scheme')}"):
        answer = await house.client.get(CHARGERS, headers={"Authorization": header})
        assert answer.status_code == 401
        said.append(answer.text)
    await house.project()
    for path in ("/api/ocpp/messages", "/api/ocpp/connection-attempts", f"{CHARGERS}/CP-1", "/metrics"):
        answer = await house.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        said.append(answer.text)
    assert len(canary.released) >= 20
    resting = at_rest(house.dsn)
    assert "AuthorizationKey" in resting["eventstore.stored_events"], "the rest of what was told is kept"
    assert {name: found for name, text in resting.items() if (found := canary.found_in(text))} == {}
    assert {text[:60]: found for text in said if (found := canary.found_in(text))} == {}
    assert canary.found_in(logged.getvalue()) == set()


async def by_people(here: Lobby, canary: Canaries, said: list[str]) -> None:
    """Every way in which a person's secret comes in or is handed out."""
    browser = await here.browser()

    async def ask(who: Browser, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = await who.send(method, path, body)
        said.append(f"{answer.status_code} {path}")
        return answer

    password = canary("password") + "-and more"
    made = await ask(
        browser, "POST", "/sign-in/invitation", {"invitation": canary("invitation"), "password": password}
    )
    assert made.status_code == 401
    invited = await here.people.add("ann", Role.OPERATOR)
    canary.add("invitation, made up", invited.text.rpartition("_")[2])
    body = {"invitation": invited.text, "password": password}
    assert (await ask(browser, "POST", "/sign-in/invitation", body)).status_code == 204
    wrong = {"login": canary("login that is none"), "password": canary("password, wrong")}
    refused = await ask(browser, "POST", "/sign-in", wrong)
    said.append(refused.text)
    wrong = {"login": "ann", "password": canary("password of somebody, wrong")}
    said.append((await ask(browser, "POST", "/sign-in", wrong)).text)
    assert (await browser.sign_in("ann", password)).status_code == 200
    canary.add("session, half", browser.session_id)
    canary.add("csrf, half", browser.csrf)
    offered = (await ask(browser, "POST", "/me/totp")).json()
    canary.add("authenticator", offered["secret"])
    canary.add("authenticator, raw", b32decode(offered["secret"] + "=" * (-len(offered["secret"]) % 8)).hex())
    said.append((await ask(browser, "POST", "/me/totp/confirm", {"code": canary("code, wrong")})).text)
    confirmed = (
        await ask(browser, "POST", "/me/totp/confirm", {"code": code_of(offered["secret"], -1)})
    ).json()
    for n, code in enumerate(confirmed["recovery_codes"]):
        canary.add(f"recovery code {n}", code)
        canary.add(f"recovery code {n}, bare", code.replace("-", ""))
    canary.add("session", browser.session_id)
    canary.add("csrf", browser.csrf)
    again = await here.browser(1)
    await again.sign_in("ann", password)
    canary.add("session, other", again.session_id)
    shown = {"code": confirmed["recovery_codes"][3]}
    assert (await ask(again, "POST", "/sign-in/totp", shown)).status_code == 200
    new = canary("password, new") + "-and more"
    said.append(
        (await ask(again, "POST", "/me/password", {"current": canary("current, wrong"), "new": new})).text
    )
    assert (await ask(again, "POST", "/me/password", {"current": password, "new": new})).status_code == 200
    canary.add("session, last", again.session_id)
    renewed = await ask(again, "POST", "/me/recovery-codes", {"code": code_of(offered["secret"])})
    canary.add("recovery code, new", renewed.json()["recovery_codes"][0])
    secret = canary("client's secret")
    book = ProviderBook(here.store, KEYS, "zeus", "user:root")
    await book.choose("https://login.example", "zeus", secret, [GroupRole("g", Role.VIEWER)])
    callback = f"/oidc/callback?code={canary('code of a provider')}&state={canary('state')}"
    said.append((await again.get(callback)).text)
    token = canary("token in an address")
    said.append((await again.get(f"/chargers?access_token={token}")).text)
    for path in ("/me", "/me/sessions", "/users", "/oidc/provider", "/tokens"):
        seen = await again.get(path)
        said.append(seen.text.replace(again.csrf, "the one of /me"))
    seen = await again.client.get("/metrics", headers=AUTH)
    said.append(seen.text)


async def test_sec_20_what_proves_people_comes_to_rest_nowhere(
    postgres_dsn: str, engine: Engine, tmp_path: Path, logged: io.StringIO
) -> None:
    canary, said = Canaries(), []
    async with lobby(postgres_dsn, engine, tmp_path) as here:
        await by_people(here, canary, said)
        await here.services.people.desk.finish()
        await here.project()
        resting = at_rest(postgres_dsn)
    assert len(canary.released) >= 40
    assert "user.authenticator_enrolled" in resting["eventstore.stored_events"]
    assert "203.0.113.7" in resting["fleet.sessions"]
    assert {name: found for name, text in resting.items() if (found := canary.found_in(text))} == {}
    assert {text[:60]: found for text in said if (found := canary.found_in(text))} == {}
    assert canary.found_in(logged.getvalue()) == set()


def test_a_canary_would_be_seen() -> None:
    canary = Canaries()
    secret = canary("way")
    for form in (secret, secret.encode().hex().upper(), b64encode(secret.encode()).decode()):
        assert canary.found_in(f"…{form}…") == {"way"}
    assert canary.found_in("nothing") == set()


async def test_sec_20_no_link_of_the_api_is_in_its_own_log(house: House, logged: io.StringIO) -> None:
    """A token in a path would be in every proxy's log: there is none, and what is asked for is not logged."""
    async with client_of(house.serving(), {"Authorization": "Bearer x"}) as client:
        await client.get("/artefacts/" + MARK)
    assert MARK not in logged.getvalue()
