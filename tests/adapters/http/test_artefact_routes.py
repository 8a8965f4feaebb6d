"""Files over the API: firmware brought, sent to chargers over links of their own; logs that chargers send."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from starlette.applications import Starlette

from adapters.http.access import Right
from adapters.http.artefacts import artefact_routes
from adapters.http.problems import Problem, answer_problem
from application import clock
from domain.artefacts.events import Released
from domain.commands.events import EffectMissing, EffectObserved
from domain.event import Recorded
from entrypoints.wiring import open_plain_log
from tests.adapters.http.conftest import AUTH, client_of
from tests.adapters.http.services import ORIGIN, House, plugged_in
from tests.adapters.http.test_rules import problem

ARTEFACTS = "/api/ocpp/artefacts"
FIRMWARE = "/api/ocpp/chargers/CP-1/firmware"
DIAGNOSTICS = "/api/ocpp/chargers/CP-1/diagnostics"
BODY = bytes(range(256)) * 16
RAW = {"Content-Type": "application/octet-stream"}


async def brought(house: House, body: bytes = BODY, **query: str) -> Any:
    """POST /artefacts."""
    answer = await house.client.post(ARTEFACTS, content=body, headers=RAW, params=query)
    assert answer.status_code == 201, answer.text
    return answer.json()


def released(house: House) -> list[Released]:
    """Every link there is, in order."""
    log = open_plain_log(house.dsn)
    try:
        items = log.read(0, log.head(), 10_000, frozenset({Released.TOPIC}))
    finally:
        log.close()
    return [one.event.fact for one in items if isinstance(one, Recorded)]


def charger_client(house: House) -> Any:
    """A charger that opens URLs."""
    app = Starlette(
        routes=artefact_routes(lambda _: house.services.artefacts(house.caller)),
        exception_handlers={Problem: answer_problem},
    )
    return client_of(app)  # type: ignore[arg-type]


async def test_a_firmware_is_brought_listed_read_and_deleted(house: House) -> None:
    made = await brought(house, name="fw 1.bin", sha256=sha256(BODY).hexdigest())
    assert made == {
        "id": made["id"],
        "name": "fw 1.bin",
        "size_bytes": len(BODY),
        "sha256": sha256(BODY).hexdigest(),
    }
    await house.project()
    address = f"{ARTEFACTS}/{made['id']}"
    told = (await house.client.get(address)).json()
    assert (told["state"], told["kind"], told["stored_by"]) == ("stored", "firmware", "key:test")
    for query, ids in (({}, [made["id"]]), ({"kind": "upload"}, []), ({"q": "FW 1"}, [made["id"]])):
        items = (await house.client.get(ARTEFACTS, params=query)).json()["items"]
        assert [one["id"] for one in items] == ids
    whole = await house.client.get(f"{address}/content")
    assert (whole.status_code, whole.content) == (200, BODY)
    assert whole.headers["content-disposition"].startswith("attachment")
    part = await house.client.get(f"{address}/content", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, BODY[10:20])
    problem(await house.client.get(f"{address}/content", headers={"Range": "bytes=9999999-"}), 416, "range")
    head = await house.client.head(f"{address}/content")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(BODY)))
    for _ in range(2):
        gone = await house.client.delete(address, params={"reason": "wrong build"})
        assert (gone.status_code, gone.content) == (204, b"")
    problem(await house.client.get(f"{address}/content"), 404, "not_found")
    await house.project()
    told = (await house.client.get(address)).json()
    assert (told["state"], told["withdraw_reason"]) == ("withdrawn", "wrong build")


async def test_a_form_brings_a_firmware_too(house: House) -> None:
    answer = await house.client.post(ARTEFACTS, files={"file": ("fw.bin", BODY)})
    assert (answer.status_code, answer.json()["name"]) == (201, "fw.bin")
    assert answer.headers["location"] == f"{ARTEFACTS}/{answer.json()['id']}"


async def test_what_is_not_a_firmware_is_refused(house: House) -> None:
    wrong = await house.client.post(ARTEFACTS, content=BODY, headers=RAW, params={"sha256": "0" * 64})
    assert "sha256" in str(problem(wrong, 422, "validation")["errors"])
    odd = await house.client.post(ARTEFACTS, content=BODY, headers=RAW, params={"sha256": "x"})
    problem(odd, 422, "validation")
    problem(await house.client.post(ARTEFACTS, content=b"x" * 100_001, headers=RAW), 413, "too_large")
    problem(await house.client.post(ARTEFACTS, content=b"", headers=RAW), 400, "malformed")
    keyed = await house.client.post(ARTEFACTS, content=BODY, headers={**RAW, "Idempotency-Key": "k"})
    problem(keyed, 400, "malformed")
    matched = await house.client.post(ARTEFACTS, content=BODY, headers={**RAW, "If-Match": "*"})
    problem(matched, 400, "malformed")
    await house.project()
    assert (await house.client.get(ARTEFACTS)).json()["items"] == []


@pytest.mark.parametrize("name", ["0" * 22, "nothing", "a%00b", "..%2F..%2Fetc"])
async def test_what_is_not_there_is_not_found(house: House, name: str) -> None:
    await house.project()
    bodies = set()
    for answer in (
        await house.client.get(f"{ARTEFACTS}/{name}"),
        await house.client.get(f"{ARTEFACTS}/{name}/content"),
        await house.client.delete(f"{ARTEFACTS}/{name}"),
    ):
        problem(answer, 404, "not_found")
        bodies.add(answer.content)
    assert len(bodies) == 1


async def test_firmware_goes_to_a_charger_over_a_link_of_its_own(house: House) -> None:
    await house.charger()
    made = await brought(house, name="fw.bin")
    await house.project()
    at = clock.now() + timedelta(hours=2)
    async with plugged_in(house.workplace, "CP-1", UpdateFirmware={}) as charger:
        body = {"artefact": made["id"], "retrieve_at": at.isoformat(), "retries": 2, "interval": 60}
        key = {"Idempotency-Key": "k1"}
        asked = await house.client.post(FIRMWARE, json=body, headers=key)
        assert (asked.status_code, asked.json()["state"]) == (200, "succeeded"), asked.text
        [(action, payload)] = charger.calls
        assert (action, payload["retries"], payload["retryInterval"]) == ("UpdateFirmware", 2, 60)
        assert payload["location"].startswith(ORIGIN)
        again = await house.client.post(FIRMWARE, json=body, headers=key)
        assert again.json() == asked.json()
        assert len(charger.calls) == 1
    [link] = released(house)
    assert (link.charger, link.command, link.uses) == ("CP-1", asked.json()["id"], 3)
    assert link.expires_at > at + timedelta(hours=23)
    async with charger_client(house) as box:
        assert (await box.get(payload["location"].removeprefix(ORIGIN))).content == BODY


async def firmware_asked(house: House, **more: Any) -> Any:
    """POST /chargers/CP-1/firmware from a host on the list."""
    body = {"location": "https://fw.example/a.bin", **more}
    return await house.client.post(FIRMWARE, json=body)


async def test_one_firmware_at_a_time(house: House) -> None:
    await house.charger()
    await house.project()
    async with plugged_in(house.workplace, "CP-1", UpdateFirmware={}):
        first = (await firmware_asked(house)).json()
        await house.project()
        busy = await firmware_asked(house)
        assert (busy.status_code, busy.json()["code"], busy.json()["command"]) == (409, "busy", first["id"])
        await house.followed(
            first["id"], EffectObserved(charger="CP-1", effect="Installed", event="x@1", after_s=1.0)
        )
        second = (await firmware_asked(house)).json()
        assert second["state"] == "succeeded"
        await house.project()
        await house.followed(second["id"], EffectMissing(charger="CP-1", expected="Installed", within_s=1))
        assert (await firmware_asked(house)).status_code == 200


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/a",
        "https://169.254.169.254/",
        "http://fw.example/a",
        "https://u@fw.example/",
        "x",
    ],
)
async def test_a_charger_is_not_sent_to_hosts_nobody_vouches_for(house: House, location: str) -> None:
    await house.charger()
    async with plugged_in(house.workplace, "CP-1", UpdateFirmware={}) as charger:
        problem(await house.client.post(FIRMWARE, json={"location": location}), 422, "unsafe_url")
        for action in ("UpdateFirmware", "GetLog"):
            payload = {"location": location, "retrieve_at": "2026-01-01T00:00:00Z"}
            body = {"action": action, "payload": payload}
            around = await house.client.post("/api/ocpp/chargers/CP-1/commands", json=body)
            assert "body.action" in str(problem(around, 422, "validation")["errors"])
    assert charger.calls == []


async def test_what_is_wrong_with_a_firmware_is_said_and_makes_no_link(house: House) -> None:
    await house.charger()
    made = await brought(house)
    await house.project()
    problem(await house.client.post(FIRMWARE, json={"artefact": made["id"]}), 409, "offline")
    async with plugged_in(house.workplace, "CP-1"):
        for body in ({}, {"artefact": made["id"], "location": "https://fw.example/"}, {"artefact": "0" * 22}):
            found = problem(await house.client.post(FIRMWARE, json=body), 422, "validation")
            assert "body.artefact" in str(found["errors"])
        signed = {"artefact": made["id"], "signature": "AAAA"}
        problem(await house.client.post(FIRMWARE, json=signed), 422, "unsupported_by_charger")
    other = FIRMWARE.replace("CP-1", "NOBODY")
    for body in ({"artefact": made["id"]}, {"location": "https://evil.example/"}):
        problem(await house.client.post(other, json=body), 404, "not_found")
    assert released(house) == []


async def test_a_log_is_sent_to_a_link_that_takes_one_file(house: House) -> None:
    await house.charger()
    async with plugged_in(house.workplace, "CP-1", GetDiagnostics={"fileName": "log.zip"}) as charger:
        body = {"start": "2026-01-01T00:00:00Z", "stop": "2026-01-02T00:00:00Z", "retries": 1}
        asked = (await house.client.post(DIAGNOSTICS, json=body)).json()
        assert asked["answer"]["result"] == {"file_name": "log.zip"}
        [(action, payload)] = charger.calls
        assert (action, payload["startTime"][:10], payload["retries"]) == ("GetDiagnostics", "2026-01-01", 1)
    [link] = released(house)
    assert (link.charger, link.command) == ("CP-1", asked["id"])
    path = payload["location"].removeprefix(ORIGIN)
    async with charger_client(house) as box:
        assert (await box.put(f"{path}log.zip", content=b"the log")).status_code == 201
        assert (await box.put(f"{path}log.zip", content=b"another")).status_code == 404
    await house.project()
    query = {"command": asked["id"], "charger": "cp-1"}
    [file] = (await house.client.get(ARTEFACTS, params=query)).json()["items"]
    assert (file["name"], file["state"]) == ("log.zip", "stored")
    assert (await house.client.get(f"{ARTEFACTS}/{file['id']}/content")).content == b"the log"


async def test_what_is_wrong_with_a_log_is_said_and_makes_no_link(house: House) -> None:
    await house.charger()
    problem(await house.client.post(DIAGNOSTICS, json={}), 409, "offline")
    problem(await house.client.post(DIAGNOSTICS.replace("CP-1", "NOBODY"), json={}), 404, "not_found")
    async with plugged_in(house.workplace, "CP-1", GetDiagnostics={}):
        backwards = {"start": "2026-01-02T00:00:00Z", "stop": "2026-01-01T00:00:00Z"}
        found = problem(await house.client.post(DIAGNOSTICS, json=backwards), 422, "validation")
        assert "body.stop" in str(found["errors"])
        collector = await house.client.post(DIAGNOSTICS, json={"kind": "data_collector"})
        problem(collector, 422, "unsupported_by_charger")
    assert released(house) == []


async def test_firmware_is_for_engineers_and_logs_for_who_operates(house: House) -> None:
    app = house.serving(Right.READ, Right.CONFIGURE)
    async with client_of(app, AUTH) as client:
        for answer in (
            await client.post(FIRMWARE, json={"location": "https://fw.example/"}),
            await client.post(DIAGNOSTICS, json={}),
            await client.post(ARTEFACTS, content=BODY, headers=RAW),
            await client.get(f"{ARTEFACTS}/{'0' * 22}/content"),
        ):
            problem(answer, 403, "role")
    app.database.close()
