"""`/alarms`: listed, acknowledged, ended, and nobody's but the tenant's."""

from typing import Any

import psycopg

from adapters.http.access import Right
from application import clock
from application.alarms import heard_security_event
from domain.chargers.security import SecurityEventReported
from domain.event import Event, Recorded, Told
from tests.adapters.http.conftest import AUTH, client_of
from tests.adapters.http.services import House

ALARMS = "/api/ocpp/alarms"


async def alarm(house: House, tenant: str = "zeus", kind: str = "TamperDetectionActivated") -> None:
    fact = SecurityEventReported(kind=kind, info="<script>alert(1)</script>")
    told = Told(recorded_at=clock.now())
    event: Event[Any] = Event(
        originator_id=f"charger/{tenant}/CP1", originator_version=1, fact=fact, told=told
    )
    await heard_security_event(house.store, Recorded(1, event))
    await house.project()


async def only(house: House, **wanted: str) -> Any:
    response = await house.client.get(ALARMS, params=wanted)
    assert response.status_code == 200, response.text
    (item,) = response.json()["items"]
    return item


async def test_an_alarm_is_acknowledged_and_ended(house: House) -> None:
    await house.project()
    await alarm(house)
    item = await only(house, state="open", severity="critical", charger="cp1")
    assert (item["charger"], item["count"]) == ("CP1", 1)
    assert item["info"] == "<script>alert(1)</script>", "a JSON answer is data; pages escape it"
    path = f"{ALARMS}/{item['id']}/acknowledge"
    for _ in range(2):
        assert (await house.client.post(path, json={"note": "on my way"})).status_code == 204
    await house.project()
    seen = await only(house, state="acknowledged")
    assert (seen["note"], seen["acknowledged_by"]) == ("on my way", "key:test")
    assert (await house.client.post(path, json={"note": "mended", "clear": True})).status_code == 204
    ended = await house.client.post(path, json={})
    assert (ended.status_code, ended.json()["type"].rsplit(":", 1)[-1]) == (409, "ended")
    await house.project()
    assert (await only(house, state="cleared"))["cleared_why"] == "mended"


async def test_an_alarm_of_another_tenant_is_none(house: House) -> None:
    await house.project()
    await alarm(house, tenant="other")
    assert (await house.client.get(ALARMS)).json()["items"] == []
    name = house_alarm_id(house)
    answers = [
        await house.client.post(f"{ALARMS}/{one}/acknowledge", json={})
        for one in (name, "0" * 22, "no-such-id", "..%2F..%2Fetc")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["title"] for answer in answers}) == 1


def house_alarm_id(house: House) -> str:
    with psycopg.connect(house.dsn) as connection:
        ((name,),) = connection.execute("SELECT id FROM ocpp_alarms").fetchall()
    return str(name)


async def test_looking_is_not_acting(house: House) -> None:
    await house.project()
    await alarm(house)
    item = await only(house)
    app = house.serving(Right.READ)
    async with client_of(app, AUTH) as viewer:
        assert (await viewer.get(ALARMS)).status_code == 200
        refused = await viewer.post(f"{ALARMS}/{item['id']}/acknowledge", json={})
    app.database.close()
    assert refused.status_code == 403
