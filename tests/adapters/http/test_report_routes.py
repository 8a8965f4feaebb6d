"""`/reports`: figures that open to their events, stay as of a position, and come as JSON, CSV and pictures."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from adapters.http.positions import Positions
from domain.chargers.events import Booted, Connected, Disconnected, StatusReported
from domain.chargers.provisioning import Placed
from domain.transactions.events import Ended, EnergySettled
from tests.adapters.http.conftest import SETTINGS
from tests.adapters.http.fleet import FORMULA, START, Fleet
from tests.adapters.http.services import House
from tests.adapters.http.test_rules import problem

API = "/api/ocpp"
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
CHARGER = "charger/zeus/CP-1"


@pytest.fixture
async def fleet(house: House) -> Fleet:
    """CP-1 has a life of a month; what is told of it agrees with the comments of the tests below."""
    fleet = Fleet(house.store)
    await fleet.charger("zeus", "CP-1")  # occupied from the 1st 12:00 on
    for n in (1, 2):  # 13:00 to 13:40 with 1.5 kWh, 14:00 to 14:40 with 2.5 kWh
        await fleet.session("zeus", "CP-1", n, card=FORMULA)
    for hours, status, error in (
        (3, "Available", ""),
        (24, "Faulted", "GroundFailure"),
        (30, "Available", ""),
    ):
        fact = StatusReported(evse_id=1, connector_id=1, status=status, error_code=error)
        await fleet.tell(CHARGER, [fact], START + timedelta(hours=hours))
    await fleet.tell(CHARGER, [Placed(site="Harbour")], START + timedelta(hours=30))
    await fleet.tell(CHARGER, [Disconnected(connection="c-CP-1")], START + timedelta(hours=48))
    back = Connected(connection="c2", gateway="g1", protocol="1.6", security_profile=1)
    await fleet.tell(CHARGER, [back], START + timedelta(hours=50))
    await house.project()
    return fleet


async def get(house: House, path: str, **query: Any) -> Any:
    """As JSON."""
    address = path if path.startswith(API) else f"{API}{path}"
    response = await house.client.get(address, params=query or None)
    assert response.status_code == 200, response.text
    return response.json()


async def test_energy_opens_to_its_sessions_and_their_events(house: House, fleet: Fleet) -> None:
    report = await get(house, "/reports/energy", **MARCH, by="site,connector,tag,day")
    (item,) = report["items"]
    assert (item["site"], item["charger"], item["evse_id"], item["day"]) == (
        "Harbour",
        "CP-1",
        1,
        "2026-03-01",
    )
    assert (item["sessions"], item["energy_wh"], item["plugged_s"]) == (2, 4000, 2 * 40 * 60)
    behind = await get(house, item["evidence"])
    assert [one["share_wh"] for one in behind["items"]] == [1500, 2500]
    for one in behind["items"]:
        assert one["events"][0].startswith("transaction/zeus/CP-1/")
        assert (await get(house, f"/sessions/{one['session']}"))["energy_wh"] == one["energy_wh"]
        stream, version = one["events"][-1].rsplit("@", 1)
        assert (await house.store.read(stream))[int(version) - 1].fact.TOPIC == "transaction.energy_settled"


async def test_a_correction_changes_the_report_and_not_the_one_as_of_before(
    house: House, fleet: Fleet
) -> None:
    first = await house.client.get(f"{API}/reports/energy", params={**MARCH, "by": "charger"})
    again = first.json()["again"]
    corrected = EnergySettled(energy_wh=9000, meter_start_wh=Decimal(0), meter_stop_wh=Decimal(9000))
    late = Ended(evse_id=1, connector_id=1, at=START + timedelta(hours=4), reason="Local")
    await fleet.tell("transaction/zeus/CP-1/0002", [late, corrected], START + timedelta(days=3))
    await house.project()
    now = await get(house, "/reports/energy", **MARCH, by="charger")
    assert [one["energy_wh"] for one in now["items"]] == [10_500]
    assert now["items"][0]["plugged_s"] == 40 * 60 + 2 * 3600
    repeated = await house.client.get(again)
    assert repeated.content == first.content, "byte by byte"
    by_time = await get(house, "/reports/energy", **MARCH, by="charger", as_of="2026-03-02T00:00:00Z")
    assert [one["energy_wh"] for one in by_time["items"]] == [4000]


async def test_a_session_over_midnight_is_split_by_its_readings(house: House) -> None:
    """Session 11: 23:00 to 23:40 UTC with 11.5 kWh, read once: 200.25 Wh after 20 min. In Kathmandu it ends past 5."""
    fleet = Fleet(house.store)
    await fleet.charger("zeus", "CP-1")
    await fleet.session("zeus", "CP-1", 11)
    await house.project()
    # midnight of Azores (UTC-1) is 01:00 UTC, of London 00:00: the session lies before both
    assert len((await get(house, "/reports/energy", **MARCH, by="day", tz="Europe/London"))["items"]) == 1
    # a zone of +00:30 does not exist; cut by the period instead: at 23:20 it had charged 200 Wh, at 23:30 more
    early = await get(house, "/reports/energy", **{**MARCH, "to": "2026-03-01T23:20:00Z"})
    late = await get(house, "/reports/energy", **{**MARCH, "from": "2026-03-01T23:20:00Z"})
    assert [one["energy_wh"] for one in early["items"]] == [200]
    assert [one["energy_wh"] for one in late["items"]] == [11_500 - 200]
    assert [(one["sessions"], one["plugged_s"]) for one in (*early["items"], *late["items"])] == [
        (1, 1200),
        (0, 1200),
    ]


async def test_uptime_opens_to_intervals_and_their_events(house: House, fleet: Fleet) -> None:
    report = await get(house, "/reports/uptime", formula="nevi", month="2026-03")
    assert [one["period"] for one in report["items"]] == ["month", "month"] + ["rolling_12_months"] * 2
    assert report["items"][2]["begin"] == "2025-04-01T00:00:00Z"
    together, port = report["items"][:2]
    # in service from the 1st 12:00: 30.5 days; down 6 h, offline 2 h, in use 3 h, of it 3 h charging
    assert port["in_service_s"] == 30 * 86400 + 43200
    assert (port["down_s"], port["offline_s"], port["charging_s"]) == (6 * 3600, 2 * 3600, 3 * 3600)
    assert together["pessimistic_pct"] == port["pessimistic_pct"] == "98.9071"  # (732 - 8) / 732
    assert port["meets_pessimistic"] is True
    found = await get(house, port["evidence"])
    assert sum(one["seconds"] for one in found["items"]) == 31 * 86400
    (down,) = [one for one in found["items"] if one["state"] == "down"]
    assert (down["cause"], down["detail"], down["seconds"]) == ("faulted", "GroundFailure", 6 * 3600)
    stream, version = down["event"].rsplit("@", 1)
    assert (await house.store.read(stream))[int(version) - 1].fact.status == "Faulted"


async def test_an_exclusion_is_declared_counts_and_is_taken_back(house: House, fleet: Fleet) -> None:
    before = await get(house, "/reports/uptime", formula="uk", year=2026)
    body = {
        "cause": "vandalism",
        "from": "2026-03-02T12:00:00Z",
        "to": "2026-03-02T15:00:00Z",
        "evidence": "police report 17",
        "approved_by": "Bea",
    }
    path = f"{API}/chargers/cp-1/exclusions"
    made = [await house.client.post(path, json=body, headers={"Idempotency-Key": "x"}) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201], made[0].text
    name = made[0].json()["id"]
    assert made[1].json()["id"] == name
    await house.project()
    (listed,) = (await get(house, "/exclusions", charger="CP-1", holding="true"))["items"]
    assert (listed["declared_by"], listed["approved_by"], listed["formulas"]) == (
        "key:test",
        "Bea",
        ["nevi", "uk"],
    )
    with_it = await get(house, "/reports/uptime", formula="uk", year=2026)
    assert (with_it["items"][1]["down_s"], with_it["items"][1]["excluded_s"]) == (3 * 3600, 3 * 3600)
    assert Decimal(with_it["items"][1]["pessimistic_pct"]) > Decimal(before["items"][1]["pessimistic_pct"])
    assert name in {one["exclusion"] for one in (await get(house, with_it["items"][1]["evidence"]))["items"]}
    withdraw = f"{API}/exclusions/{name}/withdraw"
    assert (await house.client.post(withdraw, json={"reason": "the wrong charger"})).status_code == 204
    problem(await house.client.post(withdraw, json={"reason": "again"}), 409, "ended")
    await house.project()
    assert (await get(house, "/exclusions", holding="true"))["items"] == []
    assert (await get(house, f"/exclusions/{name}"))["withdrawn_reason"] == "the wrong charger"
    after = await get(house, "/reports/uptime", formula="uk", year=2026)
    assert after["items"][1]["pessimistic_pct"] == before["items"][1]["pessimistic_pct"]
    assert await get(house, with_it["again"]) == with_it, "as of then it held"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"evidence": " "}, "body"),
        ({"to": "2026-03-02T12:00:00Z"}, "body"),
        ({"to": "2028-03-02T12:00:00Z"}, "body"),
        ({"cause": "access_blocked", "formulas": ["nevi"]}, "body"),
        ({"cause": "bad luck"}, "body.cause"),
    ],
)
async def test_an_exclusion_without_ground_is_refused(
    house: House, change: dict[str, Any], name: str
) -> None:
    await house.charger("CP-1")
    body = {
        "cause": "vandalism",
        "from": "2026-03-02T12:00:00Z",
        "to": "2026-03-02T15:00:00Z",
        "evidence": "seen",
    }
    response = await house.client.post(f"{API}/chargers/CP-1/exclusions", json={**body, **change})
    assert [one["name"] for one in problem(response, 422, "validation")["errors"]] == [name]


async def test_utilisation_has_a_heat_map_and_the_plate_of_the_port(house: House, fleet: Fleet) -> None:
    rating = await house.client.put(f"{API}/chargers/CP-1/connectors/1/rating", json={"kw": 50})
    assert rating.status_code == 204, rating.text
    await house.project()
    report = await get(house, "/reports/utilisation", **{**MARCH, "to": "2026-03-02T12:00:00Z"})
    together, port = report["items"]
    assert port["in_service_s"] == 86400
    assert (port["in_use_s"], port["utilisation"], port["idle_share"]) == (3 * 3600, "0.1250", "0.0000")
    assert port["energy_utilisation"] == "0.0033"  # 4 kWh of 50 kW x 24 h
    assert together["rated_w"] == 50_000
    hot = {(one["weekday"], one["hour"]): one["share"] for one in report["heat_map"] if one["in_use_s"]}
    assert hot == {(7, 12): "1.0000", (7, 13): "1.0000", (7, 14): "1.0000"}, (
        "the 1st of March 2026 is a Sunday"
    )
    drawn = await house.client.get(f"{API}/reports/utilisation", params={**MARCH, "format": "svg"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "script" not in drawn.text
    assert len(ElementTree.fromstring(drawn.text).findall(".//{*}g")) == 168  # noqa: S314 - our own text


async def test_the_funnel_and_the_errors_open_to_their_events(house: House, fleet: Fleet) -> None:
    report = await get(house, "/reports/funnel", **MARCH, by="model,firmware")
    (item,) = report["items"]
    assert (item["model"], item["firmware"]) == ("One", "1.2")
    # two sessions start; the plug-in before them belongs to the first
    assert [item[name] for name in ("attempts", "plugged", "authorised", "started", "energised")] == [
        2,
        1,
        2,
        2,
        2,
    ]
    assert (item["stopped_properly"], item["running"], item["success_pct"]) == (2, 0, "100.0000")
    behind = await get(house, item["evidence"])
    assert [one["reached"] for one in behind["items"]] == ["stopped", "stopped"]
    assert [step.split(" ")[0] for step in behind["items"][0]["steps"]] == [
        "plugged", "authorised", "started", "stopped", "energised", "closed",
    ]  # fmt: skip
    errors = await get(house, "/reports/errors", **MARCH, kind="status")
    (error,) = errors["items"]
    assert (error["code"], error["model"], error["count"], error["cleared"], error["mean_s"]) == (
        "GroundFailure", "One", 1, 1, 6 * 3600,
    )  # fmt: skip
    (fault,) = (await get(house, error["evidence"]))["items"]
    assert fault["event"].startswith(f"{CHARGER}@")
    held = (await get(house, "/reports/reliability", **MARCH))["items"][0]
    assert (held["failures"], held["mttr_s"]) == (1, 6 * 3600)
    assert held["mtbf_s"] == held["in_service_s"] - 8 * 3600


async def test_csv_is_neutralised_and_excel_has_its_own(house: House, fleet: Fleet) -> None:
    query = {**MARCH, "by": "tag"}
    plain = await house.client.get(f"{API}/reports/energy", params=query, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(plain.text)))
    assert [(row["id_token"], row["energy_wh"]) for row in rows] == [("'" + FORMULA, "4000")]
    report = await get(house, "/reports/energy", **query)
    assert plain.headers["zeus-as-of-position"] == str(report["as_of_position"])
    excel = await house.client.get(
        f"{API}/reports/uptime", params={"month": "2026-03", "format": "csv", "excel": "true"}
    )
    assert excel.content.startswith("\ufeffperiod;".encode())
    uptime = list(csv.DictReader(io.StringIO(excel.text.lstrip("\ufeff")), delimiter=";"))
    assert uptime[1]["pessimistic_pct"] == "98,9071"


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("energy", {"by": "charger,vendor"}, "by"),
        ("energy", {"tz": "Mars/Olympus"}, "tz"),
        ("energy", {"from": "2026-02-30"}, "from"),
        ("energy", {"from": "2026-03-01T12:00"}, "from"),
        ("energy", {"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ("energy", {"from": "2001-03-02"}, "from"),
        ("energy", {"as_of": "yesterday"}, "as_of"),
        ("energy", {"as_of": "4711"}, "as_of"),
        ("energy", {"as_of": Positions(SETTINGS.cursor_secret).hide("hera", 1)}, "as_of"),
        ("uptime", {"month": "2026-13"}, "month"),
        ("uptime", {"month": "2999-01"}, "month"),
        ("uptime", {"formula": "uk", "year": "2999"}, "year"),
        (
            "uptime/intervals",
            {"charger": "CP-1", "evse": "1", "from": "2024-01-01", "to": "2026-03-01"},
            "from",
        ),
        ("funnel", {"by": "moon"}, "by"),
    ],
)
async def test_what_cannot_be_meant_is_named(
    house: House, path: str, query: dict[str, str], name: str
) -> None:
    await house.project()
    response = await house.client.get(f"{API}/reports/{path}", params=query)
    assert [one["name"] for one in problem(response, 422, "validation")["errors"]] == [name]


async def test_a_position_to_come_is_told_apart(house: House, fleet: Fleet) -> None:
    ahead = Positions(SETTINGS.cursor_secret).hide("zeus", 10**12)
    response = await house.client.get(f"{API}/reports/energy", params={**MARCH, "as_of": ahead})
    problem(response, 503, "projection_lag")


async def test_evidence_comes_in_pages(house: House, fleet: Fleet) -> None:
    for n in range(3, 9):
        await fleet.session("zeus", "CP-1", n)
    boot = Booted(vendor="V", model="M", firmware="2", answered="Accepted", interval_s=1)  # type: ignore[arg-type]
    await fleet.tell(CHARGER, [boot], START + timedelta(days=4))
    await house.project()
    for path in ("energy/sessions", "funnel/attempts"):
        seen, cursor = [], None
        while True:
            query = {**MARCH, "limit": 3, **({"cursor": cursor} if cursor else {})}
            page = await get(house, f"/reports/{path}", **query)
            seen += [str(item) for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 8
